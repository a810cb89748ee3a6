//! The laws catch each bug that is planted, and see none in the very same build without one.

use crate::world::{Initial, Platform};
use rig::{
    laws::{
        Law, Trouble, Violation, World, dry_run,
        sweep::{self, Case},
    },
    proxy::{Fault, KillPoint, Script, Seen},
};
use std::{collections::BTreeSet, time::Duration};

/// A bug, how it is looked for, and the law that it breaks.
struct Plant(&'static str, Initial, Check, Law);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    /// Run, and run again.
    Run,
    /// Killed when the server has done the first of these requests, and so at as many in all.
    Kills(Select, usize),
    /// Each of these requests is answered like this.
    Meets(Select, Answer),
    DryRun,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Select {
    SecretWrites,
    DatabaseSecretWrites,
    SecretReads,
    TokenCreation,
    Authentik,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Forbidden,
    Garbage,
    Unavailable,
}

impl Select {
    fn fits(self, seen: &Seen) -> bool {
        let is = |method: &str, part: &str| seen.method == method && seen.path_and_query.contains(part);
        match self {
            Self::SecretWrites => is("PATCH", "/secrets/"),
            Self::DatabaseSecretWrites => is("PATCH", "/secrets/authentik-postgresql"),
            Self::SecretReads => is("GET", "/secrets/"),
            Self::TokenCreation => is("POST", "/core/tokens/"),
            Self::Authentik => seen.target == "authentik",
        }
    }
}

impl Answer {
    fn fault(self) -> Fault {
        match self {
            Self::Forbidden => Fault::forbidden(),
            Self::Garbage => Fault::garbage(),
            Self::Unavailable => Fault::service_unavailable(),
        }
    }
}

const SECRETS: [Plant; 8] = {
    use Check::{DryRun, Kills, Meets, Run};
    let (new, some) = (Initial::Namespaces, Initial::SomeSecrets);
    let kills = Kills(Select::SecretWrites, 5);
    let kill = Kills(Select::SecretWrites, 1);
    let refused = Meets(Select::DatabaseSecretWrites, Answer::Forbidden);
    let garbled = Meets(Select::SecretReads, Answer::Garbage);
    [
        Plant("RestartsGeneration", new, kills, Law::SecretsKept),
        Plant("SplitsPairs", new, kills, Law::SecretsKept),
        Plant("TrustsExistence", new, kill, Law::SameState),
        Plant("SwallowsFailures", new, refused, Law::SameState),
        Plant("Panics", new, garbled, Law::Ends),
        Plant("AppliesDryRun", new, DryRun, Law::NoWrites),
        Plant("LogsSecrets", new, Run, Law::NoLeak),
        Plant("OverwritesSecrets", some, Run, Law::SecretsKept),
    ]
};

const TOKEN: [Plant; 4] = {
    let kills = Check::Kills(Select::TokenCreation, 3);
    let silent = Check::Meets(Select::Authentik, Answer::Unavailable);
    [
        Plant("ForgetsToken", Initial::Secrets, kills, Law::SameState),
        Plant("StoresPlaceholder", Initial::Secrets, kills, Law::SecretsKept),
        Plant("NeverGivesUp", Initial::Secrets, silent, Law::Ends),
        Plant("SecretInUrl", Initial::Secrets, Check::Run, Law::NoLeak),
    ]
};

const DEX: [Plant; 2] = [
    Plant("AnnotatesSecrets", Initial::Dex, Check::Run, Law::NoLeak),
    Plant("WritesNeedlessly", Initial::Dex, Check::Run, Law::NoWrites),
];

async fn violations(world: &mut Platform, check: Check) -> Result<Vec<Violation>, Trouble> {
    world.deadline = Duration::from_secs(if matches!(check, Check::Meets(..)) { 4 } else { 15 });
    let worlds = std::slice::from_mut(world);
    let report = match check {
        Check::Run => sweep::cases(worlds, |_| Vec::new()).await?,
        Check::Kills(select, count) => {
            let after = |requests: &[Seen]| {
                let first = requests.iter().position(|seen| select.fits(seen));
                let window = requests.iter().skip(first.unwrap_or(usize::MAX)).take(count);
                window
                    .map(|seen| Case::kill(seen.number, KillPoint::AfterCommit))
                    .collect()
            };
            let report = sweep::cases(worlds, after).await?;
            assert!(
                report.points > 0 || !report.violations.is_empty(),
                "nobody was killed"
            );
            report
        }
        Check::Meets(select, answer) => {
            let script = Script::on(move |seen| select.fits(seen), answer.fault());
            let report = sweep::cases(worlds, |_| vec![Case::new("every one of them", script)]).await?;
            assert_eq!(report.missed, 0, "no such request");
            report
        }
        Check::DryRun => {
            let run = world.command().args(["--dry-run", "--exit-code"]);
            return dry_run::check(world, &run).await;
        }
    };
    Ok(report.violations)
}

/// The bugs that were not caught, with the laws that were broken instead.
async fn missed(command: &[&str], plants: &[Plant]) -> Result<Vec<String>, Trouble> {
    let mut world = Platform::start(command, plants[0].1).await?;
    let mut controlled = Vec::new();
    let mut missed = Vec::new();
    for &Plant(bug, initial, check, law) in plants {
        world.initial = initial;
        if !controlled.contains(&(initial, check)) {
            controlled.push((initial, check));
            let found = violations(&mut world, check).await?;
            missed.extend(found.iter().map(|found| format!("without a bug: {found}")));
        }
        world.planted_bug = Some(bug);
        let found = violations(&mut world, check).await?;
        world.planted_bug = None;
        let laws: BTreeSet<Law> = found.iter().map(|found| found.law).collect();
        println!("{bug}: {laws:?}");
        if !laws.contains(&law) {
            missed.push(format!("{bug} does not break {law:?} but {laws:?}"));
        }
    }
    Ok(missed)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bug_is_caught_and_without_one_no_law_is_broken() {
    let secrets = missed(&["secrets", "generate"], &SECRETS);
    let login = async {
        let token = missed(&["authentik", "token"], &TOKEN).await?;
        Ok([token, missed(&["dex", "scale"], &DEX).await?].concat())
    };
    let (secrets, login) = tokio::try_join!(secrets, login).unwrap();
    let missed = [secrets, login].concat();
    let planted = SECRETS.len() + TOKEN.len() + DEX.len();
    println!(
        "{planted} planted bugs, {} caught",
        planted - missed.len().min(planted)
    );
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn every_bug_that_there_is_is_planted_here() {
    let source = include_str!("../../src/planted.rs");
    let variants = source
        .split_once("enum Bug {")
        .unwrap()
        .1
        .split_once('}')
        .unwrap()
        .0;
    let known = variants.lines().map(str::trim);
    let known: BTreeSet<&str> = known
        .filter(|line| !line.starts_with("///"))
        .filter_map(|line| line.strip_suffix(','))
        .collect();
    let here = SECRETS.iter().chain(&TOKEN).chain(&DEX);
    let here: BTreeSet<&str> = here.map(|plant| plant.0).collect();
    assert_eq!(here, known);
}
