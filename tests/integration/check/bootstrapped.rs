//! A cluster with the login alone: what is not installed is no alarm.

use crate::world::{Initial, Platform};
use rig::laws::{World, run::Exit};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_after_the_bootstrap_alone() {
    let mut world = Platform::start(&["bootstrap"], Initial::Empty).await.unwrap();
    world.reset().await.unwrap();
    let ran = world.as_administrator(&["bootstrap"]).finish().await.unwrap();
    assert_eq!(
        ran.exit,
        Exit::Code(0),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let ran = world.as_administrator(&["check"]).finish().await.unwrap();
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let rows = report["checks"].as_array().unwrap().iter();
    let told: Vec<&Value> = rows.filter(|row| row["findings"].is_array()).collect();
    // The superuser's token is retired when somebody says so.
    let codes: Vec<&str> = told.iter().map(|row| row["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["APX-IDN-007"], "{told:#?}");
    assert_eq!(ran.exit, Exit::Code(0));
}
