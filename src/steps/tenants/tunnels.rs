//! The ways in from the internet: looking at Cloudflare's side of every Organization, and changing it.
//!
//! Cloudflare is somebody else's service. What is wrong with it is said in the status of the organizations that need it, and
//! keeps nothing in the cluster waiting.

use super::{
    desired::credentials,
    memory::Memory,
    seen::{OrganizationSeen, PartState, TunnelSeen},
};
use crate::{
    cloudflare::{ApiError, Cloudflare, Credentials, Record, Tunnel, given_token, stored_token},
    converge::{Context, Outcome},
    model::{
        config::Config,
        failure::Failure,
        kind::Address,
        names,
        object::ObjectRef,
        tenants::names as tenant_names,
        tunnel::{self, Action, Names, Next, Proof, Question},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::path::Path;

/// Cloudflare as this platform uses it.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    api: Cloudflare,
    account: String,
    zone: String,
}

impl Edge {
    async fn open(cx: &Context, token_file: Option<&Path>) -> Result<Self, Failure> {
        let environment = crate::cloudflare::from_environment();
        let token = match given_token(token_file, environment.as_ref())? {
            Some(token) => token,
            None => {
                let namespace = &cx.config.namespaces.platform;
                let secret = cx.cluster.secret(namespace, names::CLOUDFLARE_SECRET).await?;
                let value = secret.and_then(|secret| secret.text(names::CLOUDFLARE_TOKEN_KEY));
                stored_token(namespace, value.as_ref())?
            }
        };
        let configured = &cx.config.cloudflare;
        let api = Cloudflare::new(&cx.http, &configured.api_url, token);
        let account = api.account(configured.account_id.as_deref()).await?;
        let zone = api.zone_id(cx.config.cloudflare_zone()).await?;
        Ok(Self { api, account, zone })
    }
}

/// Looks at the way in of each organization that has a good name, and decides what comes next for it.
pub(super) async fn look(
    cx: &Context,
    memory: &Memory,
    token_file: Option<&Path>,
    organizations: &mut [OrganizationSeen],
) {
    let is_concerned = |seen: &OrganizationSeen| !seen.parts.is_empty() && !seen.resource.is_suspended;
    if !organizations.iter().any(is_concerned) {
        return;
    }
    let all = all(cx, memory, token_file).await;
    for seen in organizations.iter_mut().filter(|seen| is_concerned(seen)) {
        seen.tunnel = match &all {
            Err(failure) => TunnelSeen::Unavailable(failure.chain()),
            Ok(all) => match all.next(cx, seen).await {
                Ok(next) => next,
                Err(failure) => TunnelSeen::Unavailable(failure.chain()),
            },
        };
    }
}

/// Everything that Cloudflare has of organizations, in few lists.
struct All {
    edge: Edge,
    tunnels: Vec<Tunnel>,
    records: Vec<Record>,
}

async fn all(cx: &Context, memory: &Memory, token_file: Option<&Path>) -> Result<All, Failure> {
    let edge = match memory.edge() {
        Some(edge) => edge,
        None => {
            let edge = Edge::open(cx, token_file).await?;
            memory.keep_edge(edge.clone());
            edge
        }
    };
    let tunnels = edge.api.tunnels_of(&edge.account, tunnel::TUNNEL_PREFIX);
    let records = edge.api.records(&edge.zone);
    let object = |kind: &str, name: &str| ObjectRef::global(kind, name);
    let tunnels = tunnels
        .await
        .map_err(|error| error.failure(object("Cloudflare tunnel", tunnel::TUNNEL_PREFIX)))?;
    let records = records
        .await
        .map_err(|error| error.failure(object("Cloudflare zone", &edge.zone)))?;
    Ok(All {
        edge,
        tunnels,
        records,
    })
}

impl All {
    async fn next(&self, cx: &Context, organization: &OrganizationSeen) -> Result<TunnelSeen, Failure> {
        let names = names_of(&organization.resource.at.name, &cx.config);
        let decide = if organization.resource.is_deleted {
            tunnel::remove
        } else {
            tunnel::provide
        };
        let tunnels = self.tunnels.iter().filter(|tunnel| tunnel.name == names.tunnel);
        let records = self.records.iter().filter(|record| record.name == names.host);
        let is_there = organization
            .parts
            .first()
            .is_some_and(|namespace| matches!(namespace.state, PartState::There { .. }));
        let mut seen = tunnel::Seen {
            account: self.edge.account.clone(),
            credentials: if is_there {
                tunnel::Credentials::Unread
            } else {
                tunnel::Credentials::Missing
            },
            tunnels: tunnels.map(Tunnel::facts).collect(),
            proof: Proof::NotAsked,
            former: None,
            records: records.map(Record::facts).collect(),
        };
        loop {
            match decide(&names, &seen) {
                Next::Look(question) => self.answer(cx, organization, &names, question, &mut seen).await?,
                Next::Act(action) => return Ok(TunnelSeen::Act(action)),
                Next::Refuse(refusal) => {
                    let secret = credentials(&organization.resource.at.name, &names).object();
                    return Ok(TunnelSeen::Refused(refusal.failure(&names, secret).chain()));
                }
                Next::Done => {
                    let own = seen
                        .records
                        .iter()
                        .find_map(|record| record.content.split_once('.'));
                    let id = own.map(|(id, _)| id.to_owned()).unwrap_or_default();
                    return Ok(TunnelSeen::Done { id });
                }
            }
        }
    }

    async fn answer(
        &self,
        cx: &Context,
        organization: &OrganizationSeen,
        names: &Names,
        question: Question,
        seen: &mut tunnel::Seen,
    ) -> Result<(), Failure> {
        let (api, account) = (&self.edge.api, &self.edge.account);
        let of_tunnel = |error: ApiError| error.failure(names.tunnel_object());
        match question {
            Question::Credentials => {
                let text = stored(cx, &credentials(&organization.resource.at.name, names)).await?;
                seen.credentials = match &text {
                    None => tunnel::Credentials::Missing,
                    Some(text) => {
                        Credentials::parse(text).map_or(tunnel::Credentials::Unusable, |held| held.facts())
                    }
                };
            }
            Question::Proof { tunnel } => {
                let held = stored(cx, &credentials(&organization.resource.at.name, names)).await?;
                let held = held.as_ref().and_then(Credentials::parse);
                let own = api
                    .tunnel_credentials(account, &tunnel)
                    .await
                    .map_err(of_tunnel)?;
                seen.proof = Credentials::proof(held.as_ref(), own.as_ref());
            }
            Question::Former => {
                let deleted = api
                    .deleted_tunnels(account, &names.tunnel)
                    .await
                    .map_err(of_tunnel)?;
                seen.former = Some(deleted.into_iter().map(|tunnel| tunnel.id).collect());
            }
        }
        Ok(())
    }
}

pub(super) fn names_of(organization: &str, config: &Config) -> Names {
    Names::of(organization, &config.hosts.webhooks)
}

async fn stored(cx: &Context, at: &Address) -> Result<Option<SecretString>, Failure> {
    let secret = cx
        .cluster
        .secret(at.namespace.as_deref().unwrap_or_default(), &at.name)
        .await?;
    Ok(secret.and_then(|secret| secret.text(tunnel::CREDENTIALS_KEY)))
}

async fn store(
    cx: &Context,
    at: &Address,
    organization: &str,
    credentials: &Credentials,
) -> Result<(), Failure> {
    let text = credentials.to_file();
    let body = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": at.name,
            "namespace": at.namespace,
            "labels": {
                names::MANAGED_BY_LABEL: tenant_names::ORGANIZATION_MANAGER,
                tenant_names::ORGANIZATION_LABEL: organization,
            },
        },
        "type": "Opaque",
        "data": {tunnel::CREDENTIALS_KEY: STANDARD.encode(text.expose_secret())},
    });
    cx.cluster.apply_forced(at, &body, None).await?;
    Ok(())
}

