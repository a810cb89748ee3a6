//! Figures of the program, printed and not asserted: `scripts/benchmark` runs this with a release build.

mod apply;
mod tenants;
mod waves;

use crate::world::{Initial, Platform};
use rig::{
    laws::{
        World,
        run::{Exit, Ran, Run},
    },
    sandbox::{AuditEvent, Sandbox},
};
use std::{
    env, fs,
    path::PathBuf,
    time::{Duration, Instant},
};

const RUNS: usize = 9;

/// Each step where it has something to do. The memory limits of the Jobs come from these (`render/job/resources.rs`).
const STEPS: [(&[&str], Initial); 8] = [
    (&["namespaces", "ensure"], Initial::Empty),
    (&["secrets", "generate"], Initial::Namespaces),
    (&["secrets", "status"], Initial::Secrets),
    (&["authentik", "token"], Initial::Secrets),
    (&["dex", "sync"], Initial::Token),
    (&["dex", "scale"], Initial::Dex),
    (&["oidc", "verify"], Initial::Dex),
    (&["jobs", "status"], Initial::Namespaces),
];

/// The program to measure, if one was named: figures of a debug build say nothing.
fn program() -> Option<PathBuf> {
    env::var_os("APHEX_OPS_PROGRAM").map(PathBuf::from)
}

fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}

fn print(what: &str, runs: &[Ran]) {
    let wall = median(runs.iter().map(|ran| ran.duration).collect());
    let least = runs.iter().map(|ran| ran.duration).min().unwrap();
    let memory = runs.iter().filter_map(|ran| ran.peak_rss_kib).max();
    let memory = memory.map_or_else(
        || "not sampled".to_owned(),
        |kib| format!("{:.1} MiB", kib as f64 / 1024.0),
    );
    let (wall, least) = (wall.as_secs_f64() * 1000.0, least.as_secs_f64() * 1000.0);
    println!(
        "{what}: median {wall:.1} ms, least {least:.1} ms, peak memory {memory} ({} runs)",
        runs.len()
    );
}

/// One thing done by one program.
struct Figure {
    wall: Duration,
    cpu: Duration,
    requests: usize,
    writes: usize,
    peak_kib: Option<u64>,
}

impl Figure {
    /// Of what is done, which says how much memory it took; the requests that are its own, and of these what it wrote but
    /// for its lock and Events.
    async fn of(
        sandbox: &Sandbox,
        is_own: impl Fn(&AuditEvent) -> bool,
        work: impl Future<Output = Option<u64>>,
    ) -> Self {
        let mark = sandbox.audit_mark().await.unwrap();
        let cpu = sandbox.cpu_time("kube-apiserver").unwrap();
        let begun = Instant::now();
        let peak_kib = work.await;
        let wall = begun.elapsed();
        let cpu = sandbox.cpu_time("kube-apiserver").unwrap() - cpu;
        let events = sandbox.audit_since(mark).await.unwrap();
        let own: Vec<&AuditEvent> = events.iter().filter(|event| is_own(event)).collect();
        let is_besides = |event: &AuditEvent| {
            ["/leases", "/events"]
                .iter()
                .any(|part| event.request_uri.contains(part))
        };
        Self {
            wall,
            cpu,
            requests: own.len(),
            writes: own
                .iter()
                .filter(|event| event.is_write() && !is_besides(event))
                .count(),
            peak_kib,
        }
    }
}

async fn measure(run: &Run) -> Ran {
    let ran = run.finish().await.unwrap();
    assert_eq!(
        ran.exit,
        Exit::Code(0),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    ran
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures: `scripts/benchmark`"]
async fn figures() {
    let Some(program) = program() else {
        println!("not measured: APHEX_OPS_PROGRAM names no program");
        return;
    };
    println!("load {}", fs::read_to_string("/proc/loadavg").unwrap().trim());
    println!(
        "binary: {:.2} MB",
        fs::metadata(&program).unwrap().len() as f64 / 1e6
    );
    let mut runs = Vec::new();
    for _ in 0..50 {
        runs.push(measure(&Run::new(&program).args(["--version"])).await);
    }
    print("--version", &runs);

    for (command, initial) in STEPS {
        let mut platform = Platform::start(command, initial).await.unwrap();
        platform.program.clone_from(&program);
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            platform.reset().await.unwrap();
            runs.push(
                measure(
                    &platform
                        .as_administrator(command)
                        .timeout(Duration::from_secs(60)),
                )
                .await,
            );
        }
        print(&command.join(" "), &runs);
    }
    let mut platform = Platform::start(&["bootstrap"], Initial::Empty).await.unwrap();
    platform.program = program;
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        platform.reset().await.unwrap();
        let run = platform
            .as_administrator(&["bootstrap"])
            .timeout(Duration::from_secs(60));
        first.push(measure(&run).await);
        again.push(measure(&run).await);
    }
    print("bootstrap against ready services", &first);
    print("bootstrap with nothing to do", &again);
    for (what, ran) in [
        ("bootstrap", &first[0]),
        ("bootstrap with nothing to do", &again[0]),
    ] {
        let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        let steps = report["items"].as_array().unwrap();
        let requests = steps
            .iter()
            .flat_map(|step| step["requests"].as_object().unwrap().values());
        println!(
            "{what}: {} requests",
            requests.filter_map(serde_json::Value::as_u64).sum::<u64>()
        );
    }
}
