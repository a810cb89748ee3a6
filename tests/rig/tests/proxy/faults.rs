//! Faults that leave the client alive.

use std::io::ErrorKind;
use std::time::Duration;

use rig::proxy::{Fault, Moment, Script};

use crate::client::{Got, get};
use crate::server::{ANSWER, Setting};

/// What a client got for a request with this fault, and how often the server saw it.
async fn strike(fault: Fault) -> (Got, usize) {
    let setting = Setting::new().await;
    setting.recorder.script(Script::at(1, fault.clone()));
    let got = get(setting.proxy.url(), "/x").await.unwrap();
    let seen = setting.recorder.requests();
    assert_eq!(seen[0].faulted, Some(fault.to_string()));
    let status = got
        .text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|text| text[..3].parse().ok());
    assert_eq!(seen[0].status, status, "the record says what the client got");
    (got, setting.arrived().len())
}

#[tokio::test]
async fn answers_before_send_keep_the_request_from_the_server() {
    let (got, arrived) = strike(Fault::too_many_requests(7)).await;
    assert!(
        got.text.starts_with("HTTP/1.1 429 ") && got.text.contains("retry-after: 7\r\n"),
        "{}",
        got.text
    );
    assert_eq!(arrived, 0);

    let (got, arrived) = strike(Fault::conflict()).await;
    assert!(
        got.text.starts_with("HTTP/1.1 409 ") && got.text.contains(r#""reason":"Conflict""#),
        "{}",
        got.text
    );
    assert_eq!(arrived, 0);
}

#[tokio::test]
async fn answers_after_commit_replace_the_answer_of_the_server() {
    let (got, arrived) = strike(Fault::etcd_leader_changed_after_commit()).await;
    assert!(got.text.starts_with("HTTP/1.1 500 ") && got.text.contains("etcdserver: leader changed"));
    assert!(!got.text.contains(ANSWER));
    assert_eq!(arrived, 1);
}

#[tokio::test]
async fn every_ready_fault_shows_its_own_status_or_breaks_the_connection() {
    for fault in Fault::by_status() {
        let (got, arrived) = strike(fault.clone()).await;
        let Fault::Answer(moment, answer) = fault else {
            panic!("{fault} is no answer")
        };
        let status = answer.to_string();
        assert!(
            got.text.starts_with(&format!("HTTP/1.1 {} ", &status[..3])),
            "{status}: {}",
            got.text
        );
        assert_eq!(arrived, usize::from(moment == Moment::AfterCommit), "{status}");
    }
}

#[tokio::test]
async fn resets_are_resets() {
    for (moment, expected) in [(Moment::BeforeSend, 0), (Moment::AfterCommit, 1)] {
        let (got, arrived) = strike(Fault::Reset(moment)).await;
        assert_eq!(
            (got.text.as_str(), got.error),
            ("", Some(ErrorKind::ConnectionReset))
        );
        assert_eq!(arrived, expected);
    }
}

#[tokio::test]
async fn stalls_leave_the_client_to_its_own_timeout() {
    for (moment, expected) in [(Moment::BeforeSend, 0), (Moment::AfterCommit, 1)] {
        let (got, arrived) = strike(Fault::Stall(moment)).await;
        assert_eq!((got.text.as_str(), got.error), ("", Some(ErrorKind::WouldBlock)));
        assert_eq!(arrived, expected);
    }
}

#[tokio::test]
async fn truncation_announces_more_than_it_delivers() {
    let (got, arrived) = strike(Fault::Truncate).await;
    let (head, body) = got.text.split_once("\r\n\r\n").unwrap();
    assert!(
        head.to_lowercase()
            .contains(&format!("content-length: {}", ANSWER.len())),
        "{head}"
    );
    assert_eq!(body, &ANSWER[..ANSWER.len() / 2]);
    assert_eq!(arrived, 1);
}

#[tokio::test]
async fn garbage_and_wrong_kinds_come_with_200() {
    for (fault, text) in [
        (Fault::garbage(), "<!doctype html>"),
        (Fault::wrong_kind(), r#""kind":"Unexpected""#),
    ] {
        let (got, arrived) = strike(fault).await;
        assert!(
            got.text.starts_with("HTTP/1.1 200 ") && got.text.contains(text),
            "{}",
            got.text
        );
        assert_eq!(arrived, 0);
    }
}

#[tokio::test]
async fn a_delayed_request_arrives_late_but_whole() {
    let setting = Setting::new().await;
    setting
        .recorder
        .script(Script::at(1, Fault::Delay(Duration::from_secs(1))));
    let (slow, fast) = tokio::join!(get(setting.proxy.url(), "/slow"), async {
        while setting.recorder.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        get(setting.proxy.url(), "/fast").await
    });
    assert!(slow.unwrap().text.contains(ANSWER) && fast.unwrap().text.contains(ANSWER));
    assert_eq!(setting.arrived(), ["GET /fast", "GET /slow"]);
}

#[tokio::test]
async fn a_refusing_proxy_has_no_listener_and_comes_back_on_the_same_port() {
    let setting = Setting::new().await;
    setting
        .recorder
        .script(Script::at(1, Fault::Refuse(Duration::from_secs(1))));
    let url = setting.proxy.url();
    let struck = get(url, "/x").await.unwrap();
    assert!(!struck.text.contains(ANSWER));
    while get(url, "/x").await.is_some_and(|got| got.text.is_empty()) {}
    assert!(get(url, "/x").await.is_none(), "refused while the time lasts");
    let again = loop {
        if let Some(got) = get(url, "/again").await {
            break got;
        }
        tokio::task::yield_now().await;
    };
    assert!(again.text.contains(ANSWER));
    assert_eq!(setting.arrived(), ["GET /again"]);
}

#[tokio::test]
async fn scripts_strike_by_predicate_and_only_so_often() {
    let setting = Setting::new().await;
    let twice = Script::on(
        |seen| seen.path_and_query == "/flaky",
        Fault::service_unavailable(),
    )
    .times(2);
    setting
        .recorder
        .script(Script::at(1, Fault::bad_gateway()).and(twice));
    let mut statuses = Vec::new();
    for path in ["/fine", "/flaky", "/fine", "/flaky", "/flaky"] {
        statuses.push(get(setting.proxy.url(), path).await.unwrap().text[9..12].to_owned());
    }
    assert_eq!(statuses, ["502", "503", "200", "503", "200"]);
}
