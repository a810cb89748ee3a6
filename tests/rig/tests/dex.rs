//! Real Dex as a process: both listeners serve the discovery document.

use rig::sandbox::Dex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn dex_serves_discovery_with_the_issuer_that_it_was_given() {
    let config = "
issuer: https://dex.home.local
enablePasswordDB: true
staticClients:
  - id: argocd
    name: Argo CD
    secretEnv: CLIENT_SECRET
    redirectURIs: [https://argocd.home.local/auth/callback]
";
    let dex = Dex::start(config, &[("CLIENT_SECRET", "for-the-test")])
        .await
        .unwrap();
    assert_eq!(dex.issuer(), "https://dex.home.local");
    let address = dex.http_url().replace("http://", "");
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let request = "GET /.well-known/openid-configuration HTTP/1.0\r\nHost: dex.home.local\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.contains(r#""issuer": "https://dex.home.local""#),
        "{answer}"
    );
    assert!(dex.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    tokio::net::TcpStream::connect(dex.https_address()).await.unwrap();
}

#[tokio::test]
async fn dex_that_cannot_start_says_why() {
    let config = "{ storage: { type: nonsense } }";
    let error = Dex::start(config, &[]).await.unwrap_err().to_string();
    assert!(
        error.contains("dex ended by itself") && error.contains("nonsense"),
        "{error}"
    );
}
