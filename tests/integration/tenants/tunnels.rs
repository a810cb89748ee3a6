//! Organizations whose webhooks come in through Cloudflare, by its stand-in.

use super::stage::{PLATFORM, Stage, binding, organization};
use crate::cloudflare_adapter::by_token;
use kube::api::DeleteParams;
use rig::cloudflare::{Cloudflare, Options};

const ZONE: &str = "arbiter-dev.com";

/// Options for the stand-in: a configuration, and the file with the token.
fn options(folder: &tempfile::TempDir, server: &Cloudflare) -> String {
    let (config, token) = (folder.path().join("config.yaml"), folder.path().join("token"));
    let text = format!(
        "profile: k3s\ncloudflare: {{apiURL: '{}/client/v4'}}\n",
        server.origin()
    );
    std::fs::write(&config, text).unwrap();
    std::fs::write(&token, Options::TOKEN).unwrap();
    format!(
        "--config {} --cloudflare-token-file {}",
        config.display(),
        token.display()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_gets_its_tunnel_and_leaves_nothing_at_cloudflare() {
    let mut stage = Stage::start_for("k3s").await;
    let server = Cloudflare::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let line = format!("tenants reconcile {}", options(&folder, &server));
    super::stage::end_namespaces(stage.client.clone());
    stage
        .apply([organization("acme-corp"), binding("app", "acme-corp", "app")])
        .await;
    let writes = stage.writes(&line).await;
    assert!(writes.len() > 25, "{writes:#?}");
    assert_eq!(stage.phase("Organization", "acme-corp").await.0, "Active");
    assert_eq!(stage.phase("RepoBinding", "app").await.0, "Ready");
    let inventory = server.inventory();
    let ([tunnel], [record]) = (inventory.tunnels.as_slice(), inventory.records.as_slice()) else {
        panic!("{inventory:?}")
    };
    assert_eq!(record.name, format!("acme-corp.{ZONE}"));
    assert_eq!(record.content, format!("{}.cfargotunnel.com", tunnel.id));
    let namespace = Some("org-acme-corp");
    let config = stage
        .get("ConfigMap", namespace, "cloudflared-config")
        .await
        .unwrap();
    let text = config["data"]["config.yaml"].as_str().unwrap().to_owned();
    assert!(text.contains(&format!("tunnel: {}\n", tunnel.id)) && text.contains("acme-corp.arbiter-dev.com"));
    assert!(
        stage
            .get("Deployment", namespace, "cloudflared-acme-corp")
            .await
            .is_some()
    );
    let credentials = stage
        .get("Secret", namespace, "cloudflared-credentials-acme-corp")
        .await
        .unwrap();
    assert!(credentials["data"]["credentials.json"].is_string());
    server.forget_requests();
    assert_eq!(stage.writes(&line).await, [""; 0]);
    let requests = server.requests();
    assert!(requests.iter().all(|request| !request.writes()), "{requests:?}");
    println!(
        "a run with nothing to do asks Cloudflare {} times",
        requests.len()
    );

    // Somebody deletes the record: it is made again, and nothing else.
    let zone = server.zone(ZONE).unwrap();
    let api = by_token(&server.url(), Options::TOKEN);
    api.delete_record(&zone, &record.id).await.unwrap();
    stage.run(&line).await.ended(0, &[]);
    assert_eq!(
        server.inventory().records[0].content,
        format!("{}.cfargotunnel.com", tunnel.id)
    );

    for (kind, name) in [("RepoBinding", "app"), ("Organization", "acme-corp")] {
        stage
            .api(kind, Some(PLATFORM))
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
    }
    stage.run(&line).await.ended(0, &[]);
    assert_eq!(stage.names("Organization").await, [""; 0]);
    assert!(server.inventory().is_empty(), "{:?}", server.inventory());
    server.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_at_cloudflare_is_said_and_keeps_nothing_else_waiting() {
    let mut stage = Stage::start_for("k3s").await;
    let server = Cloudflare::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let line = format!("tenants reconcile {}", options(&folder, &server));
    server.add_record("A", &format!("acme-corp.{ZONE}"), "192.0.2.7", "");
    stage
        .apply([
            organization("acme-corp"),
            organization("other"),
            binding("app", "acme-corp", "app"),
        ])
        .await;
    stage.run(&line).await.ended(0, &[]);
    let (phase, message) = stage.phase("Organization", "acme-corp").await;
    assert!(
        phase == "Failed" && message.contains("somebody else's"),
        "{phase}: {message}"
    );
    assert_eq!(stage.phase("Organization", "other").await.0, "Active");
    assert_eq!(stage.phase("RepoBinding", "app").await.0, "Ready");
    assert!(
        stage
            .get("EventListener", Some("org-acme-corp"), "github-listener")
            .await
            .is_some()
    );

    std::fs::write(folder.path().join("token"), "another-token-that-nobody-knows").unwrap();
    stage.run(&line).await.ended(0, &[]);
    let (phase, message) = stage.phase("Organization", "other").await;
    assert!(
        phase == "Pending" && message.contains("does not accept the token"),
        "{phase}: {message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_is_described_and_leaves_with_an_organization_that_is_deleted_by_name() {
    let mut stage = Stage::start_for("k3s").await;
    let server = Cloudflare::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder, &server);
    super::stage::end_namespaces(stage.client.clone());
    stage.apply([organization("acme-corp")]).await;
    let reconcile = format!("tenants reconcile {options}");
    stage.run(&reconcile).await.ended(0, &[]);
    // The credentials of tunnels are open to the account that reconciles, and to who may read any Secret.
    stage.kubeconfig = stage.sandbox.kubeconfig().to_owned();
    let described = stage.run(&format!("tenants describe {options}")).await;
    described.ended(0, &[]);
    let is_good = |object: &str| {
        let mut lines = described.stdout.lines();
        lines.any(|line| line.contains(object) && line.ends_with("as wanted"))
    };
    for object in [
        "Cloudflare tunnel ",
        "Deployment cloudflared-acme-corp ",
        "ConfigMap cloudflared-config ",
    ] {
        assert!(is_good(object), "{object}: {}", described.stdout);
    }
    let delete = format!("tenants delete acme-corp --yes {options}");
    stage.run(&delete).await.ended(0, &[]);
    assert_eq!(stage.left().await, [""; 0]);
    assert!(server.inventory().is_empty(), "{:?}", server.inventory());
    server.assert_clean();
}
