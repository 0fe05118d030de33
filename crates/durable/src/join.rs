//! The only combinators that workflow code may use.
//!
//! They poll every pending future in a fixed order on every pass and keep no wakers of their own, so that the same
//! answers in the same order always lead to the same operations in the same order, on every engine.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Which of two futures came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The first one; it also wins when both are ready.
    First(A),
    /// The second one.
    Second(B),
}

/// Waits for the first of two futures; the first argument wins a tie. The loser is dropped, so its operations are given up.
pub async fn select<A: Future, B: Future>(first: A, second: B) -> Either<A::Output, B::Output> {
    let mut first = std::pin::pin!(first);
    let mut second = std::pin::pin!(second);
    std::future::poll_fn(move |context| {
        if let Poll::Ready(output) = first.as_mut().poll(context) {
            return Poll::Ready(Either::First(output));
        }
        second.as_mut().poll(context).map(Either::Second)
    })
    .await
}

/// Runs `start(item)` for every item, at most `limit` (at least 1) at once. The results come in the order of the items.
pub async fn bounded_join<T, Fut: Future>(
    limit: usize,
    items: Vec<T>,
    mut start: impl FnMut(T) -> Fut,
) -> Vec<Fut::Output> {
    let mut results: Vec<Option<Fut::Output>> = items.iter().map(|_| None).collect();
    let mut waiting = items.into_iter().enumerate();
    let mut running: Vec<(usize, Pin<Box<Fut>>)> = Vec::new();
    std::future::poll_fn(|context| {
        loop {
            while running.len() < limit.max(1) {
                let Some((index, item)) = waiting.next() else { break };
                running.push((index, Box::pin(start(item))));
            }
            if !poll_all(&mut running, &mut results, context) {
                break;
            }
        }
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results.into_iter().flatten().collect()
}

/// Runs all futures at once and ends with the first error, or with all results in their order. When one fails, the
/// others are dropped, so their operations are given up.
pub async fn try_join_all<T, E>(
    futures: impl IntoIterator<Item = impl Future<Output = Result<T, E>>>,
) -> Result<Vec<T>, E> {
    let mut running: Vec<_> = futures.into_iter().map(Box::pin).enumerate().collect();
    let mut results: Vec<Option<Result<T, E>>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let ended = poll_all(&mut running, &mut results, context);
        let failed = ended && results.iter().flatten().any(Result::is_err);
        if failed || running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    drop(running);
    results.into_iter().flatten().collect()
}

/// Polls each running future once, in order; true if one ended and its place is free.
fn poll_all<Fut: Future>(
    running: &mut Vec<(usize, Pin<Box<Fut>>)>,
    results: &mut [Option<Fut::Output>],
    context: &mut Context<'_>,
) -> bool {
    let before = running.len();
    running.retain_mut(|(index, future)| match future.as_mut().poll(context) {
        Poll::Ready(output) => {
            results[*index] = Some(output);
            false
        }
        Poll::Pending => true,
    });
    running.len() < before
}

#[cfg(test)]
mod tests;
