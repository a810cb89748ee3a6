//! All state of one stand-in, behind one lock: a request sees and changes it alone.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::database::Database;
use super::entropy::Entropy;
use super::oidc_token::Issued;
use super::options::Options;
use super::record::Record;
use super::request::Request;
use super::router_state::RouterState;
use super::seed;
use super::session::Session;

pub(super) struct World {
    pub(super) options: Options,
    pub(super) database: Database,
    /// By the value of the cookie `authentik_session`.
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) issued: Issued,
    pub(super) entropy: Entropy,
    pub(super) record: Record,
    /// Whom the request at hand was made by.
    pub(super) current_user: Option<String>,
    seeded: seed::Progress,
    backend_requests: usize,
    clock_offset: SignedDuration,
}

impl World {
    pub(super) fn new(options: Options) -> Self {
        let mut world = Self {
            database: Database::default(),
            sessions: BTreeMap::new(),
            issued: Issued::default(),
            entropy: Entropy::new(&options.seed),
            record: Record::default(),
            current_user: None,
            seeded: seed::Progress::default(),
            backend_requests: 0,
            clock_offset: SignedDuration::ZERO,
            options,
        };
        seed::migrate(&mut world);
        world
    }

    pub(super) fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.clock_offset).unwrap_or(now)
    }

    pub(super) fn advance(&mut self, by: SignedDuration) {
        self.clock_offset = self.clock_offset.checked_add(by).unwrap_or(self.clock_offset);
    }

    /// Counts a request that reaches the backend, and lets the blueprints apply what is due by then.
    pub(super) fn reach_backend(&mut self, state: RouterState) {
        self.current_user = None;
        if state != RouterState::Booting {
            self.apply_blueprints();
            self.backend_requests += 1;
        }
    }

    /// Makes the blueprints' objects that are due after the requests so far.
    pub(super) fn apply_blueprints(&mut self) {
        let due = seed::Progress::due(&self.options.appear, self.backend_requests);
        let before = std::mem::replace(&mut self.seeded, due);
        seed::apply_blueprints(self, before, due);
    }

    pub(super) fn restart_with(&mut self, bootstrap_token: Option<&str>) {
        self.options.bootstrap_token = bootstrap_token.map(str::to_owned);
        seed::add_bootstrap_token(self);
    }

    /// Writes down what a careful client would not have sent.
    pub(super) fn violation(&mut self, request: &Request, text: &str) {
        let line = format!("{} {}: {text}", request.method, request.path_and_query());
        self.record.violations.push(line);
    }
}
