//! Reading the body of a delivery: not too much of one, and not too much of all together. Whoever can reach the port
//! must not be able to fill the memory, signed or not.

use super::Refusal;
use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use std::{ops::Deref, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// More than GitHub sends: "Payloads are capped at 25 MB"
/// (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap>).
pub(super) const MOST_BYTES: usize = 25 * 1024 * 1024;

/// How long a body may take. GitHub itself waits 10 s for the answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// At most so much of all bodies at once, in [`UNIT`]s. Usual ones have some ten of them.
const ALL_UNITS: usize = 128 * 1024;

/// In how many bytes memory is counted.
const UNIT: usize = 1024;

/// Reads bodies. Counts what it holds of them.
pub(super) struct Reader(Arc<Semaphore>);

/// A body, and its part of the memory that all may take.
pub(super) struct Whole {
    bytes: Vec<u8>,
    places: Option<OwnedSemaphorePermit>,
}

impl Default for Reader {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ALL_UNITS)))
    }
}

impl Reader {
    /// Reads a body to its end. One that says that it is too long is not begun.
    ///
    /// # Errors
    /// If it is too large, too slow or broken, or if too much is being read at once.
    pub(super) async fn read(&self, length: Option<u64>, body: Body) -> Result<Whole, Refusal> {
        let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
        if length.is_some_and(|length| length > most) {
            return Err(Refusal::TooLarge);
        }
        tokio::time::timeout(PATIENCE, self.read_all(body)).await.map_err(|_| Refusal::Slow)?
    }

    async fn read_all(&self, mut body: Body) -> Result<Whole, Refusal> {
        let mut whole = Whole { bytes: Vec::new(), places: None };
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::BrokeOff)?;
            // Trailers say nothing.
            if let Ok(bytes) = frame.into_data() {
                self.append(&mut whole, &bytes)?;
            }
        }
        Ok(whole)
    }

    /// Takes memory for what has come, and not for what was announced: those who send nothing take nothing.
    fn append(&self, whole: &mut Whole, bytes: &Bytes) -> Result<(), Refusal> {
        let length = whole.bytes.len().saturating_add(bytes.len());
        if length > MOST_BYTES {
            return Err(Refusal::TooLarge);
        }
        let held = whole.places.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(length.div_ceil(UNIT).saturating_sub(held)).unwrap_or(u32::MAX);
        if more > 0 {
            let more = Arc::clone(&self.0).try_acquire_many_owned(more).map_err(|_| Refusal::Busy)?;
            match &mut whole.places {
                Some(places) => places.merge(more),
                none => *none = Some(more),
            }
        }
        whole.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

impl Deref for Whole {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use std::convert::Infallible;

    fn pieces(count: usize, size: usize) -> Body {
        let piece = Bytes::from(vec![b'x'; size]);
        Body::from_stream(stream::iter((0..count).map(move |_| Ok::<_, Infallible>(piece.clone()))))
    }

    async fn refused(reader: &Reader, length: Option<u64>, body: Body) -> Option<Refusal> {
        reader.read(length, body).await.err()
    }

    #[tokio::test]
    async fn a_body_of_25_mib_is_read_and_one_byte_more_is_not() {
        let reader = Reader::default();
        let mebibyte = 1024 * 1024;
        let whole = reader.read(None, pieces(25, mebibyte)).await.unwrap();
        assert_eq!(whole.len(), MOST_BYTES);
        drop(whole);
        let longer = Body::from(vec![0; MOST_BYTES + 1]);
        assert_eq!(refused(&reader, None, longer).await, Some(Refusal::TooLarge));
        assert_eq!(reader.0.available_permits(), ALL_UNITS, "everything is given back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_says_that_it_is_too_long_is_not_waited_for() {
        let reader = Reader::default();
        let endless = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let length = u64::try_from(MOST_BYTES).unwrap() + 1;
        assert_eq!(refused(&reader, Some(length), endless).await, Some(Refusal::TooLarge));
        let endless = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(refused(&reader, Some(10), endless).await, Some(Refusal::Slow));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_taken_for_a_whole_one() {
        let broken = [Ok(Bytes::from_static(b"{}")), Err(std::io::Error::other("gone"))];
        let body = Body::from_stream(stream::iter(broken));
        assert_eq!(refused(&Reader::default(), None, body).await, Some(Refusal::BrokeOff));
    }

    #[tokio::test]
    async fn many_large_bodies_at_once_are_refused_before_they_fill_the_memory() {
        let reader = Reader::default();
        let mut held = Vec::new();
        for _ in 0..ALL_UNITS * UNIT / MOST_BYTES {
            held.push(reader.read(None, pieces(25, 1024 * 1024)).await.unwrap());
        }
        assert_eq!(refused(&reader, None, pieces(25, 1024 * 1024)).await, Some(Refusal::Busy));
        assert_eq!(refused(&reader, None, Body::from("{}")).await, None, "a usual one still has its place");
        held.pop();
        assert_eq!(refused(&reader, None, pieces(25, 1024 * 1024)).await, None);
    }
}
