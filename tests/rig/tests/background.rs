//! Background sandboxes: `rig up` and `rig down`, also when the launcher is killed.

#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A machine's state folder of its own, so that tests know nothing of each other's sandboxes.
struct State(TempDir);

impl State {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut rig = Command::new(env!("CARGO_BIN_EXE_rig"));
        rig.args(arguments).env("XDG_STATE_HOME", self.0.path());
        rig
    }

    fn rig(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.rig(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("aphex-ops/sandbox/default")
    }

    fn launcher(&self) -> i32 {
        let record: serde_json::Value =
            serde_json::from_slice(&fs::read(self.folder().join("launcher.json")).unwrap()).unwrap();
        i32::try_from(record["pid"].as_i64().unwrap()).unwrap()
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.rig(&["down", "--all"]);
    }
}

/// Processes that were started in the sandbox's folder or carry its name in their environment. A process that is gone
/// but not buried has neither.
fn processes_of(folder: &Path) -> Vec<PathBuf> {
    let folder = folder.to_string_lossy();
    let entries = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let belongs = |path: &PathBuf| {
        let cwd = fs::read_link(path.join("cwd")).unwrap_or_default();
        let environment = fs::read(path.join("environ")).unwrap_or_default();
        let environment = String::from_utf8_lossy(&environment);
        cwd.starts_with(&*folder) || environment.split('\0').any(|entry| entry.ends_with(&*folder))
    };
    entries.filter(belongs).collect()
}

fn until(what: &str, mut reached: impl FnMut() -> bool) {
    for _ in 0..600 {
        if reached() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{what} has not come true");
}

#[test]
fn up_is_idempotent_and_down_leaves_nothing() {
    let state = State::new();
    assert!(state.ok(&["up"]).starts_with("export KUBECONFIG="));
    let launcher = state.launcher();
    state.ok(&["up"]);
    assert_eq!(state.launcher(), launcher);
    assert!(state.ok(&["status"]).contains("ready"));
    assert!(state.ok(&["logs"]).lines().any(|name| name == "kube-apiserver"));
    let mark = state.ok(&["audit", "--mark"]);
    let before = state.ok(&["audit", "--user-agent", "rig", "--since", mark.trim(), "--writes"]);
    assert_eq!(before, "");
    fs::write(
        state.0.path().join("map.yaml"),
        "{ apiVersion: v1, kind: ConfigMap, metadata: { name: m, namespace: default } }",
    )
    .unwrap();
    state.ok(&["apply", state.0.path().join("map.yaml").to_str().unwrap()]);
    let after = state.ok(&["audit", "--user-agent", "rig", "--since", mark.trim(), "--writes"]);
    assert!(
        after.starts_with("201 patch /api/v1/namespaces/default/configmaps/m?"),
        "{after}"
    );
    assert_eq!(after.lines().count(), 1);

    assert_eq!(processes_of(&state.folder()).len(), 2);
    state.ok(&["down"]);
    assert!(!state.folder().exists());
    assert!(processes_of(&state.folder()).is_empty());
    state.ok(&["down"]);
}

#[test]
fn a_killed_launcher_leaves_no_process_and_its_name_can_be_used_again() {
    let state = State::new();
    state.ok(&["up"]);
    let launcher = rustix::process::Pid::from_raw(state.launcher()).unwrap();
    rustix::process::kill_process(launcher, rustix::process::Signal::KILL).unwrap();
    until("the end of its processes", || {
        processes_of(&state.folder()).is_empty()
    });
    // A process that ends loses its environment before its lock: only the lock says that it is dead.
    until("the end of its lock", || state.ok(&["status"]).contains("dead"));
    let refused = state.rig(&["kubeconfig"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("has died"));
    state.ok(&["up"]);
    assert!(state.ok(&["status"]).contains("ready"));
    state.ok(&["down"]);
    assert!(!state.folder().exists());
}

#[test]
fn installed_programs_are_used_and_one_that_ends_is_quoted() {
    let state = State::new();
    let assets = state.0.path().join("assets");
    fs::create_dir(&assets).unwrap();
    for program in ["etcd", "kube-apiserver"] {
        let path = assets.join(program);
        fs::write(&path, "#!/bin/sh\necho this is the installed one\nexit 3\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut rig = state.command(&["up"]);
    let refused = rig.env("KUBEBUILDER_ASSETS", &assets).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(
        text.contains("ended by itself") && text.contains("this is the installed one"),
        "{text}"
    );
    assert!(state.ok(&["status"]).contains("dead"));
    assert!(state.ok(&["logs", "launcher"]).contains("ended by itself"));
}

#[test]
fn a_sandbox_that_is_not_there_is_said_to_be_so() {
    let state = State::new();
    let refused = state.rig(&["kubeconfig", "--name", "nobody"]);
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains("nobody") && text.contains("rig up"), "{text}");
}

/// The control groups of the sandbox's pods: one, or with version 1 one for each controller.
fn control_groups(name: &str) -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let hierarchies = fs::read_dir(root)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .chain([root.to_owned()]);
    hierarchies
        .map(|path| path.join(name))
        .filter(|path| path.exists())
        .collect()
}

#[test]
#[ignore = "starts a real node: root and Debian's containerd are needed"]
fn a_killed_launcher_takes_the_whole_node_with_it() {
    let state = State::new();
    state.ok(&["up", "--size", "node"]);
    let kubelet: serde_json::Value =
        serde_json::from_slice(&fs::read(state.folder().join("kubelet.json")).unwrap()).unwrap();
    let group = kubelet["cgroupRoot"]
        .as_str()
        .unwrap()
        .trim_start_matches('/')
        .to_owned();
    assert!(!control_groups(&group).is_empty());
    let names = |path: &PathBuf| fs::read_to_string(path.join("comm")).unwrap_or_default();
    let started: Vec<_> = processes_of(&state.folder()).iter().map(names).collect();
    assert!(
        started.iter().any(|name| name.starts_with("containerd-shim")),
        "{started:?}"
    );

    let launcher = rustix::process::Pid::from_raw(state.launcher()).unwrap();
    rustix::process::kill_process(launcher, rustix::process::Signal::KILL).unwrap();
    until("the end of its processes", || {
        processes_of(&state.folder()).is_empty()
    });
    state.ok(&["down"]);
    assert!(!state.folder().exists());
    assert!(control_groups(&group).is_empty());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(&*state.folder().to_string_lossy()));
}
