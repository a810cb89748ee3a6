//! Looking at the platform once, in few requests.

use super::{account, login, rules};
use crate::{
    check::{
        Account, Certificate, Check, Facts, KeyFact, LeaseFact, Listing, Look, Probe, Provider,
        ProviderState, Scope, SecretFact, Source, TlsFact, Trouble,
    },
    converge::{Context, Step},
    kubernetes::{Served, access},
    model::{
        config::Config,
        failure::{Failure, Reason},
        kind::Kind,
        names,
        object::ObjectRef,
    },
    steps::{
        oidc_verify::{OidcVerify, Place, Problem, Seen, State},
        secrets_generate::{self, Pair},
    },
};
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::{coordination::v1::Lease, core::v1::ConfigMap};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Lists that are under way at the same time.
const CONCURRENCY: usize = 8;

/// Looks at all that these checks need.
///
/// # Errors
/// Only what ends the run: everything else that keeps something from being seen is a fact.
pub(super) async fn gather(cx: &Context, checks: &[&Check]) -> Result<Facts, Failure> {
    let server = cx.cluster.info().server;
    let mut facts = Facts::new(cx.config.clone(), jiff::Timestamp::now(), server);
    if let Err(failure) = cx.cluster.check_version().await {
        match failure.reason {
            Reason::UnsupportedVersion => facts.is_too_old = true,
            Reason::Interrupted => return Err(failure),
            _ => {
                facts.unreachable = Some(failure.into());
                return Ok(facts);
            }
        }
    }
    facts.version = cx.cluster.info().version;
    let sources = rules::sources(checks);
    let probes = rules::probes(checks);
    let asked = |probe| probes.contains(&probe);
    let (lists, access, secrets, account, providers, small, login) = tokio::try_join!(
        lists(cx, sources, &facts.platform),
        look_if(asked(Probe::Access), access(cx, checks)),
        look_if(asked(Probe::Secrets), secrets(cx)),
        look_if(asked(Probe::Account), account::look(cx)),
        look_if(
            asked(Probe::Providers) || asked(Probe::Outside),
            providers(cx, asked(Probe::Outside))
        ),
        small(cx, &probes),
        look_if(asked(Probe::Login), login::look(cx)),
    )?;
    facts.login = login;
    facts.lists = lists;
    facts.access = access;
    facts.secrets = secrets;
    (facts.account, facts.bootstrap) = apart(account);
    (facts.providers, facts.outside) = apart(providers);
    (facts.dex_config, facts.has_jobs_config, facts.lease) = small;
    if asked(Probe::Tls) {
        facts.certificates = certificates(cx, &facts).await?;
    }
    Ok(facts)
}

/// # Errors
/// Only a stop of the run.
fn seen<T>(found: Result<T, Failure>) -> Result<Look<T>, Failure> {
    match found {
        Ok(found) => Ok(Look::Seen(found)),
        Err(failure) if failure.reason == Reason::Interrupted => Err(failure),
        Err(failure) => Ok(Look::Unseen(failure.to_string())),
    }
}

async fn look_if<T>(
    is_asked: bool,
    look: impl Future<Output = Result<T, Failure>>,
) -> Result<Look<T>, Failure> {
    match is_asked {
        true => seen(look.await),
        false => Ok(Look::NotAsked),
    }
}

/// One look at two things.
fn apart<A, B>(both: Look<(A, B)>) -> (Look<A>, Look<B>) {
    match both {
        Look::Seen((one, other)) => (Look::Seen(one), Look::Seen(other)),
        Look::Unseen(why) => (Look::Unseen(why.clone()), Look::Unseen(why)),
        Look::NotAsked => (Look::NotAsked, Look::NotAsked),
    }
}

