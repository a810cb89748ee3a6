use super::super::facts::{Account, Group, Token};
use super::*;
use crate::model::{config::Config, names, object::ObjectRef};

fn mk_provider(pk: i64) -> Provider {
    Provider {
        pk,
        name: format!("provider {pk}"),
        client_id: "dex-client".to_owned(),
        redirect_uris: Vec::new(),
        is_public: false,
    }
}

fn mk_grant(permission: &str, provider: Option<i64>) -> Grant {
    Grant {
        permission: permission.to_owned(),
        provider,
    }
}

fn mk_role(grants: Vec<Grant>) -> Option<Role> {
    let pk = "role".to_owned();
    Some(Role { pk, grants })
}

/// Everything in place for provider 2.
fn mk_setup() -> Setup {
    Setup {
        provider: Match::One(mk_provider(2)),
        account: Some(Account {
            pk: 8,
            is_active: true,
            is_plain: true,
        }),
        group: Some(Group {
            pk: "group".to_owned(),
            is_superuser: false,
            members: vec![8],
            roles: vec!["role".to_owned()],
        }),
        role: mk_role(
            PERMISSIONS
                .map(|permission| mk_grant(permission, Some(2)))
                .to_vec(),
        ),
        token: Some(Token {
            pk: "token".to_owned(),
            user: 8,
            is_lasting: true,
        }),
    }
}

fn mk_empty() -> Setup {
    Setup {
        provider: Match::One(mk_provider(2)),
        account: None,
        group: None,
        role: None,
        token: None,
    }
}

fn mk_looked(stored: Stored, admin: Admin) -> Looked {
    Looked {
        secret: ObjectRef::secret("auth-system", names::API_TOKEN_SECRET),
        credentials: ObjectRef::secret("auth-system", names::AUTHENTIK_SECRET),
        wanted: Wanted::from(&Config::default()),
        stored,
        admin,
        bootstrap: Bootstrap::Unknown,
    }
}

fn mk_works(sees: usize) -> Stored {
    let provider = mk_provider(2);
    Stored::Works { provider, sees }
}

