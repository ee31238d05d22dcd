//! The HTTP side that all simulated services share: listening on 127.0.0.1, TLS, latency, the common faults and an
//! orderly end. Deliberately absent: what the services answer, and any address but loopback.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use futures::StreamExt as _;
use http::{Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::certificate;
use crate::error::{Error, Result};
use crate::faults::{Fault, Troubles};

/// How long an answer that is under way may take after the end was asked for.
const SHUTDOWN_MILLISECONDS_MAX: u64 = 1_000;

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE_MILLISECONDS: u64 = 20;

/// Where and how a simulator listens. It is always 127.0.0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The port; 0 takes any free one.
    pub port: u16,
    /// Whether to speak TLS, under an authority made for this start.
    pub tls: bool,
    /// Names besides `localhost` that the certificate is good for.
    pub names: Vec<String>,
    /// How long each answer is held back.
    pub latency: Duration,
}

impl Default for Listen {
    fn default() -> Self {
        Self { port: 0, tls: false, names: Vec::new(), latency: Duration::ZERO }
    }
}

/// A simulator that runs. `S` is the service, whose account and controls are reached through this.
///
/// Dropping it ends the listening too, but without waiting.
#[derive(Debug)]
pub struct Running<S> {
    /// `http://127.0.0.1:PORT` or `https://localhost:PORT`, without a slash at the end.
    pub base_url: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// PEM of the authority that a client must trust, if TLS is spoken.
    pub certificate_pem: Option<String>,
    service: Arc<S>,
    tasks: Tasks,
}

impl<S> Running<S> {
    /// Stops listening, ends the live traffic and waits for what is under way.
    pub async fn shutdown(self) {
        self.tasks.stop.cancel();
        self.tasks.tracker.close();
        self.tasks.tracker.wait().await;
    }
}

impl<S> Deref for Running<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.service
    }
}

/// The tasks of one simulator and the signal that ends them.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    pub(crate) stop: CancellationToken,
    pub(crate) tracker: TaskTracker,
}

impl Tasks {
    /// Runs `task` until it ends or the simulator does.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = task => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Marks an answer whose connection is to break before it is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerLost;

/// What the shared side must know of a service.
pub(crate) struct Front {
    pub(crate) router: Router,
    pub(crate) troubles: Arc<Troubles>,
    /// The service's own form of 429.
    pub(crate) too_many_requests: fn() -> Response,
    /// The service's own form of 500.
    pub(crate) server_error: fn() -> Response,
}

/// Starts to listen and answers until the tasks are stopped.
pub(crate) async fn listen<S>(
    listen: Listen,
    front: Front,
    service: Arc<S>,
    tasks: Tasks,
) -> Result<Running<S>> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port));
    let failed = |source| Error::Listen { address: wanted, source };
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (acceptor, certificate_pem) = if listen.tls {
        let identity = certificate::issue(&listen.names)?;
        (Some(TlsAcceptor::from(identity.server)), Some(identity.authority_pem))
    } else {
        (None, None)
    };
    let base_url = match certificate_pem {
        Some(_) => format!("https://localhost:{}", address.port()),
        None => format!("http://{address}"),
    };
    let desk = Arc::new(Desk { front, latency: listen.latency, stop: tasks.stop.clone() });
    tasks.spawn(accept(listener, acceptor, desk, tasks.tracker.clone()));
    Ok(Running { base_url, address, certificate_pem, service, tasks })
}

async fn accept(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    desk: Arc<Desk>,
    tracker: TaskTracker,
) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, or a client that left at once: the next one may fare better.
                tracing::debug!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MILLISECONDS)).await;
                continue;
            }
        };
        let (acceptor, desk) = (acceptor.clone(), Arc::clone(&desk));
        tracker.spawn(async move {
            if let Err(error) = converse(stream, acceptor, desk).await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
}

async fn converse(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    desk: Arc<Desk>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match acceptor {
        None => serve(stream, desk).await,
        Some(acceptor) => {
            let stop = desk.stop.clone();
            tokio::select! {
                accepted = acceptor.accept(stream) => serve(accepted?, desk).await,
                () = stop.cancelled() => Ok(()),
            }
        }
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    desk: Arc<Desk>,
) -> io::Result<()> {
    let stop = desk.stop.clone();
    let service = service_fn(move |request| {
        let desk = Arc::clone(&desk);
        async move { desk.answer(request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended.map_err(io::Error::other),
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let patience = Duration::from_millis(SHUTDOWN_MILLISECONDS_MAX);
    match tokio::time::timeout(patience, connection).await {
        Ok(ended) => ended.map_err(io::Error::other),
        Err(_) => Ok(()),
    }
}

/// Where each request is received, before and after the service itself sees it.
struct Desk {
    front: Front,
    latency: Duration,
    stop: CancellationToken,
}

impl Desk {
    async fn answer(&self, request: Request<Incoming>) -> io::Result<Response> {
        let request = request.map(Body::new);
        if request.uri().path().starts_with("/__") {
            return Ok(self.route(request).await);
        }
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        if let Some(trouble) = self.trouble_before().await {
            return Ok(trouble);
        }
        let response = self.route(request).await;
        if response.extensions().get::<AnswerLost>().is_some() {
            return Err(io::Error::other("the answer is lost on purpose"));
        }
        if self.front.troubles.strikes(Fault::CutBody) {
            return Ok(cut(response).await);
        }
        Ok(response)
    }

    async fn trouble_before(&self) -> Option<Response> {
        let troubles = &self.front.troubles;
        if troubles.strikes(Fault::Slow) {
            let delay = Duration::from_millis(troubles.slow_milliseconds());
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = self.stop.cancelled() => {}
            }
        }
        if troubles.strikes(Fault::RateLimited) {
            Some((self.front.too_many_requests)())
        } else if troubles.strikes(Fault::ServerError) {
            Some((self.front.server_error)())
        } else if troubles.strikes(Fault::HtmlPage) {
            Some(html_page())
        } else {
            None
        }
    }

    async fn route(&self, request: Request<Body>) -> Response {
        let answered: Result<Response, Infallible> =
            self.front.router.clone().oneshot(request).await;
        match answered {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// The page of a gateway whose service does not answer.
fn html_page() -> Response {
    let page = "<!doctype html>\n<html><head><title>502 Bad Gateway</title></head>\n<body>\
                <h1>Bad Gateway</h1><p>The upstream did not answer.</p></body></html>\n";
    answer(StatusCode::BAD_GATEWAY, "text/html; charset=utf-8", page)
}

/// The same answer, announced at its full length, whose body breaks off in the middle.
async fn cut(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = axum::body::to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    if whole.is_empty() {
        return Response::from_parts(parts, Body::empty());
    }
    let half = whole.slice(..whole.len() / 2);
    parts.headers.insert(header::CONTENT_LENGTH, whole.len().into());
    let broken = futures::stream::iter([Ok(half)]).chain(futures::stream::once(async {
        // Without this the writer would drop the first half together with the connection.
        tokio::task::yield_now().await;
        Err(io::Error::other("the body is cut on purpose"))
    }));
    Response::from_parts(parts, Body::from_stream(broken))
}

/// A plain answer of one status, content type and body.
pub(crate) fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}

/// An answer in JSON.
pub(crate) fn json_answer(status: StatusCode, body: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(text) => answer(status, "application/json; charset=utf-8", text),
        Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", error.to_string()),
    }
}
