//! The laws, for every step: see `rig::laws`.

use crate::world::{Initial, Platform};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;
use rig::{
    laws::{
        World, dry_run,
        sweep::{self, Case},
    },
    proxy::{Answer, Fault, KillPoint, Moment, Seen},
};
use serde_json::json;

/// Dies at every request and every point of it; converges, writes nothing more, loses and leaks nothing.
async fn survives_kills(command: &[&str], initial: Initial) {
    let first = Platform::start(command, initial).await.unwrap();
    let second = Platform::start(command, initial).await.unwrap();
    let report = sweep::kills(&mut [first, second]).await.unwrap();
    println!("{} from {initial:?}: {report}", command.join(" "));
    assert!(
        report.requests > 0 && report.points >= 3 * report.requests,
        "not everything was swept"
    );
    // A controller that is slow for once makes a run look once more; a sweep that lost more than that swept little.
    assert!(
        report.missed * 10 <= report.points,
        "{} points were not reached",
        report.missed
    );
    assert!(report.violations.is_empty());
}

/// The same for commands with many requests, so that it takes less than two minutes: dies at every point of each write,
/// and of the reads at one point of every `stride`th, another point each time. A death between two reads leaves what
/// the one before left.
async fn survives_kills_at_writes(command: &[&str], initial: Initial, stride: usize) {
    let first = Platform::start(command, initial).await.unwrap();
    let mut worlds = [first, Platform::start(command, initial).await.unwrap()];
    let mut writes = 0;
    let report = sweep::cases(&mut worlds, |requests| {
        let (changing, others): (Vec<&Seen>, Vec<&Seen>) = requests.iter().partition(is_write);
        writes = changing.len();
        let all = changing
            .iter()
            .flat_map(|seen| KillPoint::ALL.map(|point| (*seen, point)));
        let one = others
            .iter()
            .step_by(stride)
            .copied()
            .zip(KillPoint::ALL.into_iter().cycle());
        let points = all.chain(one);
        points
            .map(|(seen, point)| Case::kill(seen.number, point))
            .collect()
    });
    let report = report.await.unwrap();
    println!(
        "{} from {initial:?}, {writes} writes: {report}",
        command.join(" ")
    );
    assert!(writes > 0 && report.points > 3 * writes, "too little was swept");
    assert!(
        report.missed * 10 <= report.points,
        "{} points were not reached",
        report.missed
    );
    assert!(report.violations.is_empty());
}

/// Meets every kind of trouble once at every request: ends in time with a documented code, and a rerun makes it good.
/// Minutes for each step, so only `scripts/test all` does it.
async fn survives_faults(command: &[&str], initial: Initial) {
    if std::env::var_os("APHEX_OPS_TEST_ALL").is_none() {
        return;
    }
    let first = Platform::start(command, initial).await.unwrap();
    let second = Platform::start(command, initial).await.unwrap();
    let faults = quick_faults();
    let report = sweep::faults(&mut [first, second], &faults).await.unwrap();
    println!(
        "{} from {initial:?}, {} faults: {report}",
        command.join(" "),
        faults.len()
    );
    assert!(report.violations.is_empty());
}

/// The same for commands with many requests: every kind of trouble at each write, and at each read one, another kind each
/// time.
async fn survives_faults_at_writes(command: &[&str], initial: Initial) {
    if std::env::var_os("APHEX_OPS_TEST_ALL").is_none() {
        return;
    }
    let first = Platform::start(command, initial).await.unwrap();
    let mut worlds = [first, Platform::start(command, initial).await.unwrap()];
    let faults = quick_faults();
    let report = sweep::cases(&mut worlds, |requests| {
        let (changing, others): (Vec<&Seen>, Vec<&Seen>) = requests.iter().partition(is_write);
        let all = changing
            .iter()
            .flat_map(|seen| faults.iter().map(|fault| Case::fault(seen.number, fault)));
        let one = others.iter().zip(faults.iter().cycle());
        all.chain(one.map(|(seen, fault)| Case::fault(seen.number, fault)))
            .collect()
    });
    let report = report.await.unwrap();
    println!("{} from {initial:?}, faults: {report}", command.join(" "));
    assert!(report.points > report.requests && report.violations.is_empty());
}

