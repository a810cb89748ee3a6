//! Response bodies: streamed through, or cut.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint};

/// The body of an answer to the client.
pub(super) type Body = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

pub(super) fn streamed(body: Incoming) -> Body {
    body.map_err(Into::into).boxed_unsync()
}

pub(super) fn full(body: Full<Bytes>) -> Body {
    body.map_err(|never| match never {}).boxed_unsync()
}

/// A body that announces its whole length, delivers the first half and then breaks off.
pub(super) fn truncated(whole: &Bytes) -> Body {
    let half = whole.slice(..whole.len() / 2);
    Truncated {
        announced: whole.len() as u64,
        half: Some(half),
        flushed: false,
    }
    .boxed_unsync()
}

struct Truncated {
    announced: u64,
    half: Option<Bytes>,
    flushed: bool,
}

impl HttpBody for Truncated {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        // hyper drops what it has not sent yet when a body fails, and sends when a body has nothing to give.
        if !self.flushed {
            self.flushed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err("the body is cut here".into())))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
