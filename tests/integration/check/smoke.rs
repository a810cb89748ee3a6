//! `check --suite smoke`: a login through the identity provider and a real Dex to an API server that trusts it.

use crate::{
    cli::program::{Left, Program},
    world::{
        self, ADMIN_PASSWORD, BOOTSTRAP_TOKEN, CLIENT_SECRET, KUBERNETES_CLIENT_SECRET, create_secret,
        ensure_namespace,
    },
};
use aphex_ops::{
    converge::Stop,
    http::{Http, Request},
    model::config,
};
use k8s_openapi::api::{
    authentication::v1::{SelfSubjectReview, UserInfo},
    core::v1::Secret,
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
    config::{AuthInfo, KubeConfigOptions, Kubeconfig},
};
use rig::{
    authentik::{Authentik, Options, ProviderSeed},
    sandbox::{self, Dex, Sandbox},
};
use serde_json::{Value, json};
use std::{fs, time::Duration};

const CHECKS: &str = "--only APX-OIDC-009 --only APX-OIDC-010 --only APX-OIDC-011";

struct Stage {
    sandbox: Sandbox,
    authentik: Authentik,
    dex: Dex,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Secrets in the cluster; Authentik, and a Dex that was started with them.
    async fn start() -> Self {
        let sandbox = Sandbox::start(sandbox::Options::default()).await.unwrap();
        let client = sandbox.client().await.unwrap();
        for namespace in ["auth-system", "argocd", "tekton-pipelines", "platform-system"] {
            ensure_namespace(&client, namespace).await.unwrap();
        }
        for secret in ["authentik-secrets", "dex-secrets"] {
            create_secret(&client, "auth-system", secret).await.unwrap();
        }
        sandbox::apply_all(&client, vec![deployment()]).await.unwrap();
        // Each has to know where the other one is: Authentik is there first, and again when Dex is.
        let authentik = Authentik::start(seeded(String::new())).await.unwrap();
        let dex = start_dex(&authentik).await;
        authentik.reset(seeded(format!("{}/callback", dex.issuer())));
        let folder = tempfile::tempdir().unwrap();
        Self {
            sandbox,
            authentik,
            dex,
            folder,
        }
    }

    fn config(&self) -> String {
        let authority = self.folder.path().join("dex.pem");
        fs::write(&authority, self.dex.ca_pem()).unwrap();
        let config = json!({
            "authentik": {"url": self.authentik.url(), "redirectURI": format!("{}/callback", self.dex.issuer())},
            "dex": {"url": self.dex.http_url(), "issuer": self.dex.issuer()},
            "http": {"caBundle": authority},
        });
        config.to_string()
    }

    async fn run(&self, line: &str) -> Left {
        let path = self.folder.path().join("config.yaml");
        fs::write(&path, self.config()).unwrap();
        let kubeconfig = self.sandbox.kubeconfig().display();
        let line = format!("{line} --kubeconfig {kubeconfig} --config {}", path.display());
        Program::new(&line).run().await
    }

    /// The API server trusts Dex as the guide says, which takes it up to a minute.
    async fn be_trusted(&self) {
        let mut issuer = authentication()["jwt"][0].take();
        issuer["issuer"]["url"] = self.dex.issuer().into();
        issuer["issuer"]["certificateAuthority"] = self.dex.ca_pem().into();
        self.sandbox.trust(&[issuer]).unwrap();
        let passed = [(); 3].map(|()| ("passed".to_owned(), String::new()));
        let begun = std::time::Instant::now();
        while self.checked().await != passed {
            assert!(
                begun.elapsed() < Duration::from_secs(90),
                "the API server does not come to trust Dex"
            );
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// What the two checks came to: their outcome, and the first finding.
    async fn checked(&self) -> Vec<(String, String)> {
        let left = self.run(&format!("check --suite smoke {CHECKS} -o json")).await;
        let report = left.json();
        let rows = report["checks"].as_array().unwrap().iter();
        rows.map(|row| {
            let told = &row["findings"][0]["message"];
            let message = told
                .as_str()
                .or(row["skipped"]["message"].as_str())
                .unwrap_or_default();
            (row["status"].as_str().unwrap().to_owned(), message.to_owned())
        })
        .collect()
    }
}

fn seeded(callback: String) -> Options {
    Options {
        admin_password: ADMIN_PASSWORD.to_owned(),
        bootstrap_token: Some(BOOTSTRAP_TOKEN.to_owned()),
        providers: vec![ProviderSeed {
            redirect_uris: vec![callback],
            ..ProviderSeed::dex()
        }],
        ..Options::default()
    }
}

/// The file that the guide shows.
fn authentication() -> Value {
    let guide = fs::read_to_string("docs/guide/kubectl.md").unwrap();
    let block = guide.split("```yaml").nth(1).unwrap();
    serde_saphyr::from_str(block.split("```").next().unwrap()).unwrap()
}

/// What the cluster says of Dex, which here runs beside it.
fn deployment() -> Value {
    let labels = json!({"app": "dex"});
    let metadata =
        json!({"labels": labels, "annotations": {"platform.aphex/secrets-digest": "of this test"}});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "dex", "namespace": "auth-system"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": metadata, "spec": {"containers": [{"name": "dex", "image": "localhost/dex:1"}]}},
        },
    })
}

