//! When a CronJob runs, from its schedule (five fields of cron, or a word such as `@hourly`; in UTC).

use croner::Cron;
use k8s_openapi::jiff::{Timestamp, tz::TimeZone};
use std::str::FromStr;

/// A schedule that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule(Cron);

/// So many times may pass without a good run: one may meet the lock of another run, or a node that is drained.
pub const PERIODS: usize = 3;

impl Schedule {
    /// Reads one; `None` if it is none that we understand. The CronJob controller may still understand it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Cron::from_str(text).ok().map(Self)
    }

    /// The first time after this one.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = after.to_zoned(TimeZone::UTC);
        let next = self.0.find_next_occurrence(&after, false).ok()?;
        Some(next.timestamp())
    }

    /// The `count`th time before this one; 1 is the last.
    #[must_use]
    pub fn previous(&self, before: Timestamp, count: usize) -> Option<Timestamp> {
        let mut time = before.to_zoned(TimeZone::UTC);
        for _ in 0..count {
            time = self.0.find_previous_occurrence(&time, false).ok()?;
        }
        Some(time.timestamp())
    }

    /// Whether the last good run, or the creation if there was none, is more than [`PERIODS`] times ago.
    #[must_use]
    pub fn is_overdue(&self, since: Option<Timestamp>, now: Timestamp) -> bool {
        let oldest = self.previous(now, PERIODS + 1);
        matches!((oldest, since), (Some(oldest), Some(since)) if since < oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_time(text: &str) -> Timestamp {
        format!("2026-11-24T{text}Z").parse().unwrap()
    }

    #[test]
    fn times_are_found_on_both_sides() {
        for (schedule, next, third_last) in [
            ("*/5 * * * *", "12:05:00", "11:50:00"),
            ("2-59/5 * * * *", "12:02:00", "11:47:00"),
            ("13 * * * *", "12:13:00", "09:13:00"),
            ("@hourly", "13:00:00", "10:00:00"),
        ] {
            let parsed = Schedule::parse(schedule).unwrap();
            assert_eq!(
                parsed.next(mk_time("12:00:30")),
                Some(mk_time(next)),
                "{schedule}"
            );
            let third = parsed.previous(mk_time("12:00:30"), 3).unwrap();
            assert_eq!(third, mk_time(third_last), "{schedule}");
        }
    }

    #[test]
    fn a_time_of_the_schedule_is_not_its_own_neighbour() {
        let hourly = Schedule::parse("0 * * * *").unwrap();
        assert_eq!(hourly.next(mk_time("12:00:00")), Some(mk_time("13:00:00")));
        assert_eq!(hourly.previous(mk_time("12:00:00"), 1), Some(mk_time("11:00:00")));
    }

    #[test]
    fn what_is_no_schedule_is_none() {
        for text in ["", "often", "61 * * * *", "* * * *"] {
            assert_eq!(Schedule::parse(text), None, "{text}");
        }
    }
}
