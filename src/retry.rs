//! When and how often a single request is sent again; the only importer of the backoff library.
//!
//! Exponential with jitter: base 100 ms, factor 2, at most 5 s, 5 retries; a server's `Retry-After` wins,
//! up to 30 s. All requests of a run share one budget, so that a broken server cannot keep a run busy.

use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Retries that one run may spend in total.
const RUN_BUDGET: u32 = 200;
/// The longest time between two looks at something that is waited for.
pub(crate) const LONGEST_POLL: Duration = Duration::from_secs(5);
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30);

/// What may be done about a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Another attempt cannot help, or could do harm.
    Final,
    /// Sending it again is safe.
    Again,
    /// Sending it again is safe after this time.
    After(Duration),
}

/// The retries that are left for a run; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<AtomicU32>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(AtomicU32::new(RUN_BUDGET)))
    }
}

impl Budget {
    fn spend(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }
}

/// Calls `attempt` until it succeeds, its error is final, the retries are used up or the run's budget is.
pub(crate) async fn retry<T, E, F>(
    budget: &Budget,
    attempt: impl FnMut() -> F,
    verdict: impl Fn(&E) -> Verdict,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    attempt
        .retry(requests())
        .when(|error| verdict(error) != Verdict::Final && budget.spend())
        .adjust(|error, delay| match verdict(error) {
            // `delay` is absent when the retries are used up: then no server's wish prolongs them.
            Verdict::After(wanted) => delay.map(|delay| delay.max(wanted.min(LONGEST_RETRY_AFTER))),
            Verdict::Again | Verdict::Final => delay,
        })
        .await
}

/// Delays between rounds of a run that waits for something that cannot be watched: 0.2 s growing to 5 s.
pub(crate) fn polls() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_factor(1.5)
        .with_max_delay(LONGEST_POLL)
        .without_max_times()
        .build()
}

fn requests() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_factor(2.0)
        .with_max_delay(Duration::from_secs(5))
        .with_max_times(5)
        .with_jitter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    async fn run(budget: &Budget, verdict: Verdict, succeed_at: u32) -> (Result<u32, u32>, u32) {
        let calls = Cell::new(0);
        let attempt = || {
            calls.set(calls.get() + 1);
            let call = calls.get();
            async move { if call == succeed_at { Ok(call) } else { Err(call) } }
        };
        let result = retry(budget, attempt, |_| verdict).await;
        (result, calls.get())
    }

    #[tokio::test(start_paused = true)]
    async fn it_tries_again_until_it_succeeds_or_gives_up() {
        let budget = Budget::default();
        assert_eq!(run(&budget, Verdict::Again, 3).await, (Ok(3), 3));
        assert_eq!(run(&budget, Verdict::Again, 9).await, (Err(6), 6));
        assert_eq!(run(&budget, Verdict::Final, 9).await, (Err(1), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_spent_budget_ends_all_retries() {
        let budget = Budget(Arc::new(AtomicU32::new(1)));
        assert_eq!(run(&budget, Verdict::Again, 9).await, (Err(2), 2));
        assert_eq!(run(&budget, Verdict::Again, 9).await, (Err(1), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_server_says_how_long_to_wait_up_to_a_limit() {
        let start = tokio::time::Instant::now();
        let (result, _) = run(&Budget::default(), Verdict::After(Duration::from_secs(600)), 2).await;
        assert_eq!(result, Ok(2));
        assert_eq!(start.elapsed().as_secs(), 30);
    }
}
