//! Authentik that starts, breaks, or is not there at all.

use super::scene::Scene;
use rig::authentik::{Appear, Options, RouterState};

const COMMANDS: [&str; 2] = ["authentik token", "dex sync"];

/// A state that lasts ends both commands at the deadline, naming what is waited for; once it is over they succeed.
#[tokio::test]
async fn trouble_that_lasts_is_named_at_the_deadline() {
    let scene = Scene::with_authentik("bad-trouble", &COMMANDS, Options::default()).await;
    let url = format!("Authentik {}", scene.authentik().url());
    let cases: [(RouterState, &str, &str); 5] = [
        (RouterState::Starting, "Authentik is starting", "longer --timeout"),
        (
            RouterState::Booting,
            "default login flow does not exist yet",
            "longer --timeout",
        ),
        (
            RouterState::BackendDead,
            "Authentik is starting",
            "longer --timeout",
        ),
        (
            RouterState::DatabaseDown,
            "its database is down",
            "the log of Authentik's server",
        ),
        (
            RouterState::Refuse,
            "cannot connect",
            "authentik.url of the configuration",
        ),
    ];
    for (state, says, remedy) in cases {
        scene.reset(Options::default()).await;
        scene.authentik().set_state(state).await.unwrap();
        let says = [&url, "the deadline was reached while waiting", says, remedy];
        scene.ends("authentik token --timeout 1s", 5, &says).await;
        let stored = scene.value("auth", "authentik-api-token", "token").await;
        assert!(stored.is_empty(), "{state:?}");
        scene.authentik().set_state(RouterState::Up).await.unwrap();
        scene.ends("authentik token", 0, &[]).await;
        if state != RouterState::Booting {
            scene.authentik().set_state(state).await.unwrap();
            scene.ends("dex sync --timeout 1s", 5, &says).await;
            scene.authentik().set_state(RouterState::Up).await.unwrap();
        }
        scene.ends("dex sync", 0, &[]).await;
    }
}

/// Refused connections end while the run waits.
#[tokio::test]
async fn a_server_that_comes_back_ends_the_wait() {
    let scene = Scene::with_authentik("bad-return", &COMMANDS, Options::default()).await;
    for command in COMMANDS {
        scene.authentik().set_state(RouterState::Refuse).await.unwrap();
        let mut run = scene.program(command).start();
        run.says("waiting for Authentik http://127.0.0.1:").await;
        scene.authentik().set_state(RouterState::Up).await.unwrap();
        scene
            .judge(run.end().await, 0, &["cannot connect: Connection refused"])
            .await;
    }
}

/// Redis is needed by `ready` alone, which nobody asks: everything works.
#[tokio::test]
async fn trouble_that_does_not_matter_is_not_waited_for() {
    let scene = Scene::with_authentik("bad-redis", &COMMANDS, Options::default()).await;
    scene.authentik().set_state(RouterState::RedisDown).await.unwrap();
    for command in COMMANDS {
        scene.ends(command, 0, &[]).await;
    }
}

/// Trouble at any request, a write included, is survived by the same run.
#[tokio::test]
async fn trouble_that_passes_is_survived() {
    let scene = Scene::with_authentik("bad-passing", &COMMANDS, Options::default()).await;
    for state in [
        RouterState::Starting,
        RouterState::Booting,
        RouterState::BackendDead,
        RouterState::DatabaseDown,
        RouterState::Refuse,
    ] {
        // The first request, a read among others, and one write of several.
        for position in [0, 4, 13] {
            scene.reset(Options::default()).await;
            let script = [(RouterState::Up, position), (state, 2)];
            scene.authentik().script(script).await.unwrap();
            let left = scene.ends("authentik token --timeout 60s", 0, &[]).await;
            let tokens = scene.authentik().snapshot().tokens;
            assert_eq!(tokens.len(), 2, "{state:?} at {position}: {tokens:#?} {left:#?}");
        }
        scene
            .authentik()
            .script([(RouterState::Up, 1), (state, 2)])
            .await
            .unwrap();
        scene.ends("dex sync --timeout 60s", 0, &[]).await;
    }
}

/// The objects of a fresh Authentik come one after the other, the provider last.
#[tokio::test]
async fn a_first_start_is_waited_for() {
    let appear = Appear {
        flow: 2,
        token: 4,
        mappings: 5,
        provider: 16,
    };
    let late = Options {
        appear,
        ..Options::default()
    };
    let scene = Scene::with_authentik("bad-late", &COMMANDS, late.clone()).await;
    let says = [
        "Authentik provider Dex OIDC Provider",
        "its blueprint",
        "redirect URI https://dex.home.local/callback",
    ];
    let never = Options {
        providers: Vec::new(),
        ..Options::default()
    };
    scene.reset(never).await;
    scene
        .ends(
            "authentik token --timeout 2s",
            5,
            &["the blueprint that makes it may still be running"],
        )
        .await;
    let left = scene
        .ends(
            "authentik token --timeout 1s",
            5,
            &[says[0], says[2], "authentik.clientID"],
        )
        .await;
    assert!(
        left.stderr.contains("hint: make the provider in Authentik"),
        "{left:#?}"
    );
    let seen = scene.authentik().snapshot();
    assert!(
        seen.users.len() == 1 && seen.tokens.len() == 1,
        "nothing was begun: {seen:#?}"
    );
    scene.reset(late).await;
    for command in COMMANDS {
        scene.ends(command, 0, &[]).await;
    }
}
