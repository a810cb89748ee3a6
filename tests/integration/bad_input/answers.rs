//! Answers that Authentik itself does not give, or not there: another server, a proxy before it, nobody.

use super::{
    scene::Scene,
    server::{Say, Server},
};
use rig::authentik::Options;
use serde_json::json;

const COMMANDS: [&str; 2] = ["authentik token", "dex sync"];
const HTML: &str = "<!DOCTYPE html><html><body>Welcome</body></html>";

fn detail(head: &'static str, text: &str) -> Say {
    Say::Answer(head, json!({"detail": text}).to_string())
}

fn html(head: &'static str) -> Say {
    Say::Answer(head, HTML.to_owned())
}

struct Case {
    say: Say,
    command: &'static str,
    code: i32,
    says: [&'static str; 2],
}

fn cases() -> Vec<Case> {
    let case = |say: Say, command, code, says| Case {
        say,
        command,
        code,
        says,
    };
    let check_url = "hint: check authentik.url: it must be Authentik itself, without a path";
    let make_token = "hint: run `aphex-ops authentik token`, then this command again";
    let past_proxy = "proxy before Authentik";
    const FORBIDDEN: &str = "403 Forbidden\r\ncontent-type: application/json";
    let empty = Say::json(json!({"pagination": {"next": 0}, "results": []}));
    let mut cases = vec![
        // The four meanings of 403, and one that is not Authentik's.
        case(
            detail(FORBIDDEN, "Token invalid/expired"),
            "dex sync --timeout 1s",
            5,
            ["Authentik does not accept the API token", make_token],
        ),
        case(
            detail(FORBIDDEN, "Authentication credentials were not provided."),
            "dex sync --timeout 1s",
            5,
            ["Authentik does not accept the API token", make_token],
        ),
        case(
            detail(FORBIDDEN, "Authentication credentials were not provided."),
            "authentik token",
            6,
            ["Authentik saw no credentials", past_proxy],
        ),
        case(
            detail(FORBIDDEN, "You do not have permission to perform this action."),
            "dex sync --timeout 1s",
            5,
            ["does not show exactly one provider", make_token],
        ),
        case(
            empty,
            "dex sync --timeout 1s",
            5,
            ["does not show exactly one provider", make_token],
        ),
    ];
    for command in COMMANDS {
        cases.extend([
            case(
                detail(FORBIDDEN, "Unsupported authentication type"),
                command,
                1,
                ["rejects the request as malformed (403)", past_proxy],
            ),
            case(
                html("403 Forbidden\r\ncontent-type: text/html"),
                command,
                2,
                ["not an answer of Authentik's API: 403 text/html", check_url],
            ),
            case(
                html("200 OK\r\ncontent-type: text/html; charset=utf-8"),
                command,
                2,
                ["not an answer of Authentik's API: 200 text/html", check_url],
            ),
            case(
                html("404 Not Found\r\ncontent-type: text/html"),
                command,
                2,
                ["no such page in Authentik", check_url],
            ),
            case(
                Say::Answer(
                    "302 Found\r\nlocation: https://elsewhere.example.org/",
                    String::new(),
                ),
                command,
                2,
                ["not an answer of Authentik's API: 302 without a type", check_url],
            ),
            case(
                Say::json("{}"),
                command,
                2,
                ["not shaped as its API documents: ", check_url],
            ),
            case(
                Say::json("{"),
                command,
                2,
                ["not an answer of Authentik's API: 200", check_url],
            ),
            case(
                Say::json("x".repeat(40 << 20)),
                command,
                4,
                ["the answer is longer than", "authentik.url"],
            ),
        ]);
    }
    cases
}

#[tokio::test]
async fn what_is_no_answer_of_authentik_is_told_with_what_mends_it() {
    let mut scene = Scene::with_authentik("bad-answers", &COMMANDS, Options::default()).await;
    scene.ends("authentik token", 0, &[]).await;
    let (before, good) = (scene.values().await, scene.config.clone());
    let server = Server::start(|_| Say::Hangup).await;
    scene.config["authentik"]["url"] = server.url().into();
    let object = format!("Authentik {}", server.url());
    for Case {
        say,
        command,
        code,
        says: [says, hint],
    } in cases()
    {
        server.says(move |_| say.clone());
        let left = scene.ends(command, code, &[says, hint]).await;
        assert!(code == 5 || left.stderr.contains(&object), "{left:#?}");
    }
    let passing = [
        (
            html("503 Service Unavailable\r\ncontent-type: text/html\r\nretry-after: 1"),
            "Authentik is starting",
        ),
        (
            html("502 Bad Gateway\r\ncontent-type: text/html"),
            "Authentik is starting",
        ),
        (
            html("405 Method Not Allowed\r\ncontent-type: text/html"),
            "internal error (405)",
        ),
        (
            html("500 Internal Server Error\r\ncontent-type: text/html"),
            "internal error (500)",
        ),
        (
            detail(
                "429 Too Many Requests\r\ncontent-type: application/json",
                "slow down",
            ),
            "too busy",
        ),
        (Say::Hangup, "the connection broke"),
    ];
    for (say, says) in passing {
        server.says(move |_| say.clone());
        scene
            .ends("dex sync --timeout 6s", 5, &[&object, says, "hint:"])
            .await;
    }
    assert_eq!(scene.values().await, before);
    scene.config = good;
    scene.ends("authentik token", 0, &[]).await;
    scene.ends("dex sync", 0, &[]).await;
}

#[tokio::test]
async fn an_authentik_that_cannot_prove_itself_is_not_spoken_to() {
    let mut scene = Scene::with_authentik("bad-tls", &COMMANDS, Options::default()).await;
    let good = scene.config.clone();
    let (server, _) = Server::tls(&["127.0.0.1"], |_| Say::Hangup).await;
    scene.config["authentik"]["url"] = format!("https://{}", server.address).into();
    let says = ["the server's certificate is not trusted", "`http.caBundle`"];
    scene.ends("authentik token", 4, &says).await;
    scene.config = good;
    scene.ends("authentik token", 0, &[]).await;
}
