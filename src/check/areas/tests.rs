//! What holds for all checks.

mod told;

use super::{
    super::{Check, Facts, Listing, Look, Outcome, Skip, check, facts::Trouble, run},
    catalogue,
    testing::mk_facts,
};
use crate::model::{config::Config, failure::Reason};
use std::collections::BTreeSet;

#[test]
fn every_check_is_declared_in_full_and_once() {
    let mut codes = BTreeSet::new();
    for check in catalogue() {
        let number = check
            .code
            .strip_prefix(&format!("APX-{}-", check.category.area()));
        assert!(
            number.is_some_and(|number| number.len() == 3 && number.parse::<u16>().is_ok()),
            "{check:?}"
        );
        assert!(codes.insert(check.code), "{} is declared twice", check.code);
        assert!(
            !check.meaning.is_empty() && !check.remedy.is_empty(),
            "{}",
            check.code
        );
        assert!(
            check.meaning.ends_with('.') && check.remedy.ends_with('.'),
            "{}",
            check.code
        );
        assert!(!check.title.ends_with('.'), "{}", check.code);
    }
    assert!(codes.len() >= 60, "only {}", codes.len());
}

#[test]
fn what_a_check_needs_exists_and_leads_to_the_first_one() {
    fn depth(check: &Check, seen: &mut Vec<&'static str>) {
        assert!(
            !seen.contains(&check.code),
            "{} needs itself: {seen:?}",
            check.code
        );
        seen.push(check.code);
        for code in check.needs {
            let needed = super::super::check(code).unwrap_or_else(|| panic!("{} needs {code}", check.code));
            depth(needed, seen);
        }
        seen.pop();
    }
    for check in catalogue() {
        depth(check, &mut Vec::new());
        let is_first = ["APX-CLU-001", "APX-CLU-013"].contains(&check.code);
        assert_eq!(check.needs.is_empty(), is_first, "{}", check.code);
    }
}

#[test]
fn a_cluster_on_which_all_is_well_has_no_findings() {
    for row in run(&mk_facts(), |_| true) {
        assert!(!matches!(row.outcome, Outcome::Failed(_)), "{row:?}");
    }
}

/// A check that reads what it does not declare would be blind in a run that asks for it alone.
#[test]
fn a_check_declares_all_that_it_reads() {
    for check in catalogue() {
        let mut facts = mk_facts();
        facts.lists.retain(|of, _| check.reads().contains(of));
        if let Err(Skip::Unseen(why)) = (check.judge)(&facts) {
            assert!(!why.contains("nobody looked"), "{}: {why}", check.code);
        }
    }
}

#[test]
fn what_nobody_saw_is_no_finding() {
    let now = "2026-11-24T12:00:00Z".parse().unwrap();
    let facts = Facts::new(Config::default(), now, String::new());
    for row in run(&facts, |_| true) {
        assert!(!matches!(row.outcome, Outcome::Failed(_)), "{row:?}");
    }
}

#[test]
fn what_may_not_be_looked_at_is_skipped_and_says_why() {
    let mut facts = mk_facts();
    let why = "permission is missing".to_owned();
    for listing in facts.lists.values_mut() {
        let message = why.clone();
        *listing = Listing::Unseen(Trouble {
            reason: Reason::Forbidden,
            message,
            remedy: None,
        });
    }
    facts.secrets = Look::Unseen(why.clone());
    facts.account = Look::Unseen(why);
    // What Dex answers is seen without them; they only tell why it does not.
    let rests_on_lists = |check: &Check| !check.reads().is_empty() && check.code != "APX-OIDC-002";
    for row in run(&facts, rests_on_lists) {
        let Outcome::Skipped(skip) = &row.outcome else {
            panic!("{row:?}")
        };
        assert!(skip.to_string().contains("permission is missing"), "{row:?}");
    }
}

#[test]
fn what_depends_on_what_failed_is_skipped_by_its_root_and_the_rest_goes_on() {
    let facts = mk_facts().with("Namespace", Vec::new());
    let follows = Outcome::Skipped(Skip::Follows("APX-CLU-003", String::new()));
    assert_eq!(facts.findings("APX-CLU-003").len(), 4);
    for code in ["APX-SEC-001", "APX-IDN-005", "APX-OIDC-003"] {
        assert_eq!(facts.outcome(code), follows, "{code}");
    }
    assert_eq!(facts.outcome("APX-WAV-001"), Outcome::Passed);
    let mut silent = mk_facts();
    let message = "cannot reach the API server".to_owned();
    silent.unreachable = Some(Trouble {
        reason: Reason::Unavailable,
        message,
        remedy: None,
    });
    for row in run(&silent, |check| check.code != "APX-CLU-013") {
        let is_root = row.check.code == "APX-CLU-001";
        assert_eq!(is_root, matches!(row.outcome, Outcome::Failed(_)), "{row:?}");
        assert_eq!(
            !is_root,
            matches!(row.outcome, Outcome::Skipped(Skip::Follows("APX-CLU-001", _))),
            "{row:?}"
        );
    }
    assert!(check("APX-CLU-001").is_some());
}
