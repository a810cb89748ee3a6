//! cert-manager's Certificates, their issuers, and what an issuance goes through.
//!
//! Its conditions say for which generation they were written (`pkg/api/util/conditions.go`). A false `Ready` is the
//! normal state of a certificate that is being issued, and of an issuer that waits for its Secret.

use super::{
    Health, Need, Rule, Verdict,
    subject::{Condition, Subject, text},
    verdict::Doubt,
};
use serde_json::Value;

const GROUP: &str = "cert-manager.io";
const ACME: &str = "acme.cert-manager.io";

pub(super) const RULES: &[Rule] = &[
    Rule::new(GROUP, "Certificate", certificate)
        .with_conditions()
        .needing(secret),
    Rule::new(GROUP, "Issuer", issuer).with_conditions(),
    Rule::new(GROUP, "ClusterIssuer", issuer).with_conditions(),
    Rule::new(GROUP, "CertificateRequest", request).with_conditions(),
    Rule::new(ACME, "Order", acme),
    Rule::new(ACME, "Challenge", acme),
];

/// What a Secret with a certificate has.
const KEYS: [&str; 2] = ["tls.crt", "tls.key"];

/// That the certificate is for the names that are asked for is what cert-manager checks before it says `Ready`
/// (`internal/controller/certificates/policies`), so it is not checked again.
fn certificate(subject: &Subject<'_>) -> Verdict {
    let issuing = subject.condition("Issuing");
    let ready = subject.condition("Ready");
    let failed = issuing.filter(|found| found.is_false() && !matches!(found.reason, "" | "Issued"));
    match (ready, issuing, failed) {
        (_, Some(found), _) if found.is_true() => attempts(subject, found.verdict(Health::Progressing)),
        (Some(ready), _, failed) if ready.is_true() => {
            let checks = secret(subject.live)
                .into_iter()
                .map(|need| has_keys(subject, &need, &KEYS));
            let verdict = ready.verdict(Health::Current).confirmed(checks);
            match failed {
                Some(failed) => verdict.warned(format!("its renewal failed: {}", failed.message)),
                None => verdict,
            }
        }
        (_, _, Some(failed)) => attempts(subject, failed.verdict(Health::Degraded)),
        (Some(ready), ..) if ready.is_false() => attempts(subject, ready.verdict(Health::Degraded)),
        (ready, ..) => unsaid(ready),
    }
}

fn attempts(subject: &Subject<'_>, verdict: Verdict) -> Verdict {
    match subject.count("/status/failedIssuanceAttempts") {
        0 => verdict,
        failed => verdict.and(&format!("{failed} attempts have failed")),
    }
}

fn secret(live: &Value) -> Vec<Need> {
    let namespace = text(live, "/metadata/namespace");
    vec![Need::object(
        "",
        "Secret",
        Some(namespace),
        text(live, "/spec/secretName"),
    )]
}

/// Whether a Secret has all these keys.
pub(super) fn has_keys(subject: &Subject<'_>, need: &Need, keys: &[&str]) -> Result<(), Doubt> {
    let secret = subject.found.object(need)?;
    match keys.iter().find(|key| secret["data"].get(**key).is_none()) {
        Some(key) => Err(Doubt::Denied(format!("{need} has no {key} yet"))),
        None => Ok(()),
    }
}

fn unsaid(condition: Option<Condition<'_>>) -> Verdict {
    match condition {
        Some(found) => found.verdict(Health::Progressing),
        None => Verdict::progressing("its controller has not seen the last change yet"),
    }
}

fn issuer(subject: &Subject<'_>) -> Verdict {
    match subject.condition("Ready") {
        Some(found) if found.is_true() => found.verdict(Health::Current),
        Some(found) if found.is_false() => found.verdict(Health::Degraded),
        found => unsaid(found),
    }
}

/// A request is never tried again: there is a new one for each attempt.
fn request(subject: &Subject<'_>) -> Verdict {
    let is = |kind| subject.condition(kind).filter(|found| found.is_true());
    if let Some(found) = is("Denied").or(is("InvalidRequest")) {
        return found.verdict(Health::Failed);
    }
    match subject.condition("Ready") {
        Some(found) if found.is_true() => found.verdict(Health::Current),
        Some(found) if found.is_false() && matches!(found.reason, "Failed" | "Denied") => {
            found.verdict(Health::Failed)
        }
        found => unsaid(found),
    }
}

/// Orders and Challenges have the states of RFC 8555, section 7.1.6, and `errored` besides.
fn acme(subject: &Subject<'_>) -> Verdict {
    let state = subject.text("/status/state");
    let health = match state {
        "valid" => Health::Current,
        "invalid" | "errored" | "expired" => Health::Failed,
        "" => return Verdict::progressing("its controller has not looked at it yet"),
        _ => Health::Progressing,
    };
    let verdict = Verdict::new(health, format!("its state is {state}"));
    verdict.and(subject.text("/status/reason")).because(state)
}
