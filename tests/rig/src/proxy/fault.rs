//! What can be done to one request.

use std::fmt;
use std::time::Duration;

use super::Answer;

/// One fault, done to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// End the client process with SIGKILL. Nothing that it sends afterwards is forwarded.
    Kill(KillPoint),
    /// Give this answer in place of the server's.
    Answer(Moment, Answer),
    /// Reset the client's connection (TCP RST) without an answer.
    Reset(Moment),
    /// Never answer; the client has to give up by itself.
    Stall(Moment),
    /// Forward, then deliver the head and half of the body, then close.
    Truncate,
    /// Forward only after this time.
    Delay(Duration),
    /// Reset this request and every other connection of this proxy, and refuse new ones for this time, as a
    /// server does that restarts.
    Refuse(Duration),
}

/// On which side of the server's work a fault lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The server never sees the request.
    BeforeSend,
    /// The server has answered in full, so whatever it does is done; the client does not get that answer.
    AfterCommit,
}

/// Where in a request the client process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillPoint {
    /// The server never sees the request.
    BeforeSend,
    /// The server has answered in full; the client dies without the answer.
    AfterCommit,
    /// The client has the whole answer, and dies at once. Of a watch: the head and what came with it.
    AfterAnswer,
}

impl KillPoint {
    /// All points, in their order in time.
    pub const ALL: [Self; 3] = [Self::BeforeSend, Self::AfterCommit, Self::AfterAnswer];
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(point) => write!(f, "kill {point}"),
            Self::Answer(moment, answer) => write!(f, "{answer} {moment}"),
            Self::Reset(moment) => write!(f, "reset {moment}"),
            Self::Stall(moment) => write!(f, "stall {moment}"),
            Self::Truncate => f.write_str("truncated body"),
            Self::Delay(time) => write!(f, "delay of {time:?}"),
            Self::Refuse(time) => write!(f, "connections refused for {time:?}"),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeforeSend => "before send",
            Self::AfterCommit => "after commit",
        })
    }
}

impl fmt::Display for KillPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeforeSend => "before send",
            Self::AfterCommit => "after commit",
            Self::AfterAnswer => "after answer",
        })
    }
}
