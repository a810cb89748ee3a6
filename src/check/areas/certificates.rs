//! Certificates and who signs them.

use super::super::{
    Category::Certificates,
    Certificate, Check, Facts, Finding, Look, Probe, Skip, TlsFact,
    object::{list, name, named, namespace, since, text},
    sources::{CERTIFICATE, CLUSTER_ISSUERS, INGRESSES, ISSUERS},
};
use super::{told, unhealthy};
use crate::model::{failure::Reason, object::ObjectRef};
use jiff::SignedDuration;
use serde_json::Value;

pub(super) const CHECKS: &[Check] = &[
    Check::error(
        "APX-CRT-001",
        Certificates,
        "every issuer of certificates is ready",
        issuers,
    )
    .means("Nothing that asks it for a certificate gets one.")
    .mended("Look at the issuer: the Secret of its account or authority may be missing.")
    .after(&["APX-CLU-001"])
    .reading(&[CLUSTER_ISSUERS, ISSUERS]),
    Check::error(
        "APX-CRT-002",
        Certificates,
        "every Certificate is issued",
        certificates,
    )
    .means("The Secret that it is to fill is missing, or has a certificate that is about to run out.")
    .mended("Look at the Certificate, its CertificateRequest, and for ACME its Order and Challenge.")
    .after(&["APX-CLU-001"])
    .reading(&[CERTIFICATE, CLUSTER_ISSUERS, ISSUERS]),
    Check::error(
        "APX-CRT-003",
        Certificates,
        "the certificate of every Ingress exists",
        present,
    )
    .means("Browsers are shown the ingress controller's own certificate, and warn.")
    .mended("Make a Certificate for it, or name the right Secret in the Ingress.")
    .after(&["APX-CLU-001"])
    .reading(&[INGRESSES, CERTIFICATE])
    .probing(&[Probe::Tls]),
    Check::error(
        "APX-CRT-004",
        Certificates,
        "no certificate of an Ingress has expired",
        valid,
    )
    .means("Browsers and clients refuse the connection.")
    .mended("Renew it: delete the Secret, and cert-manager issues another one.")
    .after(&["APX-CLU-001"])
    .reading(&[INGRESSES])
    .probing(&[Probe::Tls]),
    Check::warning(
        "APX-CRT-005",
        Certificates,
        "no certificate of an Ingress runs out soon",
        lasting,
    )
    .means("It should have been renewed by now, so something keeps it from being renewed.")
    .mended("Look at its Certificate; without one, renew it by hand.")
    .after(&["APX-CLU-001"])
    .reading(&[INGRESSES])
    .probing(&[Probe::Tls]),
    Check::error(
        "APX-CRT-006",
        Certificates,
        "the certificate of every Ingress is for its hosts",
        fitting,
    )
    .means("Browsers and clients refuse the connection to a host that the certificate does not name.")
    .mended("Add the host to the Certificate, or name the right Secret in the Ingress.")
    .after(&["APX-CLU-001"])
    .reading(&[INGRESSES])
    .probing(&[Probe::Tls]),
    Check::error(
        "APX-CRT-007",
        Certificates,
        "the certificate of every Ingress can be read",
        readable,
    )
    .means("The ingress controller cannot use it, and shows its own.")
    .mended("Put a certificate chain as PEM into the key tls.crt and its key into tls.key.")
    .after(&["APX-CLU-001"])
    .reading(&[INGRESSES])
    .probing(&[Probe::Tls]),
];

fn issuers(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let found = unhealthy(facts, &[CLUSTER_ISSUERS, ISSUERS])?;
    Ok(found
        .into_iter()
        .map(|(object, verdict)| told(object, &verdict))
        .collect())
}

/// Without those of an issuer that is not ready: that is the root.
fn certificates(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let issuers = unhealthy(facts, &[CLUSTER_ISSUERS, ISSUERS]).unwrap_or_default();
    let follows = |certificate: &Value| {
        issuers.iter().any(|(issuer, _)| {
            let is_near = namespace(issuer).is_empty() || namespace(issuer) == namespace(certificate);
            is_near && name(issuer) == text(certificate, "/spec/issuerRef/name")
        })
    };
    let found = unhealthy(facts, &[CERTIFICATE])?.into_iter();
    let own = found.filter(|(certificate, _)| !follows(certificate));
    Ok(own
        .map(|(certificate, verdict)| told(certificate, &verdict))
        .collect())
}

/// One use of a certificate by an Ingress.
struct Use<'a> {
    ingress: &'a Value,
    secret: ObjectRef,
    hosts: Vec<&'a str>,
    seen: &'a Look<TlsFact>,
}

