//! One point of a sweep.

use crate::proxy::{Fault, KillPoint, Script, Seen};

/// Faults for one run, with a name for the report.
#[derive(Clone)]
pub struct Case {
    pub(super) name: String,
    pub(super) script: Script,
    pub(super) death: Death,
}

/// Whether the process is killed in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    /// It must end by itself.
    No,
    /// It may have ended by itself just before, because it has the answer.
    Perhaps,
    /// It cannot go on.
    Yes,
}

impl Case {
    /// Faults that leave the process alive.
    pub fn new(name: impl Into<String>, script: Script) -> Self {
        Self {
            name: name.into(),
            script,
            death: Death::No,
        }
    }

    /// The process is killed at request `number`.
    pub fn kill(number: usize, point: KillPoint) -> Self {
        let fault = Fault::Kill(point);
        let death = if point == KillPoint::AfterAnswer {
            Death::Perhaps
        } else {
            Death::Yes
        };
        Self {
            name: format!("request {number}, {fault}"),
            script: Script::at(number, fault),
            death,
        }
    }

    /// One fault at request `number`.
    pub fn fault(number: usize, fault: &Fault) -> Self {
        Self::new(
            format!("request {number}, {fault}"),
            Script::at(number, fault.clone()),
        )
    }

    /// The same fault at each request with the target, method and path of this one, the first `times` times.
    pub fn repeated(request: &Seen, fault: &Fault, times: usize) -> Self {
        let Seen {
            target,
            method,
            path_and_query,
            ..
        } = request.clone();
        let name = format!("{times} times {method} {path_and_query}, {fault}");
        let same = move |seen: &Seen| {
            (&seen.target, &seen.method, &seen.path_and_query) == (&target, &method, &path_and_query)
        };
        Self::new(name, Script::on(same, fault.clone()).times(times))
    }
}
