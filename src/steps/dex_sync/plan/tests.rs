use super::*;
use crate::model::{config::Config, names};

fn mk_provider() -> Provider {
    Provider {
        pk: 2,
        name: "Dex OIDC Provider".to_owned(),
        client_id: "dex-client".to_owned(),
        redirect_uris: Vec::new(),
        is_public: false,
    }
}

fn mk_one(secret: Comparison) -> Sight {
    let provider = mk_provider();
    Sight::One { provider, secret }
}

fn mk_seen(client_secret: ClientSecret, sight: Sight) -> Seen {
    Seen::Looked(Box::new(Looked {
        source: ObjectRef::secret("auth-system", names::DEX_SECRET),
        token: ObjectRef::secret("auth-system", names::API_TOKEN_SECRET),
        wanted: Wanted::from(&Config::default()),
        client_secret,
        sight,
    }))
}

/// A plan in one line: actions, waits with the command that ends them, refusals with their exit code, warnings.
fn shown(plan: &Plan<Push>) -> String {
    let act = plan
        .act
        .iter()
        .map(|push| format!("push to {}", push.provider.pk));
    let wait = plan
        .wait
        .iter()
        .map(|wait| format!("wait for {}", wait.provided_by.unwrap_or(&wait.message)));
    let refused = plan
        .refused
        .iter()
        .map(|refusal| format!("refuse {} {}", refusal.exit.code(), refusal.object.kind));
    let notes = plan.notes.iter().map(|note| match note.reason {
        Some(reason) => format!("warn {reason}"),
        None => "unchanged".to_owned(),
    });
    let parts: Vec<String> = act.chain(wait).chain(refused).chain(notes).collect();
    parts.join(", ")
}

#[test]
fn every_state_has_its_plan() {
    use ClientSecret::{Good, Invalid, Missing};
    let other_id = Provider {
        client_id: "other".to_owned(),
        ..mk_provider()
    };
    let public = Provider {
        is_public: true,
        ..mk_provider()
    };
    let one = |provider| Sight::One {
        provider,
        secret: Comparison::Different,
    };
    let cases = [
        (Good, mk_one(Comparison::Same), "unchanged"),
        (Good, mk_one(Comparison::Different), "push to 2"),
        (
            Good,
            mk_one(Comparison::SameButRefused),
            "refuse 11 Authentik provider",
        ),
        (Good, one(public), "refuse 7 Authentik provider"),
        (Good, one(other_id), "push to 2, warn Mismatch"),
        (Good, Sight::NoToken, "wait for authentik token"),
        (Good, Sight::Unusable, "wait for authentik token"),
        (Good, Sight::Refused, "wait for authentik token"),
        (Good, Sight::Blind, "wait for authentik token"),
        (
            Missing,
            mk_one(Comparison::Different),
            "wait for secrets generate",
        ),
        (
            Missing,
            Sight::NoToken,
            "wait for secrets generate, wait for authentik token",
        ),
        (
            Invalid("is odd"),
            mk_one(Comparison::Different),
            "refuse 7 Secret",
        ),
    ];
    for (client_secret, sight, expected) in cases {
        let seen = mk_seen(client_secret, sight);
        assert_eq!(shown(&plan(&seen)), expected, "{seen:?}");
    }
}

#[test]
fn a_server_that_is_not_ready_is_waited_for() {
    let wait = Wait::new(ObjectRef::global("Authentik", "u"), Reason::Starting, "it starts");
    assert_eq!(
        shown(&plan(&Seen::NotReady(Box::new(wait)))),
        "wait for it starts"
    );
}

#[test]
fn client_secrets_that_cannot_work_are_told() {
    let longest = "é".repeat(255);
    let too_long = "x".repeat(256);
    let good = ["a", "in the middle", "a/+=%:", longest.as_str()];
    let invalid = ["a\n", "a\r\nb", " a", "a\t", "a\0b", too_long.as_str()];
    assert_eq!(ClientSecret::of(""), ClientSecret::Missing);
    assert!(
        good.iter()
            .all(|value| ClientSecret::of(value) == ClientSecret::Good)
    );
    assert!(
        invalid
            .iter()
            .all(|value| matches!(ClientSecret::of(value), ClientSecret::Invalid(_)))
    );
}
