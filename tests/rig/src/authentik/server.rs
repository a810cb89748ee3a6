//! The server: listening, refusing, answering, and what a test can see and change while it runs.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::answers::Answer;
use super::latency;
use super::options::{Latency, Options};
use super::record::{Recorded, body_fields, body_sha256};
use super::request::Request;
use super::router_state::{self, RouterState};
use super::snapshot::{self, Snapshot};
use super::world::World;
use super::{route, tokens};
use crate::stand_in::{self, lock};

/// A running stand-in. Dropping it stops it.
pub struct Authentik {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Mutex<Option<Accepting>>,
    /// Bound and never listening: keeps the port while connections are refused.
    _port: TcpSocket,
}

/// The task that accepts connections and owns them.
struct Accepting {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

struct Shared {
    world: Mutex<World>,
    router: Mutex<Router>,
}

struct Router {
    state: RouterState,
    /// Each state answers so many requests, then the next takes over.
    script: Vec<(RouterState, usize)>,
}

impl Authentik {
    /// Starts a stand-in in state [`RouterState::Up`]. Must run within a tokio runtime, on which the server lives.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn start(options: Options) -> io::Result<Self> {
        let port = bind(options.listen)?;
        let address = port.local_addr()?;
        let router = Router {
            state: RouterState::Up,
            script: Vec::new(),
        };
        let shared = Arc::new(Shared {
            world: Mutex::new(World::new(options)),
            router: Mutex::new(router),
        });
        let authentik = Self {
            address,
            shared,
            accepting: Mutex::new(None),
            _port: port,
        };
        authentik.listen()?;
        Ok(authentik)
    }

    fn listen(&self) -> io::Result<()> {
        let listener = bind(self.address)?.listen(1024)?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(accept(listener, Arc::clone(&self.shared), stopped));
        *lock(&self.accepting) = Some(Accepting { stop, task });
        Ok(())
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://ADDRESS`, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts the router into a state, from the next request on; a script is forgotten. [`RouterState::Refuse`] closes the
    /// listener and cuts all connections before this returns; any other state listens again.
    ///
    /// # Errors
    /// The port cannot be listened on again.
    pub async fn set_state(&self, state: RouterState) -> io::Result<()> {
        self.route_by(Router {
            state,
            script: Vec::new(),
        })
        .await
    }

    /// Lets the states of a script answer so many requests each, and [`RouterState::Up`] all that follow.
    ///
    /// # Errors
    /// The port cannot be listened on again.
    pub async fn script(&self, steps: impl IntoIterator<Item = (RouterState, usize)>) -> io::Result<()> {
        self.route_by(Router {
            state: RouterState::Up,
            script: steps.into_iter().collect(),
        })
        .await
    }

    async fn route_by(&self, router: Router) -> io::Result<()> {
        let refuse = router.state == RouterState::Refuse;
        *lock(&self.shared.router) = router;
        let accepting = lock(&self.accepting).take_if(|_| refuse);
        if let Some(Accepting { stop, task }) = accepting {
            _ = stop.send(());
            _ = task.await;
        }
        let listening = lock(&self.accepting).is_some();
        if refuse || listening {
            Ok(())
        } else {
            self.listen()
        }
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.shared.world).record.requests.clone()
    }

    /// What was sent that a careful client never sends.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.shared.world).record.violations.clone()
    }

    /// Panics if there are [violations](Self::violations), and shows them.
    pub fn assert_clean(&self) {
        stand_in::assert_none(&self.violations());
    }

    /// Forgets the requests and violations so far.
    pub fn forget_requests(&self) {
        lock(&self.shared.world).record = Default::default();
    }

    /// What the database holds now.
    pub fn snapshot(&self) -> Snapshot {
        let state = lock(&self.shared.router).peek();
        let mut world = lock(&self.shared.world);
        if state == RouterState::Up {
            world.apply_blueprints();
        }
        snapshot::take(&world)
    }

    /// Becomes a new server at the same address: a fresh database, state [`RouterState::Up`], nothing recorded.
    pub fn reset(&self, options: Options) {
        *lock(&self.shared.router) = Router {
            state: RouterState::Up,
            script: Vec::new(),
        };
        *lock(&self.shared.world) = World::new(options);
    }

    /// Starts Authentik again with another `AUTHENTIK_BOOTSTRAP_TOKEN`: the token is made if it is missing, and otherwise
    /// keeps its key (recorded).
    pub fn restart_with(&self, bootstrap_token: Option<&str>) {
        lock(&self.shared.world).restart_with(bootstrap_token);
    }

    /// Runs the task `clean_expired_models`, which gives expired API tokens another key.
    pub fn clean_expired(&self) {
        tokens::clean_expired(&mut lock(&self.shared.world));
    }

    /// Sets the server's clock forward.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::ZERO);
        lock(&self.shared.world).advance(by);
    }
}

impl Drop for Authentik {
    fn drop(&mut self) {
        if let Some(accepting) = lock(&self.accepting).take() {
            accepting.task.abort();
        }
    }
}

impl Router {
    /// The state that answers the next request.
    fn peek(&self) -> RouterState {
        self.script
            .iter()
            .find(|(_, left)| *left > 0)
            .map_or(self.state, |(state, _)| *state)
    }

    /// That state, and one request less for it.
    fn advance(&mut self) -> RouterState {
        match self.script.iter_mut().find(|(_, left)| *left > 0) {
            Some((state, left)) => {
                *left -= 1;
                *state
            }
            None => self.state,
        }
    }
}

/// Two sockets may hold one port as long as only one of them listens.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// When it stops, the listener is closed and every connection cut before the task ends.
async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let refusing = lock(&shared.router).peek() == RouterState::Refuse;
        match accepted {
            Ok(_) if refusing => _ = lock(&shared.router).advance(),
            Ok((stream, _)) => _ = connections.spawn(serve(stream, Arc::clone(&shared))),
            // Out of file descriptors, or the client was gone already: the next one may do better.
            Err(_) => tokio::task::yield_now().await,
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>((*answer(&shared, request).await).map(Full::new)) }
    });
    // A client that goes away is no concern of the server.
    _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(shared: &Shared, request: http::Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_else(|_| Bytes::new());
    let request = Request::new(head.method, head.uri, head.headers, body);
    let slow = lock(&shared.world).options.latency == Latency::Recorded;
    if slow {
        tokio::time::sleep(latency::typical(&request)).await;
    }
    let state = lock(&shared.router).advance();
    let mut world = lock(&shared.world);
    let answer = answer_as(state, &mut world, &request);
    let recorded = Recorded {
        path_and_query: request.path_and_query(),
        status: answer.status().as_u16(),
        user: world.current_user.take(),
        body_sha256: body_sha256(&request.body),
        body_fields: body_fields(&request.body),
        method: request.method,
    };
    world.record.requests.push(recorded);
    answer
}

fn answer_as(state: RouterState, world: &mut World, request: &Request) -> Answer {
    if let Some(answer) = router_state::answer(state, request) {
        return answer;
    }
    world.reach_backend(state);
    let mut answer = route::answer(world, request);
    let id = world.entropy.hex("request", 32);
    let headers = answer.headers_mut();
    let headers_of_python = [
        ("x-powered-by", "authentik"),
        ("x-frame-options", "DENY"),
        ("vary", "Accept-Encoding, Cookie"),
        ("x-authentik-id", id.as_str()),
    ];
    for (name, value) in headers_of_python {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    answer
}
