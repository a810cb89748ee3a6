//! What can be wrong before a request is sent, and a cluster that cannot be reached.

use super::program::Program;
use futures::future::join_all;
use std::net::SocketAddr;
use tokio::net::TcpSocket;

/// A kubeconfig with one context, `demo`.
fn kubeconfig(server: &str) -> String {
    serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "demo",
        "clusters": [{"name": "demo", "cluster": {"server": server}}],
        "users": [{"name": "demo", "user": {"token": "unknown"}}],
        "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": "demo"}}],
    })
    .to_string()
}

/// A port that is bound and does not listen: nobody else can get it, and connections are refused.
fn closed_port() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let server = format!("https://{}", socket.local_addr().unwrap());
    (socket, server)
}

#[tokio::test]
async fn wrong_usage_exits_2_and_prints_nothing_to_stdout() {
    let lines = [
        ("", "Usage:"),
        ("unknown", "unrecognized subcommand"),
        ("secrets", "Usage:"),
        ("secrets generate --unknown", "--unknown"),
        ("secrets generate surplus", "surplus"),
        ("secrets generate --timeout soon", "such as 45s"),
        ("secrets generate -o xml", "possible values"),
        ("completion csh", "possible values"),
        ("bootstrap --only secrets --skip token", "cannot be used with"),
        ("playbook run", "NAME"),
        (
            "render rbac playbook list",
            "is not a command that works on a cluster",
        ),
        ("render job tenants reconcile --watch", "does not end"),
        ("render rbac tenants suspend --watch", "is not a command"),
        ("render rbac backup create", "lacks an argument"),
        ("playbook show unknown", "aphex-ops playbook list"),
        (
            "playbook show ./unknown.yaml",
            "cannot read the playbook ./unknown.yaml",
        ),
    ];
    for (line, says) in lines {
        let left = Program::new(line).run().await;
        assert_eq!(left.ended(2, &[says]).stdout, "", "{line}");
    }
}

#[tokio::test]
async fn one_that_stays_listens_besides() {
    let watches = async |line: &str| {
        let rendered = Program::new(line).run().await;
        let listens = |line: &&str| line.trim() == "- watch";
        rendered.ended(0, &[]).stdout.lines().filter(listens).count()
    };
    assert_eq!(watches("render rbac tenants reconcile").await, 0);
    // Organizations, RepoBindings and KnowledgeBases.
    assert_eq!(watches("render rbac tenants reconcile --watch").await, 3);
}

#[tokio::test]
async fn a_kubeconfig_that_cannot_be_used_exits_2_and_says_which() {
    let none = Program::new("namespaces ensure").run().await;
    none.ended(2, &["there is no kubeconfig", "--kubeconfig FILE"]);
    let missing = Program::new("namespaces ensure --kubeconfig /nowhere/config")
        .run()
        .await;
    missing.ended(2, &["/nowhere/config"]);
    let variable = Program::new("namespaces ensure")
        .env("KUBECONFIG", "/nowhere/config")
        .run()
        .await;
    variable.ended(2, &["/nowhere/config"]);
    let broken = Program::new("namespaces ensure")
        .arg_file("--kubeconfig", "clusters: [")
        .run()
        .await;
    broken.ended(2, &["cannot use the kubeconfig"]);
    let unknown = Program::new("namespaces ensure --context other");
    let unknown = unknown
        .arg_file("--kubeconfig", &kubeconfig("https://127.0.0.1:1"))
        .run()
        .await;
    unknown.ended(2, &["other", "kubectl config get-contexts"]);
    let server = Program::new("namespaces ensure --server :nowhere:");
    let server = server
        .arg_file("--kubeconfig", &kubeconfig("https://127.0.0.1:1"))
        .run()
        .await;
    server.ended(2, &["--server", ":nowhere:"]);
}

#[tokio::test]
async fn the_default_kubeconfig_is_in_the_home_folder() {
    let (_port, server) = closed_port();
    let program = Program::new("secrets status");
    program.file(".kube/config", &kubeconfig(&server));
    program.run().await.ended(10, &[&server]);
}

#[tokio::test]
async fn a_cluster_that_cannot_be_reached_exits_10_and_says_where_and_what_to_do() {
    let (_port, server) = closed_port();
    let lines = [
        "namespaces ensure",
        "secrets generate",
        "secrets status",
        "bootstrap",
        "bootstrap --dry-run",
    ];
    let run = |line| {
        Program::new(line)
            .arg_file("--kubeconfig", &kubeconfig(&server))
            .run()
    };
    for left in join_all(lines.map(run)).await {
        left.ended(
            10,
            &[
                &server,
                "cannot reach the API server",
                "check that the cluster runs",
            ],
        );
    }
}

