//! Authentik, Dex and what they say of themselves.

use super::{Case, change, json_with, mk_trouble, with};
use crate::{
    check::{
        Bootstrap, Comparison, LoginFact, Look, Provider, ProviderState, Stored, areas::testing::mk_workload,
    },
    model::failure::Reason,
};
use serde_json::json;

pub(super) fn login() -> Vec<Case> {
    let account = |stored: Stored| change(|facts| facts.account = Look::Seen(stored));
    let works = |secret, others| account(Stored::Works { secret, others });
    let (token, dex) = (
        "Secret auth-system/authentik-api-token",
        "Deployment auth-system/dex",
    );
    let provider = "Authentik provider Dex OIDC Provider";
    let asleep = json_with(
        mk_workload("auth-system", "dex"),
        json!({"spec": {"replicas": 0}, "status": {"replicas": 0}}),
    );
    let undated = json_with(
        mk_workload("auth-system", "dex"),
        json!({"spec": {"template": {"metadata": {"annotations": null}}}}),
    );
    let seen = |url: String, state: ProviderState| Provider { url, state };
    let inside = |authentik: ProviderState, dex: ProviderState| {
        change(|facts| {
            let url = facts.config.dex_url();
            facts.providers = Look::Seen(vec![
                seen("http://authentik".to_owned(), authentik),
                seen(url, dex),
            ]);
        })
    };
    let silent = || ProviderState::Silent(mk_trouble(Reason::Unavailable));
    let wrong = || ProviderState::Wrong(vec![mk_trouble(Reason::Mismatch)]);
    let outside =
        |state| change(|facts| facts.outside = Look::Seen(vec![seen("https://dex".to_owned(), state)]));
    let config = |text: &str| change(|facts| facts.dex_config = Look::Seen(Some(text.to_owned())));
    let found = |login: LoginFact| change(|facts| facts.login = Look::Seen(login));
    let logged_in = |token, accepted| {
        found(LoginFact {
            token,
            accepted,
            may_change_email: None,
        })
    };
    let (good, map) = (ProviderState::Good, "ConfigMap auth-system/dex");
    let inner = "OIDC provider http://dex.auth-system.svc.cluster.local:5556";
    vec![
        (
            "APX-IDN-001",
            account(Stored::Silent(mk_trouble(Reason::Starting))),
            "Authentik http://authentik.auth-system.svc.cluster.local:9000",
            "Starting",
        ),
        ("APX-IDN-002", account(Stored::None), token, "NotFound"),
        ("APX-IDN-003", account(Stored::Refused), token, "Unauthenticated"),
        ("APX-IDN-003", account(Stored::Unusable), token, "InvalidValue"),
        ("APX-IDN-004", account(Stored::Blind), token, "Forbidden"),
        (
            "APX-IDN-005",
            works(Comparison::Different, 0),
            provider,
            "Mismatch",
        ),
        ("APX-IDN-005", works(Comparison::Refused, 0), provider, "Mismatch"),
        ("APX-IDN-006", works(Comparison::Same, 3), token, "TooPowerful"),
        ("APX-IDN-006", account(Stored::Superuser), token, "TooPowerful"),
        (
            "APX-IDN-007",
            change(|facts| facts.bootstrap = Look::Seen(Bootstrap::Alive)),
            "Secret auth-system/authentik-secrets",
            "TooPowerful",
        ),
        ("APX-IDN-008", with("Deployment", &[]), dex, "NotFound"),
        ("APX-IDN-009", with("Deployment", &[asleep]), dex, "Paused"),
        ("APX-IDN-010", with("Deployment", &[undated]), dex, "NotFound"),
        (
            "APX-OIDC-001",
            inside(wrong(), good.clone()),
            "OIDC provider http://authentik",
            "Mismatch",
        ),
        (
            "APX-OIDC-001",
            inside(silent(), good.clone()),
            "OIDC provider http://authentik",
            "Unavailable",
        ),
        (
            "APX-OIDC-002",
            inside(good.clone(), silent()),
            inner,
            "Unavailable",
        ),
        ("APX-OIDC-003", inside(good, wrong()), inner, "Mismatch"),
        (
            "APX-OIDC-004",
            outside(silent()),
            "OIDC provider https://dex",
            "Unavailable",
        ),
        (
            "APX-OIDC-005",
            outside(wrong()),
            "OIDC provider https://dex",
            "Mismatch",
        ),
        (
            "APX-OIDC-006",
            config("issuer: https://dex.home.local/"),
            map,
            "Mismatch",
        ),
        (
            "APX-OIDC-007",
            config("issuer: http://dex.home.local"),
            map,
            "InvalidValue",
        ),
        (
            "APX-OIDC-007",
            config("connectors: [{config: {issuer: 'http://auth.example'}}]"),
            map,
            "InvalidValue",
        ),
        (
            "APX-OIDC-008",
            config("staticClients: [{id: a, secret: $A}, {id: b, secret: open}]"),
            map,
            "InvalidValue",
        ),
        (
            "APX-OIDC-009",
            logged_in(Ok(vec!["groups: there are none".to_owned()]), None),
            "OIDC provider https://dex.home.local",
            "InvalidValue",
        ),
        (
            "APX-OIDC-009",
            logged_in(Err(mk_trouble(Reason::InvalidAnswer)), None),
            "OIDC provider https://dex.home.local",
            "InvalidAnswer",
        ),
        (
            "APX-OIDC-010",
            logged_in(Ok(Vec::new()), Some(Err(mk_trouble(Reason::Unauthenticated)))),
            "API server https://api.example",
            "Unauthenticated",
        ),
        (
            "APX-OIDC-011",
            found(LoginFact {
                token: Ok(Vec::new()),
                accepted: None,
                may_change_email: Some(true),
            }),
            "Authentik http://authentik.auth-system.svc.cluster.local:9000",
            "InvalidValue",
        ),
    ]
}
