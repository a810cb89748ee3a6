//! What to do about the token, decided from facts alone.

use super::{
    action::{Action, Write, bootstrap_token, ours},
    facts::{Admin, Bootstrap, Grant, Looked, Role, Seen, Setup, Stored},
};
use crate::{
    converge::{
        Plan, Wait,
        contract::{Note, Refusal},
    },
    model::{
        exit::Exit,
        failure::Reason,
        provider::{Match, Provider, Wanted},
    },
};

/// The permissions that the dedicated account needs on the one provider, and no other (recorded: to see
/// it and to change it).
pub(super) const PERMISSIONS: [&str; 2] = [
    "authentik_providers_oauth2.view_oauth2provider",
    "authentik_providers_oauth2.change_oauth2provider",
];

/// Decides.
pub(super) fn plan(seen: &Seen, retires: bool) -> Plan<Action> {
    let looked = match seen {
        Seen::NotReady(wait) => return waiting((**wait).clone()),
        Seen::Looked(looked) => looked,
    };
    match (&looked.stored, &looked.admin) {
        (Stored::Works { provider, sees }, _) => settled(looked, provider, *sees, retires),
        (_, Admin::Granted(setup)) => set_up(looked, setup),
        (_, Admin::Settling(wait)) => waiting(wait.clone()),
        (_, Admin::NoCredentials | Admin::NotNeeded) => waiting(
            Wait::new(
                looked.credentials.clone(),
                Reason::NotFound,
                "holds neither bootstrap-token nor admin-password, and there is no token that works",
            )
            .provided_by("secrets generate"),
        ),
        (
            _,
            Admin::Refused {
                why,
                password_would_do,
            },
        ) => refusing(no_access(looked, why, *password_would_do)),
    }
}

fn no_access(looked: &Looked, why: &str, password_would_do: bool) -> Refusal {
    let by_password = match password_would_do {
        true => {
            "set akadmin's password in Authentik (`ak changepassword akadmin` in its Pod) and put the same value \
             into key admin-password, or "
        }
        false => "",
    };
    Refusal {
        exit: Exit::Forbidden,
        reason: Reason::Unauthenticated,
        object: looked.credentials.clone(),
        message: format!("no credential in it gives access to Authentik: {why}"),
        hint: format!(
            "{by_password}make an API token of an administrator in Authentik and put its key into key \
             bootstrap-token"
        ),
    }
}

fn waiting(wait: Wait) -> Plan<Action> {
    Plan {
        wait: vec![wait],
        ..Plan::default()
    }
}

fn refusing(refusal: Refusal) -> Plan<Action> {
    Plan {
        refused: vec![refusal],
        ..Plan::default()
    }
}

/// The stored token works: only remarks are left, and what was asked for besides.
fn settled(looked: &Looked, provider: &Provider, sees: usize, retires: bool) -> Plan<Action> {
    let mut plan = Plan::default();
    let secret = looked.secret.clone();
    plan.notes.push(if sees > 1 {
        let message = format!(
            "the token works, but sees {sees} providers where one is enough; delete the key to have it replaced"
        );
        Note::warning(secret, Reason::Mismatch, message)
    } else {
        Note::unchanged(secret, format!("the token works and sees {}", provider.object()))
    });
    match (looked.bootstrap, retires) {
        (Bootstrap::Alive, true) => plan.act.push(Action::RetireBootstrap),
        (Bootstrap::Alive, false) => plan.notes.push(Note::warning(
            bootstrap_token(),
            Reason::TooPowerful,
            "this superuser token still works; `aphex-ops authentik token --retire-bootstrap` deletes it",
        )),
        (Bootstrap::Gone, true) => plan
            .notes
            .push(Note::unchanged(bootstrap_token(), "it is not accepted")),
        (Bootstrap::Gone, false) | (Bootstrap::Unknown, _) => {}
    }
    plan
}

fn set_up(looked: &Looked, setup: &Setup) -> Plan<Action> {
    let mut plan = Plan::default();
    plan.refused.extend(foreign(setup));
    if !plan.refused.is_empty() {
        return plan;
    }
    let provider = match &setup.provider {
        Match::One(provider) => provider.pk,
        Match::None => {
            let message = format!(
                "no provider has {}; the blueprint that makes it may still be running",
                looked.wanted
            );
            let object = looked.wanted.object();
            let remedy = format!(
                "make the provider in Authentik with redirect URI {}, or set authentik.clientID in the configuration",
                looked.wanted.redirect_uri
            );
            plan.wait
                .push(Wait::new(object, Reason::NotFound, message).remedy(remedy));
            plan.act
                .extend(setup.role.iter().flat_map(|role| revocations(role, None)));
            return plan;
        }
        Match::Many(providers) => return refusing(ambiguous(&looked.wanted, providers)),
    };
    plan.act.extend(account(setup));
    plan.act.extend(rights(setup, provider));
    plan.act.extend(token(setup));
    if plan.act.is_empty() {
        plan.act.push(Action::Store {
            secret: looked.secret.clone(),
            write: match looked.stored {
                Stored::NoSecret => Write::Create,
                Stored::NoKey => Write::Add,
                _ => Write::Replace,
            },
        });
    }
    plan
}

