//! A Dex or an Authentik that says the wrong things of itself. What is right is a real Dex's own.

use super::{
    scene::Scene,
    server::{Say, Server},
};
use aphex_ops::{
    converge::Stop,
    http::{Http, Request},
    model::config::Config,
};
use rig::{
    authentik::{Options, ProviderSeed},
    sandbox::Dex,
};
use serde_json::{Value, json};

const HOST: &str = "dex.home.local";
const VERIFY: &str = "oidc verify";
const HTML: &str = "<!DOCTYPE html><html></html>";

/// What a real Dex says of itself.
#[derive(Clone)]
struct Truth {
    discovery: Value,
    keys: Value,
}

impl Truth {
    async fn of(dex: &Dex) -> Self {
        let mut config = Config::default();
        config.dex.url = Some(dex.http_url());
        let http = Http::new(&config, &Stop::default()).unwrap();
        let get = async |path| {
            let url = format!("{}{path}", dex.http_url());
            http.send(Request::get(url))
                .await
                .unwrap()
                .json::<Value>()
                .unwrap()
        };
        Self {
            discovery: get("/.well-known/openid-configuration").await,
            keys: get("/keys").await,
        }
    }

    /// The discovery document with one field changed.
    fn with(&self, field: &str, value: Value) -> Self {
        let mut changed = self.clone();
        changed.discovery[field] = value;
        changed
    }

    fn with_keys(&self, keys: Value) -> Self {
        Self { keys, ..self.clone() }
    }

    fn script(self) -> impl Fn(&str) -> Say + Send + 'static {
        move |path| match path {
            "/.well-known/openid-configuration" => Say::json(&self.discovery),
            "/keys" => Say::json(&self.keys),
            _ => Say::Answer("404 Not Found", String::new()),
        }
    }
}

/// A Dex that answers as a test wants, inside the cluster and outside.
struct Stage {
    scene: Scene,
    truth: Truth,
    inside: Server,
    outside: Server,
    _dex: Dex,
    _authority: tempfile::NamedTempFile,
}

async fn stage(name: &'static str) -> Stage {
    let mut scene = Scene::with_authentik(name, &[], Options::default()).await;
    let config = json!({"issuer": format!("https://{HOST}"), "enablePasswordDB": true});
    let dex = Dex::start(&config.to_string(), &[]).await.unwrap();
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&authority, dex.ca_pem()).unwrap();
    let bundle = authority.path().to_str().unwrap().to_owned();
    scene.config["dex"] = json!({"url": dex.http_url()});
    scene.config["http"] = json!({"caBundle": bundle, "resolve": {HOST: dex.https_address()}});
    scene.ends(VERIFY, 0, &[]).await;

    let truth = Truth::of(&dex).await;
    let inside = Server::start(truth.clone().script()).await;
    let (outside, pem) = Server::tls(&[HOST], truth.clone().script()).await;
    std::fs::write(&authority, pem).unwrap();
    scene.config["dex"]["url"] = inside.url().into();
    scene.config["http"]["resolve"][HOST] = json!(outside.address);
    scene.ends(VERIFY, 0, &[]).await;
    Stage {
        scene,
        truth,
        inside,
        outside,
        _dex: dex,
        _authority: authority,
    }
}

impl Stage {
    fn mend(&self) {
        self.inside.says(self.truth.clone().script());
        self.outside.says(self.truth.clone().script());
    }
}

#[tokio::test]
async fn what_dex_says_wrongly_inside_is_told() {
    let stage = stage("bad-inside").await;
    let truth = &stage.truth;
    let mut other_key = truth.keys.clone();
    other_key["keys"][0]["kid"] = "another".into();
    let moved = json!(format!("https://{HOST}/moved"));
    let cases = [
        (
            truth.with("issuer", json!(format!("https://{HOST}/"))),
            "the slash at the end counts",
        ),
        (
            truth.with("issuer", json!(format!("http://{HOST}"))),
            "expected \"https://dex.home.local\"",
        ),
        (
            truth.with("token_endpoint", moved),
            "\"token_endpoint\" is \"https://dex.home.local/moved\" in the cluster",
        ),
        (
            truth.with("token_endpoint", json!("https://elsewhere.example.org/token")),
            "not on the issuer's host",
        ),
        (
            truth.with("token_endpoint", json!(format!("http://{HOST}/token"))),
            "which is not https",
        ),
        (
            truth.with("id_token_signing_alg_values_supported", json!(["HS256"])),
            "one of these is needed: RS256",
        ),
        (
            truth.with("jwks_uri", Value::Null),
            "\"jwks_uri\" is not a string",
        ),
        (
            truth.with_keys(json!({"keys": []})),
            "no key that can verify a signature",
        ),
        (truth.with_keys(json!({})), "no signing key"),
        (
            truth.with_keys(other_key),
            "its keys in the cluster are not those that it shows outside",
        ),
    ];
    let object = format!("OIDC provider {}", stage.inside.url());
    for (wrong, says) in cases {
        stage.inside.says(wrong.script());
        let says = [
            &object,
            says,
            "hint: check `issuer` in Dex's own configuration, and dex.url and dex.issuer",
        ];
        stage.scene.ends(VERIFY, 4, &says).await;
    }
    stage.mend();
    stage.scene.ends(VERIFY, 0, &[]).await;
}

