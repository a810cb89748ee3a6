//! One connection of a client, served until it ends in one of the ways that faults ask for.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::exchange::{Ending, Target, answer};
use super::run::Run;

/// How long a client may take to close a connection whose answer it has in full.
const GOODBYE: Duration = Duration::from_secs(2);

/// Serves a connection until it or its run ends, over TLS if there is a configuration for it.
pub(super) async fn serve(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    target: Arc<Target>,
    run: Arc<Run>,
) {
    tokio::select! {
        () = accept(stream, tls, target, run.clone()) => {}
        () = run.over() => {}
    }
}

async fn accept(stream: TcpStream, tls: Option<Arc<ServerConfig>>, target: Arc<Target>, run: Arc<Run>) {
    // Small writes leave at once; if this cannot be set, answers are only slower.
    let _ = stream.set_nodelay(true);
    match tls {
        None => serve_http(stream, target, run, |stream| stream).await,
        Some(config) => {
            // A client that does not trust the certificate is the client's to report.
            if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                serve_http(stream, target, run, |stream| stream.get_ref().0).await;
            }
        }
    }
}

async fn serve_http<S>(stream: S, target: Arc<Target>, run: Arc<Run>, tcp: fn(&S) -> &TcpStream)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let ending = Arc::new(Mutex::new(None));
    let service = service_fn({
        let (run, ending) = (run.clone(), ending.clone());
        move |request| Box::pin(answer(target.clone(), run.clone(), ending.clone(), request))
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let served = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner();
    let ending = ending.lock().unwrap_or_else(PoisonError::into_inner).take();
    match ending {
        Some(Ending::Reset) => {
            // If this cannot be set the connection is closed instead of reset.
            let _ = tcp(&stream).set_zero_linger();
        }
        Some(Ending::Kill(ticket)) => {
            let _ = stream.shutdown().await;
            let _ = timeout(GOODBYE, stream.read_u8()).await;
            run.kill(ticket).await;
        }
        Some(Ending::Tunnel(upgraded)) => {
            let mut server = TokioIo::new(upgraded);
            if server.write_all(&parts.read_buf).await.is_ok() {
                // Either side may break the tunnel at any time; there is nobody to tell.
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            }
        }
        None if served.is_ok() => {
            let _ = stream.shutdown().await;
        }
        None => {}
    }
}
