//! Crashes, everywhere.

use super::{crashes_at, result, through_crashes};
use crate::conformance::{
    CrashPoint, Crashed, Ending, Harness, World,
    program::{Draw, Interpreter, Program},
    work::{Everything, EverythingOutput},
};
use std::collections::BTreeSet;

/// One crash at each step of a workflow that uses every operation, before and after the step is durable.
pub async fn a_crash_at_any_step_changes_nothing<H: Harness>(harness: &mut H) {
    for step in 1.. {
        let mut crashed = false;
        for crash in crashes_at(step) {
            crashed |= survive(harness, crash, None).await;
        }
        if !crashed {
            assert!(step > 15, "the engine was to crash at each of its steps, not only at {step}");
            return;
        }
    }
}

/// A second crash at one of the first steps after the first one.
pub async fn two_crashes_in_a_row_change_nothing<H: Harness>(harness: &mut H) {
    for step in (1..).step_by(3) {
        let mut crashed = false;
        for second in 1..4 {
            for durable in [false, true] {
                let (first, second) =
                    (CrashPoint { step, durable }, CrashPoint { step: second, durable: !durable });
                crashed |= survive(harness, first, Some(second)).await;
            }
        }
        if !crashed {
            return;
        }
    }
}

/// Whether the engine crashed; in any case the workflow ends as it always does.
async fn survive<H: Harness>(harness: &mut H, crash: CrashPoint, then: Option<CrashPoint>) -> bool {
    harness.reset().await;
    let world = World::new(harness.clock());
    harness.open(&world, Some(crash)).await;
    let first = run_everything(harness).await;
    let crashed = first == Err(Crashed);
    let ending = match first {
        Ok(ending) => ending,
        Err(Crashed) => {
            harness.crash().await;
            harness.open(&world, then).await;
            through_crashes!(harness, &world, run_everything(harness)).0
        }
    };
    check(&world, &result(ending));
    crashed
}

async fn run_everything<H: Harness>(harness: &mut H) -> Result<Ending, Crashed> {
    harness.start::<Everything>("all", ()).await?;
    harness.finish("all").await
}

fn check(world: &World, output: &EverythingOutput) {
    assert_eq!(output.children, [1, 2, 3]);
    assert_eq!(output.messages, [1, 2], "messages arrive once and in order");
    let keys: Vec<&str> = output.answers.iter().map(|answer| answer.key.as_str()).collect();
    assert_eq!(keys, ["first", "one", "two", "three"]);
    for answer in &output.answers {
        let effects = world.effects_of(&answer.key);
        let given = effects.iter().find(|effect| effect.number == answer.number);
        assert!(given.is_some(), "the answer {answer:?} is one that was given: {effects:?}");
        if answer.key == "two" {
            assert_eq!(given.map(|effect| effect.attempt), Some(2), "the first attempt fails as planned");
        }
    }
    let happened: BTreeSet<String> = world.effects().into_iter().map(|effect| effect.key).collect();
    let expected = ["first", "leaf 1", "leaf 2", "leaf 3", "one", "three", "two"];
    assert!(happened.iter().eq(expected.iter()), "every effect at least once, and no other: {happened:?}");
    for key in &expected {
        // One crash or two, and a planned failure of "two".
        assert!(world.effects_of(key).len() <= 4, "{key} is not repeated without end");
    }
}

/// Programs and crashes drawn from seeds: the trace is always the one that was computed without an engine.
pub async fn any_program_ends_the_same_through_any_crashes<H: Harness>(harness: &mut H) {
    let (seeds, mut crashes) = (harness.seeds(), 0);
    for seed in 0..seeds {
        crashes += survive_seed(harness, seed).await;
    }
    assert!(crashes > seeds, "most crashes were to happen before the programs ended, but only {crashes} did");
}

/// How many of the drawn crashes happened.
async fn survive_seed<H: Harness>(harness: &mut H, seed: u64) -> u64 {
    harness.reset().await;
    let world = World::new(harness.clock());
    let mut draw = Draw(seed);
    let program = Program::draw(&mut draw, 3);
    let mut crashes = 0;
    for _ in 0..4 {
        let crash = CrashPoint { step: 1 + draw.below(12), durable: draw.below(2) == 0 };
        harness.open(&world, Some(crash)).await;
        if let Err(Crashed) = interpret(harness, &program).await {
            crashes += 1;
        }
        harness.crash().await;
    }
    harness.open(&world, None).await;
    let ending = interpret(harness, &program).await.expect("no crash is planned");
    let expected = program.expected("program");
    let trace: Vec<String> = result(ending);
    assert_eq!(trace, expected, "seed {seed}, {crashes} crashes");
    let done: BTreeSet<String> = world.effects().into_iter().map(|effect| effect.key).collect();
    for step in expected.iter().filter(|line| line.starts_with("step ")) {
        assert!(done.contains(step), "seed {seed}: {step} is told and was not done");
    }
    crashes
}

async fn interpret<H: Harness>(harness: &mut H, program: &Program) -> Result<Ending, Crashed> {
    harness.start::<Interpreter>("program", program.clone()).await?;
    harness.finish("program").await
}
