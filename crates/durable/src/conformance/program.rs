//! Workflows as data, drawn from a seed: what people would not think of testing.
//!
//! Whatever the times of answers and crashes, the trace of a program is the one that [`Program::expected`] computes
//! without any engine.

use super::{Registrar, work::step, world::Plan};
use crate::{
    Failure, Flow, Workflow,
    join::{Either, bounded_join, select},
};
use serde::{Deserialize, Serialize};
use std::{future::Future, pin::Pin, time::Duration};

/// What a workflow does, one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Program(Vec<Operation>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Operation {
    /// An activity that succeeds at this attempt.
    Step(u32),
    /// A timer of this many milliseconds.
    Sleep(u64),
    /// A child workflow.
    Child(Program),
    /// Branches under a limit.
    Join(usize, Vec<Program>),
    /// A message to the workflow itself, to be read at its end.
    Post,
    /// A program that wins against a timer of ten days, which is given up.
    Race(Program),
    /// A program that is given up after this many milliseconds if it has not ended by then; nobody looks at its trace.
    GiveUp(u64, Program),
}

/// Draws numbers; the same from the same seed (splitmix64).
pub(super) struct Draw(pub(super) u64);

impl Draw {
    /// From 0 to `end`, without `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

impl Program {
    /// A program with at most `depth` programs inside each other.
    pub(super) fn draw(draw: &mut Draw, depth: u32) -> Self {
        let length = 1 + draw.below(3);
        Self((0..length).map(|_| Self::draw_operation(draw, depth)).collect())
    }

    fn draw_operation(draw: &mut Draw, depth: u32) -> Operation {
        let kinds = if depth == 0 { 3 } else { 7 };
        match draw.below(kinds) {
            0 => Operation::Step(1 + u32::try_from(draw.below(3)).expect("it is small")),
            1 => Operation::Sleep(draw.below(3_000)),
            2 => Operation::Post,
            3 => Operation::Child(Self::draw(draw, depth - 1)),
            4 => {
                let limit = usize::try_from(1 + draw.below(3)).expect("it is small");
                let branches = 1 + draw.below(4);
                Operation::Join(limit, (0..branches).map(|_| Self::draw(draw, depth - 1)).collect())
            }
            5 => Operation::Race(Self::draw(draw, depth - 1)),
            // What is given up may or may not have sent its messages.
            _ => Operation::GiveUp(draw.below(2_000), Self::draw(draw, depth - 1).without_posts()),
        }
    }

    fn without_posts(self) -> Self {
        let keep = |operation| match operation {
            Operation::Post => Operation::Sleep(1),
            Operation::Join(limit, branches) => {
                Operation::Join(limit, branches.into_iter().map(Self::without_posts).collect())
            }
            Operation::Race(program) => Operation::Race(program.without_posts()),
            Operation::GiveUp(after, program) => Operation::GiveUp(after, program.without_posts()),
            // A child posts to itself.
            other @ (Operation::Step(_) | Operation::Sleep(_) | Operation::Child(_)) => other,
        };
        Self(self.0.into_iter().map(keep).collect())
    }

    /// The trace that a workflow with this id has to leave.
    pub(super) fn expected(&self, id: &str) -> Vec<String> {
        let mut trace = Vec::new();
        let mut posts = Vec::new();
        self.expect(id, "", &mut trace, &mut posts);
        posts.sort();
        trace.extend(posts);
        trace
    }

    fn expect(&self, id: &str, path: &str, trace: &mut Vec<String>, posts: &mut Vec<String>) {
        for (index, operation) in self.0.iter().enumerate() {
            let path = format!("{path}/{index}");
            match operation {
                Operation::Step(_) => trace.push(format!("step {id}{path}")),
                Operation::Sleep(_) => trace.push(format!("slept {path}")),
                Operation::Child(program) => trace.extend(program.expected(&format!("{id}{path}"))),
                Operation::Join(_, branches) => {
                    for (branch, program) in branches.iter().enumerate() {
                        program.expect(id, &format!("{path}.{branch}"), trace, posts);
                    }
                }
                Operation::Post => posts.push(format!("posted {path}")),
                Operation::Race(program) => program.expect(id, &path, trace, posts),
                Operation::GiveUp(..) => trace.push(format!("gave up {path}")),
            }
        }
    }
}

pub(super) fn register(registrar: &mut impl Registrar) {
    registrar.workflow::<Interpreter>();
}

/// Runs a program and tells its trace.
pub(super) struct Interpreter;

impl Workflow for Interpreter {
    const NAME: &'static str = "interpreter";
    type Input = Program;
    type Output = Vec<String>;