/// A plan in one line: actions, waits with the command that ends them, refusals with their exit code, notes.
fn shown(looked: Looked, retires: bool) -> String {
    let plan = plan(&Seen::Looked(Box::new(looked)), retires);
    let act = plan.act.iter().map(|action| format!("{action:?}"));
    let wait = plan
        .wait
        .iter()
        .map(|wait| format!("wait for {}", wait.provided_by.unwrap_or(&wait.object.kind)));
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

fn mk_refused(password_would_do: bool) -> Admin {
    let why = "why".to_owned();
    Admin::Refused {
        why,
        password_would_do,
    }
}

fn set_up_as(setup: Setup) -> String {
    shown(mk_looked(Stored::Refused, Admin::Granted(setup)), false)
}

#[test]
fn a_token_that_works_is_left_alone() {
    let looked = |sees, bootstrap| Looked {
        bootstrap,
        ..mk_looked(mk_works(sees), Admin::NotNeeded)
    };
    let cases = [
        (1, Bootstrap::Unknown, false, "unchanged"),
        (3, Bootstrap::Unknown, false, "warn Mismatch"),
        (1, Bootstrap::Alive, false, "unchanged, warn TooPowerful"),
        (1, Bootstrap::Alive, true, "RetireBootstrap, unchanged"),
        (1, Bootstrap::Gone, true, "unchanged, unchanged"),
    ];
    for (sees, bootstrap, retires, expected) in cases {
        assert_eq!(
            shown(looked(sees, bootstrap), retires),
            expected,
            "{sees} {bootstrap:?} {retires}"
        );
    }
}

#[test]
fn without_access_it_waits_or_says_what_to_do() {
    let wait = || Wait::new(ObjectRef::global("Authentik", "u"), Reason::Starting, "it starts");
    for stored in [Stored::NoSecret, Stored::NoKey, Stored::Refused, Stored::Blind] {
        let cases = [
            (Admin::NoCredentials, "wait for secrets generate"),
            (Admin::Settling(wait()), "wait for Authentik"),
            (mk_refused(true), "refuse 6 Secret"),
        ];
        for (admin, expected) in cases {
            assert_eq!(shown(mk_looked(stored.clone(), admin), false), expected);
        }
    }
    let plan = plan(&Seen::NotReady(Box::new(wait())), false);
    assert!(plan.act.is_empty() && plan.wait == [wait()]);
}

#[test]
fn the_account_grows_in_rounds_of_independent_actions() {
    assert_eq!(set_up_as(mk_empty()), "CreateAccount, CreateGroup, CreateRole");
    let second = Setup {
        token: None,
        group: mk_setup().group.map(|group| Group {
            members: Vec::new(),
            roles: Vec::new(),
            ..group
        }),
        role: mk_role(Vec::new()),
        ..mk_setup()
    };
    assert_eq!(
        set_up_as(second),
        "Connect { group: \"group\", account: 8, role: \"role\" }, Grant { role: \"role\", provider: 2 }, \
         CreateToken { account: 8 }"
    );
}

#[test]
fn the_token_is_stored_last_and_over_exactly_what_was_seen() {
    let cases = [
        (Stored::NoSecret, "Create"),
        (Stored::NoKey, "Add"),
        (Stored::Unusable, "Replace"),
        (Stored::Refused, "Replace"),
        (Stored::Superuser, "Replace"),
        (Stored::Blind, "Replace"),
    ];
    for (stored, write) in cases {
        let plan = shown(mk_looked(stored, Admin::Granted(mk_setup())), false);
        assert!(
            plan.starts_with("Store {") && plan.ends_with(&format!("write: {write} }}")),
            "{plan}"
        );
    }
}

#[test]
fn what_deviates_is_repaired_before_anything_is_stored() {
    let account = |change: fn(&mut Account)| {
        let mut setup = mk_setup();
        setup.account.iter_mut().for_each(change);
        setup
    };
    let group = |change: fn(&mut Group)| {
        let mut setup = mk_setup();
        setup.group.iter_mut().for_each(change);
        setup
    };
    let token = |user, is_lasting| Setup {
        token: Some(Token {
            pk: "token".to_owned(),
            user,
            is_lasting,
        }),
        ..mk_setup()
    };
    let connect = "Connect { group: \"group\", account: 8, role: \"role\" }";
    let cases = [
        (
            account(|account| account.is_active = false),
            "Activate { account: 8 }",
        ),
        (group(|group| group.members = vec![8, 9]), connect),
        (group(|group| group.roles.push("other".to_owned())), connect),
        (token(6, true), "DeleteToken { pk: \"token\" }"),
        (token(8, false), "DeleteToken { pk: \"token\" }"),
        (
            Setup {
                account: None,
                ..mk_setup()
            },
            "CreateAccount, DeleteToken { pk: \"token\" }",
        ),
    ];
    for (setup, expected) in cases {
        assert_eq!(set_up_as(setup), expected);
    }
}

#[test]
fn rights_are_exactly_those_on_the_provider() {
    let [view, change] = PERMISSIONS;
    let grants = |extra: &[Grant]| {
        let right = [mk_grant(view, Some(2)), mk_grant(change, Some(2))];
        mk_role([&right, extra].concat())
    };
    let grant = "Grant { role: \"role\", provider: 2 }";
    let revoke = |list: &str, object: &str| {
        format!("Revoke {{ role: \"role\", permissions: [{list}], provider: {object} }}")
    };
    let cases = [
        (mk_role(vec![mk_grant(view, Some(2))]), grant.to_owned()),
        (
            mk_role(vec![mk_grant(view, Some(1)), mk_grant(change, Some(1))]),
            format!("{}, {grant}", revoke(&format!("{view:?}, {change:?}"), "Some(1)")),
        ),
        (
            grants(&[mk_grant(view, None)]),
            revoke(&format!("{view:?}"), "None"),
        ),
        (
            grants(&[mk_grant(
                "authentik_providers_oauth2.delete_oauth2provider",
                Some(2),
            )]),
            revoke("\"authentik_providers_oauth2.delete_oauth2provider\"", "Some(2)"),
        ),
    ];
    for (role, expected) in cases {
        assert_eq!(set_up_as(Setup { role, ..mk_setup() }), expected);
    }
}

#[test]
fn without_exactly_one_provider_nothing_is_granted() {
    let none = Setup {
        provider: Match::None,
        ..mk_setup()
    };
    assert_eq!(
        set_up_as(none),
        "Revoke { role: \"role\", permissions: [\"authentik_providers_oauth2.view_oauth2provider\", \
         \"authentik_providers_oauth2.change_oauth2provider\"], provider: Some(2) }, wait for Authentik provider"
    );
    let many = Match::Many(vec![mk_provider(2), mk_provider(5)]);
    let many = Setup {
        provider: many,
        ..mk_setup()
    };
    let looked = mk_looked(Stored::NoSecret, Admin::Granted(many));
    let plan = plan(&Seen::Looked(Box::new(looked)), false);
    let refusal = &plan.refused[0];
    assert_eq!(refusal.exit, Exit::Human);
    assert!(
        refusal
            .message
            .contains("\"provider 2\" (pk 2), \"provider 5\" (pk 5)"),
        "{}",
        refusal.message
    );
}

#[test]
fn a_superuser_of_our_name_is_not_ours() {
    let mut user = mk_setup();
    user.account
        .iter_mut()
        .for_each(|account| account.is_plain = false);
    assert_eq!(set_up_as(user.clone()), "refuse 7 Authentik user");
    user.group.iter_mut().for_each(|group| group.is_superuser = true);
    assert_eq!(set_up_as(user), "refuse 7 Authentik group");
}

#[test]
fn a_password_is_asked_for_only_where_one_would_do() {
    let hint = |password_would_do| {
        let looked = mk_looked(Stored::NoSecret, mk_refused(password_would_do));
        plan(&Seen::Looked(Box::new(looked)), false).refused[0]
            .hint
            .clone()
    };
    assert!(hint(true).contains("`ak changepassword akadmin`") && hint(true).contains("bootstrap-token"));
    assert!(!hint(false).contains("password") && hint(false).contains("bootstrap-token"));
}

#[test]
fn a_provider_that_never_comes_has_a_remedy() {
    let setup = Setup {
        provider: Match::None,
        ..mk_setup()
    };
    let looked = mk_looked(Stored::NoSecret, Admin::Granted(setup));
    let wait = plan(&Seen::Looked(Box::new(looked)), false).wait.remove(0);
    assert!(
        wait.remedy
            .unwrap_or_default()
            .contains("https://dex.home.local/callback")
    );
}