/// Every list, of the kinds that the cluster has: one request for each page of it, and two to learn which it has.
async fn lists(
    cx: &Context,
    sources: BTreeSet<Source>,
    platform: &BTreeSet<String>,
) -> Result<BTreeMap<Source, Listing>, Failure> {
    if sources.is_empty() {
        return Ok(BTreeMap::new());
    }
    let served = match seen(cx.cluster.kinds().await)? {
        Look::Seen(served) => served,
        Look::Unseen(message) => {
            let trouble = Trouble {
                reason: Reason::Unavailable,
                message,
                remedy: None,
            };
            return Ok(sources
                .into_iter()
                .map(|of| (of, Listing::Unseen(trouble.clone())))
                .collect());
        }
        Look::NotAsked => Vec::new(),
    };
    let lists = sources.into_iter().map(|of| {
        let kind = kind(&served, of);
        async move {
            let found = match kind {
                None => Listing::NotInstalled,
                Some(kind) => list(cx, of, &kind, platform).await?,
            };
            Ok::<_, Failure>((of, found))
        }
    });
    let lists = lists.collect::<Vec<_>>();
    stream::iter(lists)
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
}

/// The kind in the version that the server prefers.
fn kind(served: &[Served], of: Source) -> Option<Kind> {
    let found = served
        .iter()
        .find(|served| served.kind.group == of.group && served.kind.name == of.kind);
    found.map(|found| found.kind.clone())
}

async fn list(
    cx: &Context,
    of: Source,
    kind: &Kind,
    platform: &BTreeSet<String>,
) -> Result<Listing, Failure> {
    let mut pages = std::pin::pin!(cx.cluster.find_pages(kind, None, ""));
    let mut objects = Vec::new();
    loop {
        match pages.try_next().await {
            Ok(None) => return Ok(Listing::Objects(objects)),
            Ok(Some(page)) => objects.extend(
                page.into_iter()
                    .filter(|object| is_kept(of, object, platform))
                    .map(trimmed),
            ),
            Err(failure) if failure.reason == Reason::Interrupted => return Err(failure),
            Err(failure) if failure.reason == Reason::NotFound => return Ok(Listing::NotInstalled),
            Err(failure) => return Ok(Listing::Unseen(failure.into())),
        }
    }
}

fn is_kept(of: Source, object: &Value, platform: &BTreeSet<String>) -> bool {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    of.scope == Scope::All || platform.contains(namespace)
}

/// Without what no check looks at: who owns which field of others' objects, and the schemas of definitions.
fn trimmed(mut object: Value) -> Value {
    let is_ours = object["metadata"]["labels"][names::MANAGED_BY_LABEL] == names::PRODUCT;
    if let Some(metadata) = object["metadata"].as_object_mut().filter(|_| !is_ours) {
        metadata.remove("managedFields");
    }
    for version in object["spec"]["versions"].as_array_mut().into_iter().flatten() {
        version["schema"] = Value::Null;
    }
    object
}

async fn access(cx: &Context, checks: &[&Check]) -> Result<Account, Failure> {
    let rules = rules::of(checks, &cx.config);
    let (missing, is_incomplete) = access::missing(&cx.cluster, &rules).await?;
    let missing = missing.iter().map(ToString::to_string).collect();
    Ok(Account {
        missing,
        is_incomplete,
    })
}

async fn secrets(cx: &Context) -> Result<Vec<SecretFact>, Failure> {
    let seen = secrets_generate::look(cx).await?;
    let of_secret = |secret: &secrets_generate::SecretSeen| SecretFact {
        object: secret.spec.object(),
        exists: secret.uid.is_some(),
        is_immutable: secret.immutable,
        rotating: secret.rotating.clone(),
        data_loss: secrets_generate::data_loss(&seen, secret).map(|refusal| (refusal.message, refusal.hint)),
        keys: secret.keys.iter().map(of_key).collect(),
    };
    Ok(seen.secrets.iter().map(of_secret).collect())
}

fn of_key(key: &secrets_generate::KeySeen) -> KeyFact {
    use crate::model::secrets::Origin;
    let source = match &key.spec.origin {
        Origin::CopyOf(source) if key.pair == Pair::Different => {
            Some(format!("{}/{}", source.secret, source.key))
        }
        _ => None,
    };
    KeyFact {
        name: key.spec.at.key.to_owned(),
        quality: key.quality,
        differs_from: source,
    }
}