    async fn run<F: Flow>(flow: F, program: Program) -> Result<Vec<String>, Failure> {
        let posts = program.expected("").into_iter().filter(|line| line.starts_with("posted ")).count();
        let posts = posts - posts_of_children(&program);
        let mut trace = interpret(flow.clone(), String::new(), program).await?;
        let mut read = Vec::new();
        for _ in 0..posts {
            read.push(flow.receive::<String>("posts").await?);
        }
        let nothing_more = select(flow.receive::<String>("posts"), flow.sleep(Duration::from_millis(1)));
        if let Either::First(message) = nothing_more.await {
            return Err(Failure::permanent(
                "message_twice",
                format!("there is one message too many: {message:?}"),
            ));
        }
        read.sort();
        trace.extend(read);
        Ok(trace)
    }
}

/// Children read their own messages.
fn posts_of_children(program: &Program) -> usize {
    let of = |operation: &Operation| match operation {
        Operation::Child(child) => {
            child.expected("").iter().filter(|line| line.starts_with("posted ")).count()
        }
        Operation::Join(_, branches) => branches.iter().map(posts_of_children).sum(),
        Operation::Race(program) => posts_of_children(program),
        Operation::Step(_) | Operation::Sleep(_) | Operation::Post | Operation::GiveUp(..) => 0,
    };
    program.0.iter().map(of).sum()
}

type Trace = Pin<Box<dyn Future<Output = Result<Vec<String>, Failure>>>>;

fn interpret<F: Flow>(flow: F, path: String, program: Program) -> Trace {
    Box::pin(async move {
        let mut trace = Vec::new();
        for (index, operation) in program.0.into_iter().enumerate() {
            trace.extend(perform(flow.clone(), format!("{path}/{index}"), operation).await?);
        }
        Ok(trace)
    })
}

async fn perform<F: Flow>(flow: F, path: String, operation: Operation) -> Result<Vec<String>, Failure> {
    let id = flow.workflow_id();
    Ok(match operation {
        Operation::Step(attempt) => {
            let answer = step(&flow, format!("step {id}{path}"), Plan::SucceedAtAttempt(attempt)).await?;
            vec![answer.key]
        }
        Operation::Sleep(milliseconds) => {
            flow.sleep(Duration::from_millis(milliseconds)).await;
            vec![format!("slept {path}")]
        }
        Operation::Child(program) => flow.child::<Interpreter>(format!("{id}{path}"), program).await?,
        Operation::Join(limit, branches) => {
            let branches = branches.into_iter().enumerate().collect();
            let start = |(branch, program)| interpret(flow.clone(), format!("{path}.{branch}"), program);
            bounded_join(limit, branches, start).await.into_iter().collect::<Result<Vec<_>, _>>()?.concat()
        }
        Operation::Post => {
            flow.send(id, "posts", format!("posted {path}")).await;
            Vec::new()
        }
        Operation::Race(program) => {
            let timer = flow.sleep(Duration::from_secs(10 * 24 * 3600));
            match select(interpret(flow.clone(), path, program), timer).await {
                Either::First(trace) => trace?,
                Either::Second(()) => return Err(Failure::permanent("too_slow", "ten days have passed")),
            }
        }
        Operation::GiveUp(after, program) => {
            let timer = flow.sleep(Duration::from_millis(after));
            drop(select(timer, interpret(flow.clone(), format!("{path}?"), program)).await);
            vec![format!("gave up {path}")]
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Draw, Operation, Program};

    #[test]
    fn programs_come_from_their_seeds_and_differ() {
        let draw = |seed| Program::draw(&mut Draw(seed), 3);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn the_expected_trace_lists_messages_last() {
        let child = Program(vec![Operation::Post, Operation::Step(1)]);
        let program = Program(vec![Operation::Post, Operation::Child(child), Operation::Sleep(5)]);
        let expected = ["step x/1/1", "posted /0", "slept /2", "posted /0"];
        assert_eq!(program.expected("x"), expected);
    }
}
