//! What a check of the laws has found.

use std::fmt;

/// The laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Law {
    /// A command ends with exit code 0 when nothing is in its way, after a fault with at most two reruns.
    Converges,
    /// A command ends within its time, whatever happens, and not by a crash.
    Ends,
    /// The kill that was asked for did end the process.
    Dies,
    /// The end state is that of a run without faults.
    SameState,
    /// A secret that could be read at an earlier time has the same value now.
    SecretsKept,
    /// What was there after the fault is still the same object after the rerun.
    NothingLost,
    /// One more run of a converged command writes nothing; a dry run writes nothing.
    NoWrites,
    /// No secret value is in any output, nor in the path of a request, nor where it does not belong in the state.
    NoLeak,
}

/// One law broken at one point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where: the request and the fault.
    pub case: String,
    /// Which law.
    pub law: Law,
    /// What was seen. No secret value is in it.
    pub detail: String,
}

/// The result of a sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Requests of the command in a run without faults.
    pub requests: usize,
    /// Runs with a fault.
    pub points: usize,
    /// Of these, runs that ended before the request at which the fault lay in wait.
    pub missed: usize,
    /// Of these, runs that ended with exit code 0 in spite of the fault.
    pub survived: usize,
    /// The broken laws.
    pub violations: Vec<Violation>,
}

impl Report {
    pub(super) fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.points += other.points;
        self.missed += other.missed;
        self.survived += other.survived;
        self.violations.extend(other.violations);
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?} is broken: {}", self.case, self.law, self.detail)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            requests,
            points,
            missed,
            survived,
            violations,
        } = self;
        write!(
            f,
            "{requests} requests, {points} points, {} violations",
            violations.len()
        )?;
        write!(f, " ({missed} not reached, {survived} survived in one run)")?;
        violations
            .iter()
            .try_for_each(|violation| write!(f, "\n  {violation}"))
    }
}