/// Inside the cluster, and outside if that is asked for.
async fn providers(cx: &Context, outside: bool) -> Result<(Vec<Provider>, Vec<Provider>), Failure> {
    let seen = OidcVerify::new(!outside).observe(cx).await?;
    let is_outside = |seen: &Seen| seen.place == Place::DexOutside;
    let (outside, inside): (Vec<Seen>, Vec<Seen>) = seen.into_iter().partition(is_outside);
    Ok((
        inside.into_iter().filter_map(provider).collect(),
        outside.into_iter().filter_map(provider).collect(),
    ))
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self {
            reason: problem.reason,
            message: problem.message,
            remedy: problem.remedy,
        }
    }
}

fn provider(seen: Seen) -> Option<Provider> {
    let state = match seen.state {
        State::Good { .. } => ProviderState::Good,
        State::NotYet(problem) => ProviderState::Silent(problem.into()),
        State::Wrong(problems) => ProviderState::Wrong(problems.into_iter().map(Trouble::from).collect()),
        State::Skipped => return None,
    };
    Some(Provider { url: seen.url, state })
}

type Small = (Look<Option<String>>, Look<bool>, Look<Option<LeaseFact>>);

/// Single objects.
async fn small(cx: &Context, probes: &BTreeSet<Probe>) -> Result<Small, Failure> {
    let asked = |probe| probes.contains(&probe);
    let (auth, platform) = (&cx.config.namespaces.auth, &cx.config.namespaces.platform);
    tokio::try_join!(
        look_if(asked(Probe::DexConfig), async {
            let map = cx.cluster.get::<ConfigMap>(auth, rules::DEX_CONFIG).await?;
            Ok(map.and_then(|map| map.data?.remove("config.yaml")))
        }),
        look_if(asked(Probe::JobsConfig), async {
            Ok(cx
                .cluster
                .get::<ConfigMap>(platform, names::CONFIG_MAP)
                .await?
                .is_some())
        }),
        look_if(asked(Probe::Lease), async {
            let lease = cx.cluster.get::<Lease>(platform, rules::LOCK).await?;
            Ok(lease.map(|lease| held(lease, &cx.config)))
        }),
    )
}

fn held(lease: Lease, config: &Config) -> LeaseFact {
    let spec = lease.spec.unwrap_or_default();
    LeaseFact {
        object: ObjectRef::namespaced("Lease", &config.namespaces.platform, rules::LOCK),
        holder: spec.holder_identity.unwrap_or_default(),
        renewed: spec.renew_time.and_then(|time| time.0.to_string().parse().ok()),
        seconds: spec.lease_duration_seconds.unwrap_or_default().into(),
    }
}

type Certificates = BTreeMap<(String, String), Look<TlsFact>>;

/// The certificates that Ingresses name. Of the Secret only that is looked at.
async fn certificates(cx: &Context, facts: &Facts) -> Result<Certificates, Failure> {
    let ingresses = facts.lists.iter().find(|(of, _)| of.kind == "Ingress");
    let Some((_, Listing::Objects(ingresses))) = ingresses else {
        return Ok(Certificates::new());
    };
    let looks = rules::named_certificates(ingresses)
        .into_iter()
        .map(|(namespace, name)| async move {
            let found = cx.cluster.secret(&namespace, &name).await;
            let found = seen(found.map(|secret| match secret {
                None => TlsFact::Missing,
                Some(secret) => {
                    let pem = secret.text("tls.crt");
                    let pem = pem.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
                    Certificate::parse(pem)
                        .map_or_else(|why| TlsFact::Unreadable(why.to_owned()), TlsFact::Certificate)
                }
            }))?;
            Ok::<_, Failure>(((namespace, name), found))
        });
    let looks = looks.collect::<Vec<_>>();
    stream::iter(looks)
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
}
