//! What goes wrong on demand.

use http::{HeaderValue, StatusCode, header};

use super::answers::{self, Answer};

/// What is answered in place of the truth, without looking at the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// 429 with `Retry-After` in seconds.
    Limited {
        /// The seconds.
        retry_after: u64,
    },
    /// A page for people, with this status: what stands before the API sends such ones.
    Page(u16),
    /// An error of the API's own, as an envelope with status 500.
    Internal,
}

impl Trouble {
    pub(super) fn answer(self) -> Answer {
        match self {
            Self::Limited { retry_after } => {
                let text = "More than 1200 requests per 300 seconds reached. Please wait and consider throttling your request speed";
                let mut answer = answers::refused(StatusCode::TOO_MANY_REQUESTS, 10100, text);
                answer
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
                answer
            }
            Self::Page(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                answers::html(status)
            }
            Self::Internal => {
                answers::refused(StatusCode::INTERNAL_SERVER_ERROR, 10001, "Internal server error")
            }
        }
    }
}