/// All kinds of trouble but a stall, which costs a whole timeout and is a broken connection in the end.
fn quick_faults() -> Vec<Fault> {
    let is_quick = |fault: &Fault| !matches!(fault, Fault::Stall(_));
    let all = Fault::by_status().into_iter().chain(Fault::by_transport());
    all.filter(is_quick).collect()
}

fn is_write(seen: &&Seen) -> bool {
    ["PATCH", "DELETE"].contains(&seen.method.as_str())
}

async fn dry_run_changes_nothing(command: &[&str], initial: Initial) {
    let mut world = Platform::start(command, initial).await.unwrap();
    let run = world.command().args(["--dry-run", "--exit-code"]);
    let violations = dry_run::check(&mut world, &run).await.unwrap();
    assert!(violations.is_empty(), "{violations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_ensure() {
    survives_kills(&["namespaces", "ensure"], Initial::Empty).await;
    dry_run_changes_nothing(&["namespaces", "ensure"], Initial::Empty).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn install() {
    survives_kills_at_writes(&["install"], Initial::Empty, 4).await;
    dry_run_changes_nothing(&["install"], Initial::Empty).await;
}

/// Three waves with a definition, objects of it, a Deployment that has to get ready, roles and a webhook.
const WAVES: [&str; 4] = ["waves", "install", "-f", "tests/fixtures/waves"];

#[tokio::test(flavor = "multi_thread")]
async fn waves_install() {
    survives_kills_at_writes(&WAVES, Initial::Namespaces, 2).await;
    dry_run_changes_nothing(&WAVES, Initial::Namespaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waves_install_meets_faults() {
    survives_faults_at_writes(&WAVES, Initial::Namespaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waves_prune() {
    let prune = [
        "waves",
        "prune",
        "-f",
        "tests/fixtures/waves/10-webhook.yaml",
        "--confirm",
        "30",
    ];
    survives_kills_at_writes(&prune, Initial::Namespaces, 2).await;
    dry_run_changes_nothing(&prune, Initial::Namespaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uninstall() {
    // Without --secrets they stay.
    let mut world = [Platform::start(&["uninstall"], Initial::Secrets).await.unwrap()];
    let report = sweep::cases(&mut world, |_| Vec::new()).await.unwrap();
    assert!(report.violations.is_empty());
    survives_kills_at_writes(&["uninstall", "--secrets"], Initial::Secrets, 4).await;
    dry_run_changes_nothing(&["uninstall", "--secrets"], Initial::Secrets).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_generate() {
    survives_kills(&["secrets", "generate"], Initial::Namespaces).await;
    dry_run_changes_nothing(&["secrets", "generate"], Initial::Namespaces).await;
}

/// From a Dex that does not run yet and a client secret that Authentik does not know.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_rotate_client_secret() {
    let command = ["secrets", "rotate", "client-secret", "--request", "law"];
    survives_kills_at_writes(&command, Initial::Dex, 4).await;
    dry_run_changes_nothing(&command, Initial::Dex).await;
}

/// The secrets of Dex's own clients: nobody is told, but a real Dex is started anew, and asked whether it knows the value.
/// This one has a copy and somebody who reads it besides.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_rotate_tekton_client_secret() {
    let command = ["secrets", "rotate", "tekton-client-secret", "--request", "law"];
    survives_kills_at_writes(&command, Initial::Dex, 6).await;
    dry_run_changes_nothing(&command, Initial::Dex).await;
}

/// Those have less to them, so only `scripts/test all` does it.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_rotate_other_client_secrets() {
    if std::env::var_os("APHEX_OPS_TEST_ALL").is_none() {
        return;
    }
    for secret in ["argocd-client-secret", "kubernetes-client-secret"] {
        let command = ["secrets", "rotate", secret, "--request", "law"];
        survives_kills_at_writes(&command, Initial::Dex, 4).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_rotate_admin_password() {
    let command = ["secrets", "rotate", "admin-password", "--request", "law"];
    survives_kills(&command, Initial::Secrets).await;
    dry_run_changes_nothing(&command, Initial::Secrets).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_rotate_api_token() {
    let command = ["secrets", "rotate", "api-token", "--request", "law"];
    survives_kills(&command, Initial::Token).await;
    dry_run_changes_nothing(&command, Initial::Token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_rotate_meets_faults() {
    survives_faults(
        &["secrets", "rotate", "client-secret", "--request", "law"],
        Initial::Dex,
    )
    .await;
    survives_faults(
        &["secrets", "rotate", "admin-password", "--request", "law"],
        Initial::Secrets,
    )
    .await;
    survives_faults(
        &["secrets", "rotate", "api-token", "--request", "law"],
        Initial::Token,
    )
    .await;
}

/// What it finds wrong is mended by whatever command does that, and looked at again.
#[tokio::test(flavor = "multi_thread")]
async fn check_mends() {
    survives_kills_at_writes(&["check", "--only", "APX-CLU-003", "--fix"], Initial::Empty, 4).await;
    let secrets = ["check", "--only", "secrets", "--fix"];
    survives_kills_at_writes(&secrets, Initial::SomeSecrets, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_generate_repairs() {
    survives_kills(&["secrets", "generate"], Initial::SomeSecrets).await;
}

/// Libraries like to log what they do not understand, and here that is a Secret.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_is_not_shown() {
    let command = ["secrets", "generate"];
    let mut worlds = [Platform::start(&command, Initial::SomeSecrets).await.unwrap()];
    let value = worlds[0].dump().await.unwrap().secret_values().swap_remove(0);
    let data = json!({"admin-password": STANDARD.encode(&value)});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": "none", "data": data});
    let quote = format!("Invalid value: {:?}", String::from_utf8(value).unwrap());
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    let answers = [
        Answer::json("garbled Secret", StatusCode::OK, &secret),
        Answer::status("quoted value", refused, "Invalid", &quote, json!({})),
    ];
    let faults = answers.map(|answer| Fault::Answer(Moment::BeforeSend, answer));
    let report = sweep::cases(&mut worlds, |requests| {
        let is_secret = |seen: &&Seen| seen.path_and_query.contains("/secrets/authentik-secrets");
        let requests = requests.iter().filter(is_secret);
        let cases = requests.flat_map(|seen| faults.each_ref().map(|fault| Case::fault(seen.number, fault)));
        cases.collect()
    });
    let report = report.await.unwrap();
    assert!(
        report.points >= 4,
        "reads and a write are answered like this: {report}"
    );
    assert!(report.violations.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn authentik_token() {
    survives_kills(&["authentik", "token"], Initial::Secrets).await;
    dry_run_changes_nothing(&["authentik", "token"], Initial::Secrets).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dex_sync() {
    survives_kills(&["dex", "sync"], Initial::Token).await;
    dry_run_changes_nothing(&["dex", "sync"], Initial::Token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dex_scale() {
    survives_kills(&["dex", "scale"], Initial::Dex).await;
    dry_run_changes_nothing(&["dex", "scale"], Initial::Dex).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_verify() {
    survives_kills(&["oidc", "verify"], Initial::Dex).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bootstrap() {
    survives_kills(&["bootstrap"], Initial::Empty).await;
    dry_run_changes_nothing(&["bootstrap"], Initial::Empty).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_ensure_meets_faults() {
    survives_faults(&["namespaces", "ensure"], Initial::Empty).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn install_meets_faults() {
    survives_faults_at_writes(&["install"], Initial::Empty).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_generate_meets_faults() {
    survives_faults(&["secrets", "generate"], Initial::Namespaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authentik_token_meets_faults() {
    survives_faults(&["authentik", "token"], Initial::Secrets).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dex_sync_meets_faults() {
    survives_faults(&["dex", "sync"], Initial::Token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dex_scale_meets_faults() {
    survives_faults(&["dex", "scale"], Initial::Dex).await;
}