#[tokio::test]
async fn a_mistake_in_the_configuration_exits_2_with_line_and_column() {
    let texts = [
        ("profile: kind\nhots: {}\n", vec!["hots", "line 2", "column 1"]),
        ("namespaces:\n  auth: [1]\n", vec!["line 2", "column"]),
        ("timeouts:\n  step: long\n", vec!["line 2", "column"]),
        ("profile: cloud\n", vec!["cloud", "line 1"]),
        ("profile: [\n", vec!["line"]),
        (
            "namespaces: {auth: Not_A_Label}\n",
            vec!["namespaces.auth", "RFC 1123"],
        ),
        ("dex: {issuer: 'ftp://dex'}\n", vec!["dex.issuer", "http"]),
        ("kind: ConfigMap\n", vec!["ConfigMap", "PlatformConfig"]),
    ];
    for (text, says) in texts {
        let left = Program::new("namespaces ensure")
            .arg_file("--config", text)
            .run()
            .await;
        left.ended(2, &[&["config"], says.as_slice()].concat());
        assert_eq!(left.stdout, "");
    }
    let missing = Program::new("namespaces ensure --config /nowhere/config.yaml")
        .run()
        .await;
    missing.ended(2, &["/nowhere/config.yaml"]);
    let variable = Program::new("namespaces ensure")
        .env("APHEX_OPS_CONFIG", "/nowhere/config.yaml")
        .run()
        .await;
    variable.ended(2, &["/nowhere/config.yaml"]);
}

#[tokio::test]
async fn a_mistake_in_a_playbook_exits_2_and_names_it() {
    let step = |run: &str| {
        format!(
            "apiVersion: ops.aphex.io/v1alpha1\nkind: Playbook\nmetadata: {{name: mine}}\nspec:\n  steps:\n  \
             - {{name: one, why: because, run: {run}}}\n"
        )
    };
    let texts = [
        (
            step("[secrets, generate]") + "  step: []\n",
            vec!["step", "line 7"],
        ),
        (step("[secrets, forget]"), vec!["\"one\"", "cannot be run"]),
        (step("[playbook, list]"), vec!["`playbook list` is not a step"]),
        ("kind: Pod\n".to_owned(), vec!["mine.yaml"]),
    ];
    for (text, says) in texts {
        let (_port, server) = closed_port();
        let program = Program::new("playbook run").arg_file("--kubeconfig", &kubeconfig(&server));
        let path = program.file("mine.yaml", &text);
        let left = program.arg("--from", "one").arg("--", path).run().await;
        left.ended(2, &says);
    }
}

#[tokio::test]
async fn permissions_are_printed_for_a_configuration_named_before_or_after_the_command() {
    let program = |line: &str| Program::new(line);
    let (one, other) = ("namespaces: {auth: sso}\n", "namespaces: {auth: login}\n");
    let after = program("render rbac dex sync")
        .arg_file("--config", one)
        .run()
        .await;
    assert!(after.ended(0, &[]).stdout.contains("namespace: sso"), "{after:?}");
    let before = program("").file("before", other);
    let both = program("--profile k3s")
        .arg("--config", before)
        .arg("render", "rbac");
    let both = both.arg("dex", "sync").arg_file("--config", one).run().await;
    assert!(
        both.ended(0, &[]).stdout.contains("namespace: sso"),
        "the nearer one counts: {both:?}"
    );
    let variable = program("render rbac dex sync");
    let path = variable.file("variable", other);
    let variable = variable
        .env("APHEX_OPS_CONFIG", path)
        .arg_file("--config", one)
        .run()
        .await;
    assert!(
        variable.ended(0, &[]).stdout.contains("namespace: sso"),
        "{variable:?}"
    );
}

/// What `install` applies can be looked at, and applied by others, without a cluster at hand.
#[tokio::test]
async fn what_is_installed_is_printed_as_yaml() {
    let ran = Program::new("render install --profile k3s").run().await;
    let text = &ran.ended(0, &[]).stdout;
    let objects: Vec<serde_json::Value> = serde_saphyr::from_multiple(text).unwrap();
    let is_config = |object: &&serde_json::Value| object["kind"] == "ConfigMap";
    let config = objects.iter().find(is_config).unwrap();
    let text = config["data"]["config.yaml"].as_str().unwrap();
    let config = aphex_ops::model::config::parse(text).unwrap();
    assert_eq!(config.profile, aphex_ops::model::config::Profile::K3s);
    assert_eq!(objects[0]["kind"], "Namespace");
}
