//! The bodies of answers: whole, broken off, or a watch that goes on until something ends it.

use super::{NoAnswer, no_connection, paint};
use crate::{
    stage::{Request, Stage},
    weather::{Cut, CutHow},
};
use bytes::Bytes;
use futures_channel::mpsc::UnboundedReceiver;
use futures_util::{StreamExt, stream};
use http::Response;
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use sandbox::kubernetes::Answer;
use std::{collections::VecDeque, io, pin::pin, sync::Arc, time::Duration};
use tokio::time::Instant;

/// A body, as it comes.
pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, NoAnswer>;

/// A body that is a text.
pub(super) fn text(text: impl Into<Bytes>) -> AnswerBody {
    Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that comes in one piece, or breaks off where this way says.
pub(super) fn bytes(way: &Request, bytes: Bytes) -> AnswerBody {
    cut(way.fate.truncated_at, bytes)
}

/// A body that comes in one piece, or breaks off after so many bytes.
pub(super) fn cut(at: Option<usize>, bytes: Bytes) -> AnswerBody {
    match at.filter(|length| *length < bytes.len()) {
        None => text(bytes),
        Some(length) => {
            let frames =
                [Ok(Frame::data(bytes.slice(..length))), Err(no_connection(io::ErrorKind::UnexpectedEof))];
            StreamBody::new(stream::iter(frames)).boxed_unsync()
        }
    }
}

/// The answer with its body as it arrives.
pub(super) fn whole(way: &Request, response: Response<Answer>) -> Response<AnswerBody> {
    response.map(|answer| match answer {
        Answer::Whole(whole) => bytes(way, whole),
        // An error would not be a stream; what is one without being asked for ends at once.
        Answer::Watch(_) => text(Bytes::new()),
    })
}

/// The answer to a watch.
pub(super) fn watch(stage: &Arc<Stage>, way: &Request, response: Response<Answer>) -> Response<AnswerBody> {
    let cut = way.fate.cut.map(|Cut { after, how }| (Instant::now() + after, how));
    let (stage, late, cuts) = (Arc::clone(stage), way.fate.late, stage.cuts());
    response.map(|answer| match answer {
        Answer::Whole(whole) => text(whole),
        Answer::Watch(lines) => {
            let watch = Watch { stage, lines, late, cut, cuts, coming: VecDeque::new(), ended: false };
            StreamBody::new(stream::unfold(watch, |mut watch| async move {
                let frame = watch.next().await?;
                Some((frame, watch))
            }))
            .boxed_unsync()
        }
    })
}

struct Watch {
    stage: Arc<Stage>,
    lines: UnboundedReceiver<Bytes>,
    /// How late each line comes.
    late: Duration,
    /// When and how it is cut.
    cut: Option<(Instant, CutHow)>,
    /// How often all connections had been broken when it began.
    cuts: u64,
    /// What is on its way, and when it comes.
    coming: VecDeque<(Instant, Option<Bytes>)>,
    ended: bool,
}

type Next = Option<Result<Frame<Bytes>, NoAnswer>>;

impl Watch {
    async fn next(&mut self) -> Next {
        let stage = Arc::clone(&self.stage);
        while !self.ended {
            let cut_at = self.cut.map(|(at, _)| at);
            let comes_at = self.coming.front().map(|(at, _)| *at);
            let mut broken = pin!(stage.cut.notified());
            broken.as_mut().enable();
            if stage.cuts() != self.cuts {
                self.ended = true;
                return Some(Err(no_connection(io::ErrorKind::ConnectionReset)));
            }
            tokio::select! {
                biased;
                () = &mut broken => {
                    self.ended = true;
                    return Some(Err(no_connection(io::ErrorKind::ConnectionReset)));
                }
                () = until(cut_at) => return self.end().await,
                () = until(comes_at) => {
                    if let Some((_, line)) = self.coming.pop_front() {
                        return self.tell(line);
                    }
                }
                line = self.lines.next(), if !matches!(self.coming.back(), Some((_, None))) => {
                    self.coming.push_back((Instant::now() + self.late, line));
                }
            }
        }
        None
    }

    /// A line that has come, or the end.
    fn tell(&mut self, line: Option<Bytes>) -> Next {
        self.ended = line.is_none();
        line.map(|line| Ok(Frame::data(paint::over(&self.stage, line))))
    }

    async fn end(&mut self) -> Next {
        self.ended = true;
        match self.cut.take() {
            Some((_, CutHow::Broken)) => Some(Err(no_connection(io::ErrorKind::ConnectionReset))),
            Some((_, CutHow::MidLine)) => {
                // Half of what is on its way, if anything is.
                let line = self.coming.pop_front().and_then(|(_, line)| line)?;
                Some(Ok(Frame::data(line.slice(..line.len() / 2))))
            }
            Some((_, CutHow::Closed)) | None => None,
        }
    }
}

/// Waits until a moment; for ever without one.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