async fn start_dex(authentik: &Authentik) -> Dex {
    let config = json!({
        "issuer": Dex::OVER_TLS,
        "oauth2": {"skipApprovalScreen": true},
        "staticClients": [{
            "id": "kubernetes", "name": "Kubernetes", "secretEnv": "KUBERNETES_CLIENT_SECRET",
            "redirectURIs": ["http://localhost:8000/callback"],
        }],
        "connectors": [{
            "type": "oidc", "id": "authentik", "name": "Authentik",
            "config": {
                "issuer": format!("{}/application/o/platform-services/", authentik.url()),
                "clientID": "dex-client", "clientSecret": "$AUTHENTIK_CLIENT_SECRET",
                "redirectURI": format!("{}/callback", Dex::OVER_TLS),
                "scopes": ["openid", "profile", "email", "groups"],
                "getUserInfo": true, "insecureSkipEmailVerified": true, "insecureEnableGroups": true,
            },
        }],
    });
    let environment = [
        ("AUTHENTIK_CLIENT_SECRET", CLIENT_SECRET),
        ("KUBERNETES_CLIENT_SECRET", KUBERNETES_CLIENT_SECRET),
    ];
    Dex::start(&serde_saphyr::to_string(&config).unwrap(), &environment)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_gone_through_to_the_api_server() {
    let stage = Stage::start().await;
    stage.run("authentik token").await.ended(0, &[]);
    // Authentik does not know Dex's secret yet, which is told by the check for that.
    let told = stage.checked().await;
    assert_eq!(
        [told[0].0.as_str(), told[1].0.as_str()],
        ["skipped", "skipped"],
        "{told:?}"
    );

    stage.run("dex sync").await.ended(0, &[]);
    let told = stage.checked().await;
    assert_eq!(told[0].0, "passed", "{told:?}");
    assert!(told[1].1.contains("does not accept the ID token"), "{told:?}");

    stage.be_trusted().await;

    // Dex was not started with the secret that Authentik has by now: the exchange behind it fails, and the finding says where.
    let secret = json!({"stringData": {"client-secret": "another-secret-of-the-same-length"}});
    let secrets = Api::<Secret>::namespaced(stage.sandbox.client().await.unwrap(), "auth-system");
    let (parameters, patch) = (PatchParams::default(), Patch::Merge(&secret));
    secrets.patch("dex-secrets", &parameters, &patch).await.unwrap();
    stage.run("dex sync").await.ended(0, &[]);
    let told = stage.checked().await;
    assert_eq!(told[0].0, "failed");
    assert!(told[0].1.contains("/callback"), "{told:?}");
}

/// Of akadmin, after a login: who the API server takes the bearer for.
async fn bearer(stage: &Stage) -> Result<UserInfo, kube::Error> {
    let config = config::parse(&stage.config()).unwrap();
    let token = world::log_in(&config, &ADMIN_PASSWORD.into(), &KUBERNETES_CLIENT_SECRET.into()).await;
    let mut kubeconfig = Kubeconfig::read_from(stage.sandbox.kubeconfig()).unwrap();
    kubeconfig.auth_infos[0].auth_info = Some(AuthInfo {
        token: Some(token.unwrap()),
        ..AuthInfo::default()
    });
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    let reviews = Api::<SelfSubjectReview>::all(Client::try_from(config.unwrap()).unwrap());
    let review = reviews
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await?;
    Ok(review.status.unwrap().user_info.unwrap())
}

/// Whoever may make groups in Authentik is not Kubernetes' master by that (T13 of the threats).
#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_kubernetes_own_is_of_no_use() {
    let stage = Stage::start().await;
    stage.run("authentik token").await.ended(0, &[]);
    stage.run("dex sync").await.ended(0, &[]);
    stage.be_trusted().await;
    let http = Http::new(&config::parse(&stage.config()).unwrap(), &Stop::default()).unwrap();
    let ask = async |request: Request| {
        let answer = http
            .send(request.bearer(&BOOTSTRAP_TOKEN.into()).accept_json())
            .await;
        answer.unwrap().json::<Value>().unwrap()
    };
    let api = format!("{}/api/v3/core", stage.authentik.url());
    let users = ask(Request::get(format!("{api}/users/?username=akadmin"))).await;
    let group = |name: &str| json!({"name": name, "users": [users["results"][0]["pk"]]});
    ask(Request::post(format!("{api}/groups/")).json(&group("harmless"))).await;
    let known = bearer(&stage).await.unwrap();
    assert!(known.groups.unwrap().contains(&"harmless".to_owned()));

    ask(Request::post(format!("{api}/groups/")).json(&group("system:masters"))).await;
    let refused = bearer(&stage).await.unwrap_err();
    assert!(refused.to_string().contains("Unauthorized"), "{refused}");
    let told = stage.checked().await;
    assert_eq!(told[0].0, "failed", "{told:?}");
    assert!(told[0].1.contains("system:masters"), "{told:?}");
}

/// People are known by an address that Dex takes without a proof, so that nobody may change it (T12 of the threats).
#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_take_anothers_address_is_told_of() {
    let stage = Stage::start().await;
    for may_change_email in [false, true] {
        stage.authentik.reset(Options {
            may_change_email,
            ..seeded(format!("{}/callback", stage.dex.issuer()))
        });
        stage.run("authentik token").await.ended(0, &[]);
        stage.run("dex sync").await.ended(0, &[]);
        let told = stage.checked().await;
        let (status, message) = if may_change_email {
            ("warning", "people may change their e-mail address by themselves")
        } else {
            ("passed", "")
        };
        assert_eq!(told[2], (status.to_owned(), message.to_owned()), "{told:?}");
    }
}

/// Nobody logs in unless that is asked for: it leaves a trace.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_logs_in_by_default() {
    let stage = Stage::start().await;
    let left = stage.run("check --only oidc -o json").await;
    let report = left.json();
    let codes: Vec<&Value> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["code"])
        .collect();
    assert!(
        !codes.is_empty() && !codes.contains(&&json!("APX-OIDC-009")),
        "{codes:?}"
    );
}