/// Every use of a certificate that was looked at.
fn uses(facts: &Facts) -> Result<Vec<Use<'_>>, Skip> {
    let mut found = Vec::new();
    for ingress in facts.all(INGRESSES)? {
        for tls in list(ingress, "/spec/tls") {
            let key = (namespace(ingress).to_owned(), text(tls, "/secretName").to_owned());
            let Some(seen) = facts.certificates.get(&key) else {
                continue;
            };
            let hosts = list(tls, "/hosts").iter().filter_map(Value::as_str).collect();
            let secret = ObjectRef::secret(&key.0, &key.1);
            found.push(Use {
                ingress,
                secret,
                hosts,
                seen,
            });
        }
    }
    if found.is_empty() {
        return Err(Skip::NotInstalled(
            "no Ingress of the platform has a certificate".to_owned(),
        ));
    }
    match found.iter().find_map(|found| found.seen.seen().err()) {
        Some(skip) if found.iter().all(|found| found.seen.seen().is_err()) => Err(skip),
        _ => Ok(found),
    }
}

/// The certificates that were read, each once.
fn read(facts: &Facts) -> Result<Vec<(Use<'_>, &Certificate)>, Skip> {
    let mut found: Vec<(Use<'_>, &Certificate)> = Vec::new();
    for one in uses(facts)? {
        if let Look::Seen(TlsFact::Certificate(certificate)) = one.seen
            && !found.iter().any(|(other, _)| other.secret == one.secret)
        {
            found.push((one, certificate));
        }
    }
    Ok(found)
}

fn renewal(secret: &ObjectRef) -> String {
    let namespace = secret.namespace.as_deref().unwrap_or_default();
    format!("kubectl -n {namespace} delete secret {}", secret.name)
}

/// One that a Certificate is to fill, and does not, is told of there.
fn present(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let pending: Vec<&Value> = match unhealthy(facts, &[CERTIFICATE]) {
        Ok(found) => found.into_iter().map(|(certificate, _)| certificate).collect(),
        Err(_) => Vec::new(),
    };
    let is_pending = |secret: &ObjectRef| {
        pending.iter().any(|certificate| {
            Some(namespace(certificate)) == secret.namespace.as_deref()
                && text(certificate, "/spec/secretName") == secret.name
        })
    };
    let missing = uses(facts)?
        .into_iter()
        .filter(|one| matches!(one.seen, Look::Seen(TlsFact::Missing)) && !is_pending(&one.secret));
    let found = missing.map(|one| {
        let message = format!("it does not exist, and {} needs it", named(one.ingress));
        let namespace = one.secret.namespace.as_deref().unwrap_or_default();
        let remedy = format!("kubectl -n {namespace} get certificates");
        Finding::missing(one.secret, message, remedy)
    });
    Ok(found.collect())
}

fn valid(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let mut found = Vec::new();
    for (one, certificate) in read(facts)? {
        let remedy = renewal(&one.secret);
        if certificate.not_after <= facts.now {
            let age = since(facts.now, certificate.not_after);
            let message = format!("its certificate expired {age:#} ago");
            found.push(Finding::new(one.secret, "Expired", message, remedy));
        } else if certificate.not_before > facts.now {
            let message = format!("its certificate is not valid before {}", certificate.not_before);
            found.push(Finding::new(one.secret, "NotYetValid", message, remedy));
        }
    }
    Ok(found)
}

/// The last of its lifetime, at most two weeks: by then renewal is long overdue.
fn is_ending(certificate: &Certificate, facts: &Facts) -> bool {
    const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
    let lifetime = certificate.not_after.duration_since(certificate.not_before);
    let left = certificate.not_after.duration_since(facts.now);
    left > SignedDuration::ZERO && left < SOON.min(lifetime / 6)
}

fn lasting(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let ending = read(facts)?
        .into_iter()
        .filter(|(_, certificate)| is_ending(certificate, facts));
    let found = ending.map(|(one, certificate)| {
        let left = since(certificate.not_after, facts.now);
        let remedy = renewal(&one.secret);
        Finding::new(
            one.secret,
            "Expiring",
            format!("its certificate expires in {left:#}"),
            remedy,
        )
    });
    Ok(found.collect())
}

fn fitting(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let mut found = Vec::new();
    for one in uses(facts)? {
        let Look::Seen(TlsFact::Certificate(certificate)) = one.seen else {
            continue;
        };
        let other: Vec<&str> = one
            .hosts
            .iter()
            .copied()
            .filter(|host| !certificate.covers(host))
            .collect();
        if !other.is_empty() {
            let message = format!(
                "its certificate is for {}, and {} uses it for {}",
                certificate.names.join(", "),
                named(one.ingress),
                other.join(", ")
            );
            let namespace = one.secret.namespace.as_deref().unwrap_or_default();
            let remedy = format!("kubectl -n {namespace} get certificates -o wide");
            found.push(Finding::new(one.secret, Reason::Mismatch, message, remedy));
        }
    }
    Ok(found)
}

fn readable(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let broken = uses(facts)?.into_iter().filter_map(|one| match one.seen {
        Look::Seen(TlsFact::Unreadable(why)) => Some((one, why)),
        _ => None,
    });
    let found = broken.map(|(one, why)| {
        let remedy = renewal(&one.secret);
        Finding::new(one.secret, Reason::InvalidValue, why, remedy)
    });
    Ok(found.collect())
}
