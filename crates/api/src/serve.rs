//! TCP and TLS under the [`Api`]: accepting, the limits of a connection, and stopping without cutting anybody off who
//! can be finished in time. Deliberately absent: what is answered.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::Api;
use crate::peer::{Peer, Reach};
use crate::stall::StallGuard;
use crate::tls::Tls;

/// How long accepting rests after the system had no resources for a connection (too many open files).
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// How often the recorder is asked to fold its histograms; otherwise they grow until somebody asks for `/metrics`.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// How often certificates are read again. They are renewed days before they end.
const CERTIFICATE_RENEWAL: Duration = Duration::from_secs(3600);

/// A bound socket and how it is to be served.
#[derive(Debug)]
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// The certificate; `None` for plain HTTP.
    pub tls: Option<Tls>,
    /// Whether a reverse proxy stands in front, which speaks TLS with the world. Then a token is asked for even on a
    /// loopback address, since everybody comes from there.
    pub behind_proxy: bool,
}

/// Why serving could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The socket does not know its own address.
    #[error("cannot tell the listener's address")]
    Address(#[source] std::io::Error),
}

/// Serves until `shutdown` is cancelled; then stops accepting, lets requests in flight finish for at most
/// `Limits::shutdown_time_max`, cuts the rest, and returns.
///
/// # Errors
/// If a listener is unusable; nothing is served then.
pub async fn serve(
    listeners: Vec<Listener>,
    api: Arc<Api>,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let mut accepting = Vec::new();
    for listener in listeners {
        accepting.push((reach(&listener)?, listener));
    }
    let server = Server {
        connections: Arc::new(Semaphore::new(api.limits.connections_max)),
        tasks: TaskTracker::new(),
        shutdown: shutdown.clone(),
        cut: CancellationToken::new(),
        api,
    };
    if let Some(handle) = server.api.metrics.clone() {
        server.tasks.spawn(shutdown.clone().run_until_cancelled_owned(keep_up(handle)));
    }
    for (reach, listener) in accepting {
        if let Some(tls) = listener.tls.clone() {
            server.tasks.spawn(shutdown.clone().run_until_cancelled_owned(renew(tls)));
        }
        server.tasks.spawn(server.clone().accept(listener, reach));
    }
    shutdown.cancelled().await;
    server.api.stopping.cancel();
    server.tasks.close();
    if timeout(server.api.limits.shutdown_time_max, server.tasks.wait()).await.is_err() {
        tracing::warn!(connections = server.tasks.len(), "cutting requests that did not finish");
        server.cut.cancel();
        server.tasks.wait().await;
    }
    Ok(())
}

/// From where a listener can be reached, by the address that it is bound to.
fn reach(listener: &Listener) -> Result<Reach, ServeError> {
    if listener.behind_proxy {
        return Ok(Reach::Proxied);
    }
    let address = listener.socket.local_addr().map_err(ServeError::Address)?;
    Ok(if address.ip().to_canonical().is_loopback() { Reach::Local } else { Reach::Public })
}

async fn keep_up(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(METRICS_UPKEEP);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

async fn renew(tls: Tls) {
    let mut ticks = tokio::time::interval(CERTIFICATE_RENEWAL);
    // The first tick comes at once, and the files were only just read.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let again = tls.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || again.renew()).await {
            tracing::warn!(%error, "the certificate in use was kept");
        }
    }
}

#[derive(Clone)]
struct Server {
    api: Arc<Api>,
    connections: Arc<Semaphore>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    cut: CancellationToken,
}

impl Server {
    /// Accepts until the shutdown. A place is taken before the connection, so that surplus ones wait in the backlog.
    async fn accept(self, listener: Listener, reach: Reach) {
        let next = async || {
            let place = Arc::clone(&self.connections).acquire_owned().await.ok()?;
            loop {
                match listener.socket.accept().await {
                    Ok((stream, address)) => return Some((stream, address.ip(), place)),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_REST).await;
                    }
                }
            }
        };
        while let Some(Some((stream, address, place))) =
            self.shutdown.run_until_cancelled(next()).await
        {
            let tls = listener.tls.clone();
            let peer = Peer { reach, tls: tls.is_some(), address: Some(address) };
            self.tasks.spawn(self.clone().connection(stream, tls, peer, place));
        }
    }

    /// Serves one connection to its end.
    async fn connection(
        self,
        stream: TcpStream,
        tls: Option<Tls>,
        peer: Peer,
        _place: OwnedSemaphorePermit,
    ) {
        // Answers are small and whole; without it, small writes would wait for the peer's acknowledgement.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let limits = &self.api.limits;
        let stream = StallGuard::new(stream, limits.answer_stall_time_max);
        match tls {
            None => self.requests(stream, peer).await,
            Some(tls) => {
                let handshake = timeout(limits.handshake_time_max, tls.acceptor.accept(stream));
                match self.shutdown.run_until_cancelled(handshake).await {
                    Some(Ok(Ok(stream))) => self.requests(stream, peer).await,
                    Some(Ok(Err(error))) => tracing::debug!(%error, "TLS handshake failed"),
                    Some(Err(_)) | None => {}
                }
            }
        }
    }

    async fn requests<S>(&self, stream: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let api = &self.api;
        let service =
            service_fn(async |request| Ok::<_, Infallible>(api.respond(request, peer).await));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(api.limits.head_time_max)
            .max_buf_size(api.limits.head_bytes_max)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        // A token of its own, so that connections do not contend for the lock of a common one at every wake-up.
        let shutdown = self.shutdown.child_token();
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                match self.cut.run_until_cancelled(connection).await {
                    Some(ended) => ended,
                    None => return,
                }
            }
        };
        if let Err(error) = ended {
            // The peer's doing in most cases: a cut connection, a time-out, or no HTTP.
            tracing::debug!(%error, "connection ended");
        }
    }
}
