//! The server: listening, answering, and what a test can see and change while it runs.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::answers::Answer;
use super::database::Database;
use super::history::{History, Recorded};
use super::inventory::Inventory;
use super::options::{ACCOUNT, Options};
use super::request::Request;
use super::route::{self, BASE};
use super::trouble::Trouble;
use super::{records, tunnels};
use crate::stand_in::{self, lock};

/// A running stand-in. Dropping it stops it.
pub struct Cloudflare {
    address: SocketAddr,
    shared: Arc<Mutex<World>>,
    accepting: JoinHandle<()>,
}

struct World {
    options: Options,
    database: Database,
    history: History,
    /// Each kind of trouble answers so many requests, then the next one does.
    script: Vec<(Trouble, usize)>,
}

impl Cloudflare {
    /// Starts a stand-in. Must run within a tokio runtime, on which the server lives.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let world = World {
            database: Database::new(&options),
            options,
            history: History::default(),
            script: Vec::new(),
        };
        let shared = Arc::new(Mutex::new(world));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// `http://ADDRESS`: what a proxy stands before.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base URL of the API.
    pub fn url(&self) -> String {
        format!("{}{BASE}", self.origin())
    }

    /// Lets so many requests meet each kind of trouble, one kind after the other.
    pub fn script(&self, steps: impl IntoIterator<Item = (Trouble, usize)>) {
        lock(&self.shared).script = steps.into_iter().collect();
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.shared).history.requests.clone()
    }

    /// What was sent that a careful client never sends.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.shared).history.violations.clone()
    }

    /// Panics if there are [violations](Self::violations), and shows them.
    pub fn assert_clean(&self) {
        stand_in::assert_none(&self.violations());
    }

    /// Forgets the requests and violations so far.
    pub fn forget_requests(&self) {
        lock(&self.shared).history = History::default();
    }

    /// What is there now.
    pub fn inventory(&self) -> Inventory {
        Inventory::take(&lock(&self.shared).database)
    }

    /// The id of a zone.
    pub fn zone(&self, name: &str) -> Option<String> {
        let world = lock(&self.shared);
        let mut zones = world.database.zones.iter();
        zones.find(|zone| zone.name == name).map(|zone| zone.id.clone())
    }

    /// Makes a tunnel in the account from the start, as somebody else does, and returns its id.
    pub fn add_tunnel(&self, name: &str, secret: &str) -> String {
        let database = &mut lock(&self.shared).database;
        tunnels::insert(database, ACCOUNT, name, secret).id.clone()
    }

    /// Makes a record in the first zone, as somebody else does, and returns its id; an empty comment is none.
    ///
    /// # Panics
    /// If there is no zone, or it cannot hold such a record.
    pub fn add_record(&self, kind: &str, name: &str, content: &str, comment: &str) -> String {
        let database = &mut lock(&self.shared).database;
        let zone = database.zones[0].id.clone();
        let comment = (!comment.is_empty()).then_some(comment);
        let sent =
            json!({ "type": kind, "name": name, "content": content, "proxied": true, "comment": comment });
        let sent = sent.as_object().cloned().unwrap_or_default();
        let fields = records::complete(database, &zone, Default::default(), sent);
        let fields = fields.unwrap_or_else(|answer| panic!("no record: {answer:?}"));
        records::insert(database, &zone, fields).id.clone()
    }

    /// Connects a connector to a tunnel, if there is one that is not deleted and has this secret.
    pub fn connect(&self, tunnel: &str, secret: &str) -> bool {
        let database = &mut lock(&self.shared).database;
        let client = database.uuid();
        let mut tunnels = database.tunnels.iter_mut();
        let found = tunnels.find(|known| known.id == tunnel && known.deleted_at.is_none());
        let Some(found) = found.filter(|known| known.secret == secret) else {
            return false;
        };
        found.connectors.push(client);
        found.was_connected = true;
        true
    }

    /// Ends the connections of a tunnel, as its connector does when it stops.
    pub fn disconnect(&self, tunnel: &str) {
        let database = &mut lock(&self.shared).database;
        for known in database.tunnels.iter_mut().filter(|known| known.id == tunnel) {
            known.connectors.clear();
        }
    }

    /// Becomes a new server at the same address: an empty database, nothing recorded.
    pub fn reset(&self, options: Options) {
        let world = &mut *lock(&self.shared);
        world.database = Database::new(&options);
        world.options = options;
        world.history = History::default();
        world.script.clear();
    }
}

impl Drop for Cloudflare {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<World>>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => _ = connections.spawn(serve(stream, Arc::clone(&shared))),
            // Out of file descriptors, or the client was gone already: the next one may do better.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Mutex<World>>) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>((*answer(&shared, request).await).map(Full::new)) }
    });
    // A client that goes away is no concern of the server.
    _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(shared: &Mutex<World>, request: http::Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_else(|_| Bytes::new());
    let request = Request::new(head.method, head.uri, head.headers, body);
    let world = &mut *lock(shared);
    let answer = world.answer(&request);
    world.history.requests.push(Recorded {
        path_and_query: request.path_and_query(),
        status: answer.status().as_u16(),
        method: request.method,
    });
    answer
}

impl World {
    fn answer(&mut self, request: &Request) -> Answer {
        if let Some((trouble, left)) = self.script.iter_mut().find(|(_, left)| *left > 0) {
            *left -= 1;
            return trouble.answer();
        }
        route::answer(&self.options, &mut self.database, &mut self.history, request)
    }
}
