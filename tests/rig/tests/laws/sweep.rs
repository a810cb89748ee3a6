//! The right command breaks no law; each bug is caught, by the law that it breaks.

use std::collections::BTreeSet;

use rig::laws::sweep::{self, Case};
use rig::laws::{Law, Report, World, dry_run};
use rig::proxy::{Fault, KillPoint, Moment};

use crate::command::command;
use crate::shop::Shop;

async fn shops(bug: &'static str) -> [Shop; 2] {
    [Shop::open(bug).await, Shop::open(bug).await]
}

fn broken(report: &Report) -> BTreeSet<Law> {
    report.violations.iter().map(|violation| violation.law).collect()
}

#[tokio::test]
async fn the_right_command_survives_every_kill() {
    let report = sweep::kills(&mut shops("").await).await.unwrap();
    // GET config, secret, tokens; POST secret, tokens; PUT config.
    assert_eq!(
        (report.requests, report.points, report.missed),
        (6, 18, 0),
        "{report}"
    );
    assert!(report.violations.is_empty(), "{report}");
    let summary = report.to_string();
    assert!(
        summary.starts_with("6 requests, 18 points, 0 violations"),
        "{summary}"
    );
}

#[tokio::test]
async fn the_right_command_survives_every_fault() {
    let all: Vec<Fault> = Fault::by_status()
        .into_iter()
        .chain(Fault::by_transport())
        .collect();
    let report = sweep::faults(&mut shops("").await, &all).await.unwrap();
    assert_eq!((report.points, report.missed), (6 * all.len(), 0), "{report}");
    assert!(report.violations.is_empty(), "{report}");
    assert!(report.survived > report.points / 2, "{report}");
}

#[tokio::test]
async fn a_fault_that_stays_ends_with_an_exit_code_and_is_healed_by_a_rerun() {
    let mut shops = shops("").await;
    let report = sweep::cases(&mut shops, |requests| {
        requests
            .iter()
            .map(|seen| Case::repeated(seen, &Fault::service_unavailable(), 100))
            .collect()
    });
    let report = report.await.unwrap();
    assert_eq!((report.points, report.survived), (6, 0), "{report}");
    assert!(report.violations.is_empty(), "{report}");
}

#[tokio::test]
async fn bugs_that_a_kill_brings_out_are_caught() {
    for (bug, law) in [
        (
            "takes the config for a checkpoint of the secret",
            Law::SecretsKept,
        ),
        ("takes the config for a checkpoint of the token", Law::SameState),
        ("gives up on half of it", Law::Converges),
        ("begins again with the same secret", Law::NothingLost),
    ] {
        let report = sweep::kills(&mut shops(bug).await).await.unwrap();
        assert!(broken(&report).contains(&law), "{bug}: {report}");
        assert_eq!(report.points, 18, "{bug}: without faults nothing is seen of it");
    }
}

#[tokio::test]
async fn bugs_that_need_no_fault_are_caught_in_the_reference() {
    for (bug, law) in [
        ("writes what is there", Law::NoWrites),
        ("shows the secret in base64", Law::NoLeak),
        ("sends the secret in a path", Law::NoLeak),
    ] {
        let report = sweep::kills(&mut shops(bug).await).await.unwrap();
        assert_eq!(broken(&report), BTreeSet::from([law]), "{bug}: {report}");
        assert_eq!(report.points, 0, "{bug}");
    }
}

#[tokio::test]
async fn bugs_that_a_fault_brings_out_are_caught() {
    let stall = Fault::Stall(Moment::BeforeSend);
    for (bug, fault) in [
        ("waits for ever", stall),
        ("panics at a 5xx", Fault::bad_gateway()),
    ] {
        let mut shop = [Shop::open(bug).await];
        let report = sweep::cases(&mut shop, |_| vec![Case::fault(1, &fault)])
            .await
            .unwrap();
        assert!(broken(&report).contains(&Law::Ends), "{bug}: {report}");
    }
}

#[tokio::test]
async fn a_dry_run_that_writes_is_caught() {
    let mut shop = Shop::open("").await;
    let run = shop.command();
    let broken: BTreeSet<Law> = dry_run::check(&mut shop, &run)
        .await
        .unwrap()
        .iter()
        .map(|violation| violation.law)
        .collect();
    assert_eq!(broken, BTreeSet::from([Law::NoWrites, Law::SameState]));

    let nothing = command("http://127.0.0.1:1", "").args(["--list"]);
    assert_eq!(dry_run::check(&mut shop, &nothing).await.unwrap(), []);
}

#[tokio::test]
async fn a_kill_that_nothing_can_reach_is_missed_and_said_to_be() {
    let mut shops = shops("").await;
    let report = sweep::cases(&mut shops, |_| vec![Case::kill(99, KillPoint::BeforeSend)]);
    let report = report.await.unwrap();
    assert_eq!(
        (report.points, report.missed, report.violations.len()),
        (1, 1, 0),
        "{report}"
    );
}
