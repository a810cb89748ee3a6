//! Whatever the order that a plan's actions are done in, and wherever a look comes between them, one state is the end of it.

use super::laws::{Initial, Tenants};
use aphex_ops::{
    converge::{Context, Effect, Events, Step, Stop},
    http::Http,
    kubernetes::{Cluster, Connection},
    model::config::Config,
    steps::tenants::TenantsReconcile,
};
use rig::laws::World;
use std::{collections::BTreeSet, path::Path, time::Duration};
use tokio::time::Instant;

/// With `scripts/test all`; else a few.
const ALL: u64 = 300;
const FEW: u64 = 10;

/// Marsaglia's xorshift64: the same orders for the same seed, wherever it runs.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

async fn context(kubeconfig: &Path) -> Context {
    let (config, stop) = (Config::default(), Stop::default());
    let connection = Connection {
        kubeconfig: Some(kubeconfig.to_owned()),
        ..Connection::default()
    };
    Context {
        cluster: Cluster::connect(&connection, &stop).await.unwrap(),
        http: Http::new(&config, &stop).unwrap(),
        events: Events::nowhere(),
        stop,
        deadline: Instant::now() + Duration::from_secs(600),
        run_id: "run".to_owned(),
        command: "test".to_owned(),
        config,
    }
}

/// Does what is planned, one action at a time, any of those next that nothing in their sequence comes before; after some of
/// them it looks again. The order, as a digest of what was done.
async fn converge(step: &TenantsReconcile, cx: &Context, seed: u64) -> Vec<String> {
    let mut random = Seeded(seed);
    let mut done = Vec::new();
    for _ in 0..200 {
        let mut act = step.plan(&step.observe(cx).await.unwrap()).act;
        if act.is_empty() {
            return done;
        }
        for _ in 0..=random.below(act.len()) {
            let is_first = |place: &usize| {
                let Some((name, rank)) = act[*place].sequence() else {
                    return true;
                };
                let mut others = act.iter().filter_map(Effect::sequence);
                !others.any(|(other, earlier)| other == name && earlier < rank)
            };
            let free: Vec<usize> = (0..act.len()).filter(is_first).collect();
            let action = act.swap_remove(free[random.below(free.len())]);
            done.push(action.object().to_string());
            step.apply(cx, action).await.unwrap();
        }
    }
    panic!("seed {seed}: not done after 200 looks: {done:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_ends_in_one_state() {
    let is_all = std::env::var_os("APHEX_OPS_TEST_ALL").is_some();
    let mut world = Tenants::start(Initial::Asked).await;
    let mut first = None;
    let mut orders = BTreeSet::new();
    for seed in 1..=if is_all { ALL } else { FEW } {
        world.reset().await.unwrap();
        let cx = context(world.standing()).await;
        let order = converge(&TenantsReconcile::default(), &cx, seed).await;
        let state = world.dump().await.unwrap();
        let first = first.get_or_insert_with(|| state.clone());
        let differences = state.differences(first);
        assert!(
            differences.is_empty(),
            "seed {seed}: {differences:#?}\nin the order {order:#?}"
        );
        orders.insert(order);
    }
    println!("{} different orders, from seed 1: one state", orders.len());
    assert!(orders.len() as u64 >= FEW, "the orders are alike");
}
