//! The client process dies at the point that was asked for.

use std::os::unix::process::ExitStatusExt;

use rig::proxy::{Fault, KillPoint, Script, Seen};

use crate::client::spawn;
use crate::server::{ANSWER, Setting};

struct Killed {
    signal: Option<i32>,
    arrived: Vec<String>,
    printed: String,
    seen: Vec<Seen>,
}

/// Runs a client with the requests /1, /2 and /3 that is to die at /2.
async fn kill_at_second(point: KillPoint) -> Killed {
    let setting = Setting::new().await;
    setting.recorder.script(Script::at(2, Fault::Kill(point)));
    let child = spawn(setting.proxy.url(), &["/1", "/2", "/3"]);
    setting.recorder.victim(child.id().unwrap());
    let output = child.wait_with_output().await.unwrap();
    Killed {
        signal: output.status.signal(),
        arrived: setting.arrived(),
        printed: String::from_utf8(output.stdout).unwrap(),
        seen: setting.recorder.requests(),
    }
}

#[tokio::test]
async fn before_send_the_server_never_sees_the_request() {
    let killed = kill_at_second(KillPoint::BeforeSend).await;
    assert_eq!(killed.signal, Some(9));
    assert_eq!(killed.arrived, ["GET /1"]);
    assert!(
        killed.printed.contains(ANSWER) && !killed.printed.contains("/2: "),
        "{}",
        killed.printed
    );
    assert_eq!((killed.seen[1].number, killed.seen[1].status), (2, None));
    assert_eq!(killed.seen[1].faulted.as_deref(), Some("kill before send"));
}

#[tokio::test]
async fn after_commit_the_server_has_seen_it_and_the_client_has_no_answer() {
    let killed = kill_at_second(KillPoint::AfterCommit).await;
    assert_eq!(killed.signal, Some(9));
    assert_eq!(killed.arrived, ["GET /1", "GET /2"]);
    assert!(!killed.printed.contains("/2: "), "{}", killed.printed);
    assert_eq!(killed.seen[1].status, None);
}

#[tokio::test]
async fn after_answer_the_client_has_it_and_sends_nothing_more() {
    let killed = kill_at_second(KillPoint::AfterAnswer).await;
    assert_eq!(killed.signal, Some(9));
    assert_eq!(killed.arrived, ["GET /1", "GET /2"]);
    assert!(
        killed.printed.split("/2: ").nth(1).unwrap().contains(ANSWER),
        "{}",
        killed.printed
    );
    assert_eq!(killed.seen[1].status, Some(200));
    assert_eq!(killed.seen.len(), 2);
}

#[tokio::test]
async fn a_watch_dies_after_its_head() {
    let setting = Setting::new().await;
    setting
        .recorder
        .script(Script::at(1, Fault::Kill(KillPoint::AfterAnswer)));
    let mut child = spawn(setting.proxy.url(), &["/1?watch=true"]);
    setting.recorder.victim(child.id().unwrap());
    assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    assert_eq!(setting.recorder.requests()[0].status, Some(200));
}

#[tokio::test]
async fn a_process_named_late_is_killed_all_the_same() {
    let setting = Setting::new().await;
    setting
        .recorder
        .script(Script::at(1, Fault::Kill(KillPoint::BeforeSend)));
    let mut child = spawn(setting.proxy.url(), &["/1"]);
    while setting.recorder.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    setting.recorder.victim(child.id().unwrap());
    assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    assert!(setting.arrived().is_empty());
}

#[tokio::test]
async fn after_a_kill_nothing_passes_until_the_next_run() {
    let setting = Setting::new().await;
    setting
        .recorder
        .script(Script::at(1, Fault::Kill(KillPoint::BeforeSend)));
    let mut child = spawn(setting.proxy.url(), &["/1"]);
    setting.recorder.victim(child.id().unwrap());
    child.wait().await.unwrap();
    let late = crate::client::get(setting.proxy.url(), "/late").await.unwrap();
    assert_eq!((late.text.as_str(), setting.arrived().len()), ("", 0));

    setting.recorder.reset();
    let output = spawn(setting.proxy.url(), &["/1"])
        .wait_with_output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(setting.arrived(), ["GET /1"]);
    assert_eq!(setting.recorder.requests()[0].number, 1);
}

#[tokio::test]
async fn a_kill_that_is_late_does_not_strike_the_next_run() {
    let setting = Setting::new().await;
    let paths = ["/1", "/2", "/3", "/4"];
    for _ in 0..10 {
        // The client may have ended by itself when its last answer was delivered, and the next one is named at once.
        setting.recorder.reset();
        setting
            .recorder
            .script(Script::at(4, Fault::Kill(KillPoint::AfterAnswer)));
        let mut child = spawn(setting.proxy.url(), &paths);
        setting.recorder.victim(child.id().unwrap());
        child.wait().await.unwrap();
        setting.recorder.reset();
        let mut child = spawn(setting.proxy.url(), &paths);
        setting.recorder.victim(child.id().unwrap());
        assert_eq!(child.wait().await.unwrap().code(), Some(0));
        assert_eq!(setting.recorder.requests().len(), 4);
    }
}
