//! Authentik and Dex.

use super::super::{
    Bootstrap,
    Category::Identity,
    Check, Comparison, Facts, Finding, Probe, Skip, Stored,
    sources::{DAEMON_SETS, DEPLOYMENTS, PODS, STATEFUL_SETS},
};
use super::workload;
use crate::{
    apply::health::Health,
    model::{failure::Reason, names, object::ObjectRef},
};
use serde_json::{Value, json};

const TOKEN: &str = "run `aphex-ops authentik token`";
const SYNC: &str = "run `aphex-ops dex sync`";
const WORKLOADS: &[super::Source] = &[DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, PODS];

pub(super) const CHECKS: &[Check] = &[
    Check::error("APX-IDN-001", Identity, "Authentik answers", authentik_answers)
        .means("Nobody can log in, and nothing that is set up in Authentik can be checked.")
        .mended("Look at Authentik's Pods, and at authentik.url of the configuration.")
        .after(&["APX-CLU-003"])
        .reading(WORKLOADS)
        .probing(&[Probe::Account]),
    Check::error("APX-IDN-002", Identity, "an API token for Authentik is stored", token_stored)
        .means("The scheduled jobs cannot keep Authentik in step with Dex's client secret.")
        .mended("Run `aphex-ops authentik token`.")
        .after(&["APX-CLU-003"])
        .probing(&[Probe::Account]),
    Check::error("APX-IDN-003", Identity, "Authentik accepts the stored API token", token_accepted)
        .means("It was deleted, it expired, or Authentik's database is another one.")
        .mended("Run `aphex-ops authentik token`: it replaces a token that is refused.")
        .after(&["APX-IDN-001", "APX-IDN-002"])
        .probing(&[Probe::Account]),
    Check::error("APX-IDN-004", Identity, "the stored API token sees Dex's provider", token_sees)
        .means("The provider was deleted or made anew, or the token lost its right.")
        .mended("Run `aphex-ops authentik token`: it finds the provider and grants the right again.")
        .after(&["APX-IDN-003"])
        .probing(&[Probe::Account]),
    Check::error("APX-IDN-005", Identity, "Authentik knows Dex's client secret", same_secret)
        .means("Dex cannot redeem what Authentik gives it: every login ends with invalid_client.")
        .mended("Run `aphex-ops dex sync`.")
        .after(&["APX-IDN-004"])
        .probing(&[Probe::Account]),
    Check::warning("APX-IDN-006", Identity, "the stored API token may do no more than it has to", token_scoped)
        .means("Whoever reads that Secret can change more than Dex's provider.")
        .mended("Run `aphex-ops authentik token`; take rights away in Authentik that the account does not need.")
        .after(&["APX-IDN-001", "APX-IDN-002"])
        .probing(&[Probe::Account]),
    Check::warning("APX-IDN-007", Identity, "the superuser's token of the first start is retired", bootstrap_retired)
        .means("Whoever reads Secret authentik-secrets is an administrator of Authentik.")
        .mended("Run `aphex-ops authentik token --retire-bootstrap`.")
        .after(&["APX-IDN-001"])
        .probing(&[Probe::Account]),
    Check::error("APX-IDN-008", Identity, "Dex is installed", dex_exists)
        .means("Nobody can log in.")
        .mended("Apply the component `auth`, or name Dex's Deployment in dex.deployment of the configuration.")
        .after(&["APX-CLU-003"])
        .reading(&[DEPLOYMENTS]),
    Check::error("APX-IDN-009", Identity, "Dex is not scaled to 0", dex_awake)
        .means("Dex is installed without replicas, and starts when Authentik knows its client secret. Until then nobody can log in.")
        .mended("Run `aphex-ops dex scale`.")
        .after(&["APX-IDN-008"])
        .reading(&[DEPLOYMENTS]),
    Check::error("APX-IDN-010", Identity, "Dex was started by a command that knows its secrets", dex_digest)
        .means("Without the digest of its secrets nobody sees that Dex runs with old ones: it reads them once, when it starts.")
        .mended("Run `aphex-ops dex scale`: it rolls Dex and records the digest.")
        .after(&["APX-IDN-009"])
        .reading(&[DEPLOYMENTS]),
];

fn token(facts: &Facts) -> ObjectRef {
    ObjectRef::secret(&facts.config.namespaces.auth, names::API_TOKEN_SECRET)
}

fn authentik(facts: &Facts) -> ObjectRef {
    ObjectRef::global("Authentik", facts.config.authentik_url())
}

