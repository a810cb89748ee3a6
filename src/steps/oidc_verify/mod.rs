//! `oidc verify`: the login's providers say of themselves what clients need.

mod plan;

use crate::{
    converge::{Context, Meta, Outcome, Plan, Schedule, Step, contract::Nothing},
    http::Url,
    model::{
        config::Config,
        failure::{Failure, Reason},
        rule::Rule,
    },
    oidc::{
        Finding,
        checks::{self, Expected, Plain},
        provider::{KeysFrom, Look, Provider, look},
    },
};
pub use plan::Seen;
pub(in crate::steps) use plan::{Place, Problem, State};

/// Verify what Authentik and Dex say of themselves: issuer, endpoints and keys, inside and outside
#[derive(Debug, Clone, Default, clap::Args)]
pub struct OidcVerify {
    /// Do not ask Dex from outside, through its public name
    #[arg(long)]
    skip_external: bool,
}

impl OidcVerify {
    /// Inside the cluster only, or outside too.
    pub(in crate::steps) const fn new(skip_external: bool) -> Self {
        Self { skip_external }
    }
}

impl Step for OidcVerify {
    const META: Meta = Meta {
        command: "oidc verify",
        summary: "Authentik and Dex say of themselves what a login needs",
        schedule: Schedule::Cron("4-59/10 * * * *"),
        read_only: true,
    };
    type Observed = Vec<Seen>;
    type Action = Nothing;

    /// In a Pod it asks the providers only; what forwarding from outside needs is said when it is missing.
    fn rules(&self, _: &Config) -> Vec<Rule> {
        Vec::new()
    }

    async fn observe(&self, cx: &Context) -> Result<Vec<Seen>, Failure> {
        let (config, issuer) = (&cx.config, cx.config.dex_issuer());
        let expected = Expected {
            issuer: &issuer,
            plain: Plain::InCluster,
        };
        let inside = config.dex_url();
        let outside = async {
            match self.skip_external {
                true => Ok(None),
                false => ask(cx, &issuer, expected, KeysFrom::Document).await.map(Some),
            }
        };
        let within = ask(cx, &inside, expected, KeysFrom::SameServer);
        let (upstream, mut within, outside) = futures::try_join!(authentik(cx), within, outside)?;
        if let (Look::Good(here), Some(Look::Good(there))) = (&within, &outside) {
            let findings = compare(here, there);
            if !findings.is_empty() {
                within = Look::Wrong(findings);
            }
        }
        Ok(vec![
            seen(Place::Authentik, authentik_issuer(config), upstream),
            seen(Place::DexInside, inside, within),
            match outside {
                Some(outside) => seen(Place::DexOutside, issuer, outside),
                None => Seen {
                    place: Place::DexOutside,
                    url: issuer,
                    state: State::Skipped,
                },
            },
        ])
    }

    fn plan(&self, seen: &Vec<Seen>) -> Plan<Nothing> {
        plan::plan(seen)
    }

    async fn apply(&self, _: &Context, action: Nothing) -> Result<Outcome, Failure> {
        match action {}
    }
}

/// The provider that Dex sends people to.
async fn authentik(cx: &Context) -> Result<Look, Failure> {
    let issuer = authentik_issuer(&cx.config);
    let expected = Expected {
        issuer: &issuer,
        plain: Plain::AsIssuer,
    };
    ask(cx, &issuer, expected, KeysFrom::Document).await
}

async fn ask(cx: &Context, base: &str, expected: Expected<'_>, from: KeysFrom) -> Result<Look, Failure> {
    match cx.reach(base).await? {
        Some(wait) => Ok(Look::NotYet(Finding {
            reason: wait.reason,
            message: format!("{}: {}", wait.object, wait.message),
            remedy: wait.remedy,
        })),
        None => look(&cx.http, base, expected, from).await,
    }
}

/// Authentik makes its issuer from the host that it is asked under, and the application's slug (recorded).
fn authentik_issuer(config: &Config) -> String {
    let url = format!(
        "{}/application/o/{}/",
        config.authentik_url(),
        config.authentik.slug
    );
    // As a client writes the Host header: without the port that the scheme implies.
    Url::parse(&url).map_or(url, String::from)
}

fn compare(inside: &Provider, outside: &Provider) -> Vec<Finding> {
    let mut findings = checks::differences(&inside.discovery, &outside.discovery);
    if inside.keys != outside.keys {
        findings.push(Finding {
            reason: Reason::Mismatch,
            message: "its keys in the cluster are not those that it shows outside".to_owned(),
            remedy: None,
        });
    }
    findings
}

fn seen(place: Place, url: String, look: Look) -> Seen {
    let problem = |finding: Finding| Problem {
        reason: finding.reason,
        message: finding.message,
        remedy: finding.remedy,
    };
    let state = match look {
        Look::Good(provider) => State::Good {
            keys: provider.keys.len(),
        },
        Look::NotYet(finding) => State::NotYet(problem(finding)),
        Look::Wrong(findings) => State::Wrong(findings.into_iter().map(problem).collect()),
    };
    Seen { place, url, state }
}

#[cfg(test)]
mod tests;