#[tokio::test]
async fn an_answer_that_is_no_document_is_told() {
    let stage = stage("bad-document").await;
    let cases = [
        (
            Say::Answer("200 OK\r\ncontent-type: text/html", HTML.to_owned()),
            "it is HTML or XML, not JSON",
        ),
        (Say::json("[]"), "not a JSON object"),
        (
            Say::json(r#"{"issuer": "a", "issuer": "b"}"#),
            "holds a name twice",
        ),
        (
            Say::json("x".repeat(300 << 10)),
            "the answer is longer than 256 KiB",
        ),
        (Say::Answer("403 Forbidden", String::new()), "answered 403"),
        (
            Say::Answer(
                "302 Found\r\nlocation: https://elsewhere.example.org/",
                String::new(),
            ),
            "it redirects to https://elsewhere.example.org/, which is another host",
        ),
        (
            Say::Answer("302 Found\r\nlocation: http://dex.home.local/", String::new()),
            "it redirects to http://dex.home.local/, which is not encrypted",
        ),
    ];
    for (say, says) in cases {
        stage.outside.says(move |_| say.clone());
        let says = [
            "OIDC provider https://dex.home.local:",
            says,
            "hint: check the Ingress, DNS and certificate",
        ];
        stage.scene.ends(VERIFY, 4, &says).await;
    }
    stage.mend();
    stage.scene.ends(VERIFY, 0, &[]).await;
}

/// What may pass by itself is waited for until the deadline, which names it and what helps.
#[tokio::test]
async fn a_dex_that_does_not_answer_is_waited_for() {
    let stage = stage("bad-silence").await;
    let not_found = "404 Not Found\r\ncontent-type: text/html";
    let cases = [
        (
            Say::Answer("503 Service Unavailable", String::new()),
            "answered 503",
        ),
        (
            Say::Answer(not_found, HTML.to_owned()),
            "answered 404 (text/html)",
        ),
        (Say::Hangup, "the connection broke: "),
    ];
    let line = format!("{VERIFY} --timeout 1s");
    for (say, says) in cases {
        let wrong = say.clone();
        stage.outside.says(move |_| wrong.clone());
        let left = stage
            .scene
            .ends(&line, 5, &[&OUTSIDE, [says].as_slice()].concat())
            .await;
        assert!(!left.stderr.contains("docs.rs"), "{left:#?}");
        stage
            .scene
            .ends(&format!("{VERIFY} --skip-external"), 0, &[])
            .await;
        stage.mend();
        stage.inside.says(move |_| say.clone());
        let inside = [says, "hint: run `aphex-ops dex scale`, then this command again"];
        stage.scene.ends(&line, 5, &inside).await;
        stage.mend();
        stage.scene.ends(VERIFY, 0, &[]).await;
    }
}

const OUTSIDE: [&str; 2] = [
    "OIDC provider https://dex.home.local: the deadline was reached while waiting",
    "check the Ingress of that name; `aphex-ops oidc verify --skip-external` checks inside",
];

#[tokio::test]
async fn a_dex_that_is_too_slow_is_waited_for() {
    let stage = stage("bad-slow").await;
    stage.outside.says(|_| Say::Silence);
    let (slow, short) = (
        format!("{VERIFY} --timeout 11s"),
        format!("{VERIFY} --timeout 1s"),
    );
    let says = [&OUTSIDE, ["no complete answer within 10 s"].as_slice()].concat();
    // Too short a time for a single look is something else.
    let early = ["before the first look was complete", "longer --timeout"];
    tokio::join!(
        stage.scene.ends(&slow, 5, &says),
        stage.scene.ends(&short, 5, &early)
    );
    stage.mend();
    stage.scene.ends(VERIFY, 0, &[]).await;
}

#[tokio::test]
async fn a_name_that_does_not_resolve_has_two_remedies() {
    let mut stage = stage("bad-name").await;
    let issuer = "https://dex.invalid"; // RFC 6761: no resolver knows it.
    let text = stage.truth.discovery.to_string().replace(HOST, "dex.invalid");
    let truth = Truth {
        discovery: serde_json::from_str(&text).unwrap(),
        keys: stage.truth.keys.clone(),
    };
    stage.inside.says(truth.clone().script());
    stage.scene.config["dex"]["issuer"] = issuer.into();
    let says = [
        "OIDC provider https://dex.invalid",
        "cannot resolve dex.invalid (",
        "`http.resolve` of the configuration",
        "`aphex-ops oidc verify --skip-external` checks inside the cluster only",
    ];
    let left = stage.scene.ends("oidc verify --timeout 2s", 5, &says).await;
    for noise in ["error sending", "dns error", "lookup address"] {
        assert!(!left.stderr.contains(noise), "{noise}: {left:#?}");
    }
    stage.scene.ends("oidc verify --skip-external", 0, &[]).await;
    let (outside, pem) = Server::tls(&["dex.invalid"], truth.script()).await;
    std::fs::write(&stage._authority, pem).unwrap();
    stage.scene.config["http"]["resolve"]["dex.invalid"] = json!(outside.address);
    stage.scene.ends(VERIFY, 0, &[]).await;
}

#[tokio::test]
async fn an_issuer_without_encryption_or_a_certificate_without_a_signer_is_told() {
    let mut stage = stage("bad-plain").await;
    let good = stage.scene.config.clone();
    stage.scene.config["http"]["caBundle"].take();
    let says = [
        "OIDC provider https://dex.home.local",
        "certificate is not trusted",
        "`http.caBundle`",
    ];
    stage.scene.ends(VERIFY, 4, &says).await;

    let text = stage.truth.discovery.to_string().replace("https://", "http://");
    let plain = Truth {
        discovery: serde_json::from_str(&text).unwrap(),
        keys: stage.truth.keys.clone(),
    };
    let (inside, outside) = (
        Server::start(plain.clone().script()).await,
        Server::start(plain.script()).await,
    );
    stage.scene.config["dex"] = json!({"url": inside.url(), "issuer": "http://dex.home.local"});
    stage.scene.config["http"]["resolve"][HOST] = json!(outside.address);
    let says = [
        "\"issuer\" is \"http://dex.home.local/\", which is not https",
        "dex.issuer",
    ];
    stage.scene.ends(VERIFY, 4, &says).await;
    stage.scene.config = good;
    stage.scene.ends(VERIFY, 0, &[]).await;
}

#[tokio::test]
async fn what_authentik_says_wrongly_is_told() {
    let mut stage = stage("bad-issuer").await;
    let (scene, good) = (&mut stage.scene, stage.truth.discovery["issuer"].clone());
    assert_eq!(good, "https://dex.home.local");
    let seeds = [
        (
            ProviderSeed {
                signing_key: false,
                ..ProviderSeed::dex()
            },
            "one of these is needed: RS256",
        ),
        (
            ProviderSeed {
                global_issuer: true,
                ..ProviderSeed::dex()
            },
            "/application/o/platform-services/\"",
        ),
    ];
    for (seed, says) in seeds {
        let options = Options {
            providers: vec![seed],
            ..Options::default()
        };
        scene.reset(options).await;
        let object = format!(
            "OIDC provider {}/application/o/platform-services/",
            scene.authentik().url()
        );
        let says = [
            &object,
            says,
            "authentik.slug of the configuration",
            "signing key",
        ];
        scene.ends(VERIFY, 4, &says).await;
    }
    scene.reset(Options::default()).await;
    let right = scene.config.clone();
    scene.config["authentik"]["slug"] = "another".into();
    let says = [
        "/application/o/another/",
        "answered 404",
        "authentik.slug of the configuration",
    ];
    scene.ends("oidc verify --timeout 1s", 5, &says).await;
    scene.config = right;
    scene.ends(VERIFY, 0, &[]).await;
}
