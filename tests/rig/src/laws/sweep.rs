//! The sweep: a command meets a fault at every one of its requests.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::try_join_all;

pub use super::case::Case;
use super::trial::{self, Reference};
use super::world::Trouble;
use super::{Report, World};
use crate::proxy::{Fault, KillPoint, Seen};

/// The process is killed at every request and every point of it.
///
/// One worker runs in each of the worlds; a worker's runs are compared with its own reference. Prints the summary.
pub async fn kills<W: World>(worlds: &mut [W]) -> Result<Report, Trouble> {
    cases(worlds, |requests| {
        let points = |seen: &Seen| KillPoint::ALL.map(|point| Case::kill(seen.number, point));
        requests.iter().flat_map(points).collect()
    })
    .await
}

/// Each of the faults at every request.
pub async fn faults<W: World>(worlds: &mut [W], faults: &[Fault]) -> Result<Report, Trouble> {
    cases(worlds, |requests| {
        let each = |seen: &Seen| {
            faults
                .iter()
                .map(|fault| Case::fault(seen.number, fault))
                .collect::<Vec<_>>()
        };
        requests.iter().flat_map(each).collect()
    })
    .await
}

/// Whatever is made of the requests of a run without faults. If that run itself breaks a law, nothing more is done.
pub async fn cases<W: World>(
    worlds: &mut [W],
    make: impl FnOnce(&[Seen]) -> Vec<Case>,
) -> Result<Report, Trouble> {
    let references = try_join_all(worlds.iter_mut().map(trial::reference)).await?;
    let longest = references
        .iter()
        .map(|reference| reference.requests.as_slice())
        .max_by_key(|seen| seen.len());
    let requests = longest.ok_or("a sweep needs a world")?;
    let mut report = Report {
        requests: requests.len(),
        ..Report::default()
    };
    report.violations = references
        .iter()
        .flat_map(|reference| reference.violations.clone())
        .collect();
    if report.violations.is_empty() {
        let cases = make(requests);
        let next = AtomicUsize::new(0);
        let workers = worlds.iter_mut().zip(&references);
        let parts = workers.map(|(world, reference)| work(world, reference, &cases, &next));
        try_join_all(parts)
            .await?
            .into_iter()
            .for_each(|part| report.add(part));
    }
    println!("{report}");
    Ok(report)
}

/// Takes cases until there are no more.
async fn work<W: World>(
    world: &mut W,
    reference: &Reference,
    cases: &[Case],
    next: &AtomicUsize,
) -> Result<Report, Trouble> {
    let mut report = Report::default();
    while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
        let outcome = trial::of(world, case, reference).await?;
        report.add(Report {
            requests: 0,
            points: 1,
            missed: usize::from(!outcome.struck),
            survived: usize::from(outcome.struck && outcome.survived),
            violations: outcome.violations,
        });
    }
    Ok(report)
}