/// Does one thing. What is made known by it is stored at once; a crash in between is a state that the next look knows.
pub(super) async fn apply(
    cx: &Context,
    memory: &Memory,
    organization: &str,
    action: Action,
) -> Result<Outcome, Failure> {
    let Some(Edge { api, account, zone }) = memory.edge() else {
        return Err(unopened());
    };
    let names = names_of(organization, &cx.config);
    let at = credentials(organization, &names);
    let of_tunnel = |error: ApiError| error.failure(names.tunnel_object());
    let of_record = |error: ApiError| error.failure(names.record_object());
    match action {
        Action::StoreSecret { .. } => {
            store(cx, &at, organization, &Credentials::generate(&account)?).await?;
            Ok(Outcome::Created)
        }
        Action::CreateTunnel => {
            let held = held(cx, &at).await?;
            let made = api
                .create_tunnel(&account, &names.tunnel, held.secret())
                .await
                .map_err(of_tunnel)?;
            store(cx, &at, organization, &held.with_tunnel(&made.id)).await?;
            Ok(Outcome::Created)
        }
        Action::StoreTunnel { tunnel } => {
            let held = held(cx, &at).await?;
            store(cx, &at, organization, &held.with_tunnel(&tunnel)).await?;
            Ok(Outcome::Configured)
        }
        Action::RestoreCredentials { tunnel, .. } => {
            let own = api
                .tunnel_credentials(&account, &tunnel)
                .await
                .map_err(of_tunnel)?;
            let own = own.ok_or_else(|| ApiError::NotFound.failure(names.tunnel_object()))?;
            store(cx, &at, organization, &own).await?;
            Ok(Outcome::Configured)
        }
        Action::DropConnections { tunnel } => {
            api.drop_connections(&account, &tunnel).await.map_err(of_tunnel)?;
            Ok(Outcome::Configured)
        }
        Action::DeleteTunnel { tunnel } => {
            api.delete_tunnel(&account, &tunnel).await.map_err(of_tunnel)?;
            Ok(Outcome::Deleted)
        }
        Action::CreateRecord { tunnel } => {
            api.create_record(&zone, &names, &tunnel)
                .await
                .map_err(of_record)?;
            Ok(Outcome::Created)
        }
        Action::CorrectRecord { record, tunnel } => {
            api.correct_record(&zone, &record, &names, &tunnel)
                .await
                .map_err(of_record)?;
            Ok(Outcome::Configured)
        }
        Action::DeleteRecord { record } => {
            api.delete_record(&zone, &record).await.map_err(of_record)?;
            Ok(Outcome::Deleted)
        }
    }
}

async fn held(cx: &Context, at: &Address) -> Result<Credentials, Failure> {
    let text = stored(cx, at).await?;
    let held = text.as_ref().and_then(Credentials::parse);
    held.ok_or_else(|| super::apply::changed(at))
}

fn unopened() -> Failure {
    use crate::model::{exit::Exit, failure::Reason};
    Failure::new(
        Exit::Bug,
        Reason::Unexpected,
        "Cloudflare is changed before it was looked at",
    )
}
