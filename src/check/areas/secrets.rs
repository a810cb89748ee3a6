//! Generated secrets.

use super::super::{Category::Secrets, Check, Facts, Finding, KeyFact, Probe, SecretFact, Skip};
use crate::model::{failure::Reason, secrets::Quality};

const GENERATE: &str = "run `aphex-ops secrets generate`";

pub(super) const CHECKS: &[Check] = &[
    Check::error("APX-SEC-001", Secrets, "every generated Secret exists", exist)
        .means("What reads it does not start.")
        .mended("Run `aphex-ops secrets generate`.")
        .after(&["APX-CLU-003"])
        .probing(&[Probe::Secrets]),
    Check::error(
        "APX-SEC-002",
        Secrets,
        "every key of a generated Secret has a value",
        filled,
    )
    .means("A key that is missing or empty keeps a Pod from starting, or makes a login fail.")
    .mended("Run `aphex-ops secrets generate`: it fills what is missing and overwrites nothing.")
    .after(&["APX-CLU-003"])
    .probing(&[Probe::Secrets]),
    Check::error(
        "APX-SEC-003",
        Secrets,
        "copies of a secret are equal to their source",
        equal,
    )
    .means("The two sides of a login know different client secrets, so that it fails with invalid_client.")
    .mended(
        "Run `aphex-ops secrets generate`: it makes the copy equal again. Then roll what read the old one.",
    )
    .after(&["APX-CLU-003"])
    .probing(&[Probe::Secrets]),
    Check::error("APX-SEC-004", Secrets, "no secret is a placeholder", placeholder)
        .means("Somebody installed an example as it was: everybody who read it knows the secret.")
        .mended("Put a value of your own there; nothing overwrites a value that exists.")
        .after(&["APX-CLU-003"])
        .probing(&[Probe::Secrets]),
    Check::error("APX-SEC-005", Secrets, "every secret is long enough", long)
        .means("It has under 128 bits, so that it can be guessed.")
        .mended("Put a longer value there; nothing overwrites a value that exists.")
        .after(&["APX-CLU-003"])
        .probing(&[Probe::Secrets]),
    Check::error("APX-SEC-006", Secrets, "every secret is text in one line", text)
        .means(
            "A line break at the end, or bytes that are no text, become part of the secret where it is read.",
        )
        .mended("Put the value there again without the line break (`printf %s`, not `echo`).")
        .after(&["APX-CLU-003"])
        .probing(&[Probe::Secrets]),
    Check::error("APX-SEC-007", Secrets, "no Secret of the database is lost", lost)
        .means("The database was initialised with passwords that are gone, so that nobody gets at its data.")
        .mended("Restore the Secret from a backup (`aphex-ops backup restore FILE --identity-file FILE`), or give up the data by deleting the volume claim.")
        .after(&["APX-CLU-003"])
        .probing(&[Probe::Secrets]),
    Check::warning(
        "APX-SEC-008",
        Secrets,
        "no generated Secret is immutable",
        mutable,
    )
    .means("Keys that a later version needs cannot be added, nor can values be rotated.")
    .mended("Make the Secret anew without `immutable`, with the same values.")
    .after(&["APX-CLU-003"])
    .probing(&[Probe::Secrets]),
    Check::warning(
        "APX-SEC-009",
        Secrets,
        "every rotation is finished",
        rotated,
    )
    .means("A run of `secrets rotate` was interrupted: the value before is still there, or the new one is not in use yet.")
    .mended("Run `aphex-ops secrets rotate` for that secret again: it finishes what was begun, and begins nothing new.")
    .after(&["APX-CLU-003"])
    .probing(&[Probe::Secrets]),
];

fn rotated(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let secrets = facts.secrets.seen()?.iter();
    let found = secrets.flat_map(|secret| {
        secret.rotating.iter().map(|rotatable| {
            let message = format!("the rotation of {rotatable} is not finished");
            let remedy = format!("run `aphex-ops secrets rotate {rotatable}`");
            Finding::new(secret.object.clone(), Reason::NotReady, message, remedy)
        })
    });
    Ok(found.collect())
}

/// One that must not be made anew is told of by another check.
fn exist(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let secrets = facts.secrets.seen()?.iter();
    let missing = secrets.filter(|secret| !secret.exists && secret.data_loss.is_none());
    let found = missing.map(|secret| Finding::missing(secret.object.clone(), "it does not exist", GENERATE));
    Ok(found.collect())
}

/// The keys of Secrets that exist, as findings.
fn keys(
    facts: &Facts,
    tell: impl Fn(&SecretFact, &KeyFact) -> Option<Finding>,
) -> Result<Vec<Finding>, Skip> {
    let secrets = facts.secrets.seen()?.iter().filter(|secret| secret.exists);
    let found = secrets.flat_map(|secret| {
        secret
            .keys
            .iter()
            .filter_map(|key| tell(secret, key))
            .collect::<Vec<_>>()
    });
    Ok(found.collect())
}

/// The keys of which a value has one of these flaws.
fn flawed(facts: &Facts, flaws: &[Quality]) -> Result<Vec<Finding>, Skip> {
    keys(facts, |secret, key| {
        let complaint = key.quality.complaint().filter(|_| flaws.contains(&key.quality))?;
        let message = format!("key {} {complaint}", key.name);
        let (namespace, name) = (
            secret.object.namespace.as_deref().unwrap_or_default(),
            &secret.object.name,
        );
        let (reason, remedy) = match key.quality.has_value() {
            true => (
                Reason::InvalidValue,
                format!("kubectl -n {namespace} edit secret {name}"),
            ),
            false => (Reason::NotFound, GENERATE.to_owned()),
        };
        Some(Finding::new(secret.object.clone(), reason, message, remedy))
    })
}

fn filled(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    flawed(facts, &[Quality::Missing, Quality::Empty])
}

fn equal(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    keys(facts, |secret, key| {
        let source = key.differs_from.as_deref()?;
        let message = format!("key {} differs from its source {source}", key.name);
        Some(Finding::new(
            secret.object.clone(),
            Reason::Mismatch,
            message,
            GENERATE,
        ))
    })
}

fn placeholder(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    flawed(facts, &[Quality::Placeholder])
}

fn long(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    flawed(facts, &[Quality::Short])
}

fn text(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    flawed(facts, &[Quality::NotText, Quality::ControlCharacters])
}

fn lost(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let secrets = facts.secrets.seen()?.iter();
    let found = secrets.filter_map(|secret| {
        let (message, remedy) = secret.data_loss.as_ref()?;
        Some(Finding::new(
            secret.object.clone(),
            Reason::DataLossGuard,
            message,
            remedy,
        ))
    });
    Ok(found.collect())
}

fn mutable(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let secrets = facts.secrets.seen()?.iter();
    let found = secrets.filter(|secret| secret.is_immutable).map(|secret| {
        let namespace = secret.object.namespace.as_deref().unwrap_or_default();
        let remedy = format!("kubectl -n {namespace} get secret {} -o yaml", secret.object.name);
        Finding::new(
            secret.object.clone(),
            Reason::InvalidValue,
            "it is immutable",
            remedy,
        )
    });
    Ok(found.collect())
}
