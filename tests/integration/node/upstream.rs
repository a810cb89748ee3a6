//! What others publish, on a real node: their own programs write their authorities, answer the API server and say when they
//! are ready.

use crate::upstream::Part;
use rig::sandbox::{Component, Options, Sandbox, Size};

/// A node on which it runs; `None` when it is left out.
pub(super) async fn gets_healthy(set: &'static str, components: &'static [Component]) -> Option<Sandbox> {
    if std::env::var_os("APHEX_OPS_TEST_ALL").is_none() {
        println!("left out: it takes minutes, so it runs only when APHEX_OPS_TEST_ALL is set");
        return None;
    }
    let sandbox = Sandbox::start(Options { size: Size::Node }).await.unwrap();
    for component in components {
        let images = tokio::task::spawn_blocking(|| component.images().unwrap());
        let images = images.await.unwrap();
        images.iter().for_each(|image| sandbox.load_image(image).unwrap());
    }
    let part = Part::new(set, components);
    part.gets_healthy(&sandbox).await;
    part.stays_as_it_is(&sandbox).await;
    Some(sandbox)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts a real node: `APHEX_OPS_TEST_ALL=1 cargo test -- --ignored`"]
async fn argo_cd_gets_healthy_and_stays_as_it_is() {
    if let Some(sandbox) = gets_healthy("argocd", &[Component::ArgoCd]).await {
        sandbox.stop().unwrap();
    }
}
