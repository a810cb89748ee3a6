//! The client itself: kube's own layers around connections that suit us.
//!
//! Kube's client leaves Nagle's algorithm on, which costs every new TLS connection a delayed acknowledgement (40 ms), and has
//! one pool for everything. A watch takes its connection along when it ends, so here watches have connections of their own,
//! and no request opens one because a watch took the one that was idle.

use super::nature::keeps_its_connection;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_timeout::TimeoutConnector;
use hyper_util::{
    client::legacy::{
        Client, Error, ResponseFuture,
        connect::{Connect, HttpConnector},
    },
    rt::TokioExecutor,
};
use kube::{
    Config,
    client::{Body, ClientBuilder, ConfigExt, DynBody},
};
use std::task::{Context, Poll};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, util::BoxService};
use tower_http::decompression::DecompressionLayer;

type Stack = BoxService<Request<Body>, Response<Box<DynBody>>, BoxError>;

/// The layers between our own and the network. Through a proxy they are kube's, with its connections.
///
/// # Errors
/// The configuration's certificates or credentials are of no use.
pub(super) fn builder(config: Config) -> Result<ClientBuilder<Stack>, kube::Error> {
    if config.proxy_url.is_some() {
        return ClientBuilder::try_from(config);
    }
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(http)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let client = || Client::builder(TokioExecutor::new()).build(connector.clone());
    let pools = Pools {
        requests: client(),
        watches: client(),
    };
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(!config.disable_compression))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(pools)
        .map_response(|answer| answer.map(|body| Box::new(body.map_err(BoxError::from)) as Box<DynBody>));
    Ok(ClientBuilder::new(service.boxed(), config.default_namespace))
}

/// Two pools of connections.
#[derive(Clone)]
struct Pools<C> {
    requests: Client<C, Body>,
    watches: Client<C, Body>,
}

impl<C> Service<Request<Body>> for Pools<C>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    type Response = Response<Incoming>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        // Either waits for a connection when it is called.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> ResponseFuture {
        let pool = if keeps_its_connection(&request) {
            &self.watches
        } else {
            &self.requests
        };
        pool.request(request)
    }
}
