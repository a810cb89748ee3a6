//! The largest size: pods run. Needs root, the node's packages and about a minute, so it runs only when asked for:
//! `cargo test -p rig --test node -- --ignored`.

use rig::sandbox::{Options, Sandbox, Size};

#[tokio::test]
#[ignore = "starts a real node: root and Debian's containerd are needed"]
async fn names_resolve_in_pods_and_nothing_is_left() {
    let sandbox = Sandbox::start(Options { size: Size::Node }).await.unwrap();
    println!("{:?}", sandbox.timings());
    sandbox.stop().unwrap();
}
