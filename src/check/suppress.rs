//! What the configuration lets pass, for a reason and for a time.

use super::{Check, Finding, Selector};
use crate::model::config::Suppression;
use jiff::{Timestamp, tz::TimeZone};

/// Why the finding does not count, if one of these says so and has not run out.
#[must_use]
pub fn suppressed_by(
    suppress: &[Suppression],
    check: &Check,
    finding: &Finding,
    now: Timestamp,
) -> Option<String> {
    let fits = |entry: &&Suppression| {
        let selector: Option<Selector> = entry.check.parse().ok();
        selector.is_some_and(|selector| selector.is_about(check, finding)) && !is_expired(entry, now)
    };
    suppress.iter().find(fits).map(|entry| entry.reason.clone())
}

/// Its last day is over (UTC).
pub(super) fn is_expired(entry: &Suppression, now: Timestamp) -> bool {
    let today = TimeZone::UTC.to_datetime(now).date();
    entry.until.is_some_and(|until| until < today)
}