pub(super) fn ambiguous(wanted: &Wanted, providers: &[Provider]) -> Refusal {
    let named: Vec<String> = providers
        .iter()
        .map(|provider| format!("{:?} (pk {})", provider.name, provider.pk))
        .collect();
    Refusal {
        exit: Exit::Human,
        reason: Reason::AmbiguousMatch,
        object: wanted.object(),
        message: format!("several providers fit equally well: {}", named.join(", ")),
        hint: format!(
            "give one of them client_id {}, or set authentik.clientID in the configuration",
            wanted.client_id
        ),
    }
}

/// Things of our names that would give the token more than it may have.
fn foreign(setup: &Setup) -> Vec<Refusal> {
    let refusal = |kind: &str, message: &str| Refusal {
        exit: Exit::Human,
        reason: Reason::Mismatch,
        object: ours(kind),
        message: message.to_owned(),
        hint: "rename or delete it in Authentik, then run this again: it is made anew".to_owned(),
    };
    // A group of superusers makes its members superusers: then the group is what to name.
    if setup.group.as_ref().is_some_and(|group| group.is_superuser) {
        return vec![refusal(
            "group",
            "it is a group of superusers, which ours never is",
        )];
    }
    if setup.account.as_ref().is_some_and(|account| !account.is_plain) {
        return vec![refusal(
            "user",
            "it is no plain service account, so it cannot be the one that this command made",
        )];
    }
    Vec::new()
}

fn account(setup: &Setup) -> Vec<Action> {
    let mut act = Vec::new();
    match &setup.account {
        None => act.push(Action::CreateAccount),
        Some(account) if !account.is_active => act.push(Action::Activate { account: account.pk }),
        Some(_) => {}
    }
    if setup.group.is_none() {
        act.push(Action::CreateGroup);
    }
    if setup.role.is_none() {
        act.push(Action::CreateRole);
    }
    if let (Some(account), Some(group), Some(role)) = (&setup.account, &setup.group, &setup.role)
        && (group.members != [account.pk] || group.roles != [role.pk.as_str()])
    {
        act.push(Action::Connect {
            group: group.pk.clone(),
            account: account.pk,
            role: role.pk.clone(),
        });
    }
    act
}

fn rights(setup: &Setup, provider: i64) -> Vec<Action> {
    let Some(role) = &setup.role else {
        return Vec::new();
    };
    let has = |permission: &str| {
        let wanted = |grant: &Grant| grant.permission == permission && grant.provider == Some(provider);
        role.grants.iter().any(wanted)
    };
    let mut act = revocations(role, Some(provider));
    if !PERMISSIONS.into_iter().all(has) {
        act.push(Action::Grant {
            role: role.pk.clone(),
            provider,
        });
    }
    act
}

/// Everything that the role holds besides its two rights on the provider, by object.
fn revocations(role: &Role, provider: Option<i64>) -> Vec<Action> {
    let is_right = |grant: &Grant| {
        grant.provider.is_some()
            && grant.provider == provider
            && PERMISSIONS.contains(&grant.permission.as_str())
    };
    let mut by_object: Vec<(Option<i64>, Vec<String>)> = Vec::new();
    for grant in role.grants.iter().filter(|grant| !is_right(grant)) {
        match by_object.iter_mut().find(|(object, _)| *object == grant.provider) {
            Some((_, permissions)) => permissions.push(grant.permission.clone()),
            None => by_object.push((grant.provider, vec![grant.permission.clone()])),
        }
    }
    by_object
        .into_iter()
        .map(|(provider, permissions)| Action::Revoke {
            role: role.pk.clone(),
            permissions,
            provider,
        })
        .collect()
}

/// The owner of a token cannot be changed, so one that is not as it must be is deleted first.
fn token(setup: &Setup) -> Option<Action> {
    let account = setup.account.as_ref();
    match (&setup.token, account) {
        (None, None) => None,
        (None, Some(account)) => Some(Action::CreateToken { account: account.pk }),
        (Some(token), account) => {
            let is_ours = account.is_some_and(|account| account.pk == token.user);
            (!is_ours || !token.is_lasting).then(|| Action::DeleteToken { pk: token.pk.clone() })
        }
    }
}

#[cfg(test)]
mod tests;