/// Silence follows from a server that does not run.
fn authentik_answers(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let Stored::Silent(trouble) = facts.account.seen()? else {
        return Ok(Vec::new());
    };
    let home = &facts.config.namespaces.auth;
    let labels = json!({"app": "authentik", "component": "server"});
    if let Some(code) = workload::is_behind(facts, home, &labels) {
        return Err(Skip::Follows(code, "its server does not run".to_owned()));
    }
    let remedy = trouble.remedy.clone();
    let remedy = remedy.unwrap_or_else(|| format!("kubectl -n {home} get pods -o wide"));
    Ok(vec![Finding::new(
        authentik(facts),
        trouble.reason,
        &trouble.message,
        remedy,
    )])
}

fn token_stored(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    Ok(match facts.account.seen()? {
        Stored::None => vec![Finding::missing(token(facts), "no API token is stored", TOKEN)],
        _ => Vec::new(),
    })
}

fn token_accepted(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let told = |reason: Reason, message: &str| vec![Finding::new(token(facts), reason, message, TOKEN)];
    Ok(match facts.account.seen()? {
        Stored::Unusable => told(Reason::InvalidValue, "the value has characters that no token has"),
        Stored::Refused => told(Reason::Unauthenticated, "Authentik does not accept the token"),
        _ => Vec::new(),
    })
}

fn token_sees(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let message = "the token does not see exactly one provider that is Dex's";
    Ok(match facts.account.seen()? {
        Stored::Blind => vec![Finding::new(token(facts), Reason::Forbidden, message, TOKEN)],
        _ => Vec::new(),
    })
}

fn same_secret(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let provider = ObjectRef::global("Authentik provider", &facts.config.authentik.provider);
    let told = |message: &str| vec![Finding::new(provider.clone(), Reason::Mismatch, message, SYNC)];
    Ok(match facts.account.seen()? {
        Stored::Works {
            secret: Comparison::Different,
            ..
        } => told("its client secret is not the one in Secret dex-secrets"),
        Stored::Works {
            secret: Comparison::Refused,
            ..
        } => told("its client secret is shown as the one in Secret dex-secrets, but it is not accepted"),
        _ => Vec::new(),
    })
}

fn token_scoped(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let told = |message: String| vec![Finding::new(token(facts), Reason::TooPowerful, message, TOKEN)];
    Ok(match facts.account.seen()? {
        Stored::Superuser => told("it is the superuser's token of Authentik's first start".to_owned()),
        Stored::Works { others, .. } if *others > 0 => {
            told(format!("it sees {others} providers besides Dex's"))
        }
        _ => Vec::new(),
    })
}

fn bootstrap_retired(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let object = ObjectRef::secret(&facts.config.namespaces.auth, names::AUTHENTIK_SECRET);
    let message = format!(
        "its {} still works, and is a superuser's",
        names::BOOTSTRAP_TOKEN_KEY
    );
    let remedy = "run `aphex-ops authentik token --retire-bootstrap`";
    Ok(match facts.bootstrap.seen()? {
        Bootstrap::Alive => vec![Finding::new(object, Reason::TooPowerful, message, remedy)],
        Bootstrap::Gone => Vec::new(),
    })
}

/// Dex's Deployment.
pub(super) fn dex(facts: &Facts) -> Result<Option<&Value>, Skip> {
    let (namespace, name) = (&facts.config.namespaces.auth, &facts.config.dex.deployment);
    facts.one(DEPLOYMENTS, namespace, name)
}

fn dex_object(facts: &Facts) -> ObjectRef {
    ObjectRef::namespaced(
        "Deployment",
        &facts.config.namespaces.auth,
        &facts.config.dex.deployment,
    )
}

fn dex_exists(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let found = dex(facts)?.is_none().then(|| {
        let remedy = "run `aphex-ops waves install`, or name it in dex.deployment of the configuration";
        Finding::missing(dex_object(facts), "it does not exist", remedy)
    });
    Ok(found.into_iter().collect())
}

fn dex_awake(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let asleep = dex(facts)?.filter(|dex| dex["spec"]["replicas"] == 0);
    let found = asleep.map(|_| {
        let message = "it is scaled to 0, so nobody can log in";
        Finding::new(
            dex_object(facts),
            Reason::Paused,
            message,
            "run `aphex-ops dex scale`",
        )
    });
    Ok(found.into_iter().collect())
}

fn dex_digest(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let annotations = |dex: &&Value| {
        let digest = dex["spec"]["template"]["metadata"]["annotations"].get(names::SECRETS_DIGEST_ANNOTATION);
        digest.is_none() && facts.verdict(dex).health == Health::Current
    };
    let found = dex(facts)?.filter(annotations).map(|_| {
        let message = "it does not say with which secrets it was started, so it may run with old ones";
        Finding::new(
            dex_object(facts),
            Reason::NotFound,
            message,
            "run `aphex-ops dex scale`",
        )
    });
    Ok(found.into_iter().collect())
}
