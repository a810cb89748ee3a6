//! One request: numbered, struck by its fault or passed on.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode, request};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::upgrade::Upgraded;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::body::{Body, full, streamed, truncated};
use super::run::{Run, Ticket};
use super::upstream::Forwarder;
use super::{Fault, KillPoint, Moment};

/// How long a watch runs on after its head was delivered, when its client is to die "after the answer".
const WATCHED: Duration = Duration::from_millis(50);

/// What all connections of one proxy share.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) forwarder: Forwarder,
    /// True while new connections are refused.
    pub(super) refusing: watch::Sender<bool>,
}

/// How a connection ends, besides by its client.
pub(super) enum Ending {
    /// By TCP RST.
    Reset,
    /// The client process is killed once the answer is delivered.
    Kill(Ticket),
    /// As a tunnel: the server switched protocols.
    Tunnel(Upgraded),
}

/// There is no answer: the connection breaks.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut")
    }
}

impl std::error::Error for Cut {}

/// One request on its way, on a connection whose `ending` it may decide.
pub(super) struct Exchange {
    target: Arc<Target>,
    run: Arc<Run>,
    ending: Arc<Mutex<Option<Ending>>>,
    ticket: Ticket,
    head: request::Parts,
    body: Bytes,
}

/// Answers one request.
pub(super) async fn answer(
    target: Arc<Target>,
    run: Arc<Run>,
    ending: Arc<Mutex<Option<Ending>>>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let (ticket, fault) = run.admit(&target.name, &head, &body).await.ok_or(Cut)?;
    let exchange = Exchange {
        target,
        run,
        ending,
        ticket,
        head,
        body,
    };
    let response = match fault {
        None => exchange.pass().await?,
        Some(fault) => exchange.strike(fault).await?,
    };
    exchange.run.answered(exchange.ticket, response.status());
    Ok(response)
}

impl Exchange {
    async fn strike(&self, fault: Fault) -> Result<Response<Body>, Cut> {
        match fault {
            Fault::Kill(KillPoint::AfterAnswer) => self.kill_after_answer().await,
            Fault::Kill(KillPoint::BeforeSend) => self.kill().await,
            Fault::Kill(KillPoint::AfterCommit) => {
                self.commit().await?;
                self.kill().await
            }
            Fault::Answer(moment, answer) => {
                self.reach(moment).await?;
                Ok(answer.to_response().map(full))
            }
            Fault::Reset(moment) => {
                self.reach(moment).await?;
                self.reset()
            }
            Fault::Stall(moment) => {
                self.reach(moment).await?;
                std::future::pending().await
            }
            Fault::Truncate => Ok(self.commit().await?.map(|body| truncated(&body))),
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                self.pass().await
            }
            Fault::Refuse(time) => self.refuse(time),
        }
    }

    /// Forwards and streams the answer back.
    async fn pass(&self) -> Result<Response<Body>, Cut> {
        let mut response = self.forward().await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let upgraded = hyper::upgrade::on(&mut response).await.map_err(|_| Cut)?;
            self.end(Ending::Tunnel(upgraded));
        }
        Ok(response.map(streamed))
    }

    /// Forwards and takes the whole answer, so that the server is done. A watch has no end, so there the head
    /// must do.
    async fn commit(&self) -> Result<Response<Bytes>, Cut> {
        let (head, body) = self.forward().await?.into_parts();
        let body = if self.is_watch() {
            Bytes::new()
        } else {
            body.collect().await.map_err(|_| Cut)?.to_bytes()
        };
        Ok(Response::from_parts(head, body))
    }

    async fn reach(&self, moment: Moment) -> Result<(), Cut> {
        if moment == Moment::AfterCommit {
            self.commit().await?;
        }
        Ok(())
    }

    async fn forward(&self) -> Result<Response<Incoming>, Cut> {
        let forwarded = self.target.forwarder.forward(&self.head, self.body.clone()).await;
        forwarded.or_else(|_| self.reset())
    }

    async fn kill<T>(&self) -> Result<T, Cut> {
        // If the task fails the record says so; there is no answer in either case.
        let _ = self.kill_later(Duration::ZERO).await;
        Err(Cut)
    }

    /// A task of its own: this exchange is dropped as soon as the dying client's connection closes.
    fn kill_later(&self, time: Duration) -> JoinHandle<()> {
        let (run, ticket) = (self.run.clone(), self.ticket);
        run.condemn();
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            run.kill(ticket).await;
        })
    }

    async fn kill_after_answer(&self) -> Result<Response<Body>, Cut> {
        let mut response = self.pass().await?;
        if self.is_watch() {
            self.kill_later(WATCHED);
        } else {
            // The client then closes the connection when it has read the whole answer, which tells us that it has.
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
            self.run.condemn();
            self.end(Ending::Kill(self.ticket));
        }
        Ok(response)
    }

    fn refuse<T>(&self, time: Duration) -> Result<T, Cut> {
        let target = self.target.clone();
        target.refusing.send_replace(true);
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            target.refusing.send_replace(false);
        });
        self.reset()
    }

    fn reset<T>(&self) -> Result<T, Cut> {
        self.end(Ending::Reset);
        Err(Cut)
    }

    fn end(&self, ending: Ending) {
        *self.ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(ending);
    }

    fn is_watch(&self) -> bool {
        let query = self.head.uri.query().unwrap_or_default();
        query
            .split('&')
            .any(|pair| matches!(pair, "watch=true" | "watch=1" | "watch" | "follow=true"))
    }
}
