//! The HTTP client that the whole process shares: sends a `Request`, reads the `Answer` to its end, within limits.
//!
//! Deliberately absent: retries and waiting (the loops own them, with `Backoff`), redirects (a credential sent to one
//! host is not meant for another), decompression, and proxies taken from the environment.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use model::Secret;
use reqwest::redirect;
use url::{Host, Url};

use crate::names::Names;
use crate::{Answer, Request, TransportError, TransportErrorKind};

/// How long a connection may take to come about, TLS included.
const CONNECT_SECONDS_MAX: u64 = 10;

/// How long an unused connection is kept. Azure's front doors close theirs after some minutes, Auth0's after about one:
/// closing first avoids finding out by a failed request.
const IDLE_SECONDS_MAX: u64 = 50;

/// How many unused connections to one host are kept.
const IDLE_CONNECTIONS_MAX: usize = 16;

/// How often an open connection is probed, so that a firewall that forgot it is noticed.
const TCP_KEEPALIVE_SECONDS: u64 = 30;

/// Sends requests. Cheap to clone; all clones share their connections. One per process.
#[derive(Debug, Clone)]
pub struct Client {
    /// For everything: system's authorities plus configured ones, through the proxy if there is one.
    shared: reqwest::Client,
    /// For the token endpoints of managed identities: plain http, never through a proxy.
    direct: reqwest::Client,
}

/// What a user may set about outbound connections.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ClientSettings {
    /// Certificates of further authorities (or self-signed ones), PEM, one or more. The system's remain valid.
    pub extra_roots_pem: Option<Vec<u8>>,
    /// Address of an HTTP proxy; may carry user and password, hence a secret.
    pub proxy: Option<Secret>,
    /// Hosts, domains (`.example.com`) and networks (`10.0.0.0/8`) that are reached without the proxy. This machine
    /// always is.
    pub no_proxy: Vec<String>,
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSettings")
            .field("extra_roots_pem_bytes", &self.extra_roots_pem.as_ref().map(Vec::len))
            .field("proxy", &self.proxy)
            .field("no_proxy", &self.no_proxy)
            .finish()
    }
}

/// Why there is no client: something in the settings is not usable.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The extra certificates are not PEM.
    #[error("the additional root certificates are not certificates in PEM form")]
    Roots(#[source] reqwest::Error),
    /// The proxy's address is not one. Its source is left out, since it may quote the address and with it a password.
    #[error("the proxy's address is not one such as http://proxy.example.com:3128")]
    Proxy,
    /// TLS could not be set up.
    #[error("cannot set up TLS")]
    Tls(#[source] reqwest::Error),
}

impl Client {
    /// A client with these settings. Reads the system's certificate authorities.
    ///
    /// # Errors
    /// A setting that is not usable.
    pub fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        // A container may have no authorities at all. What does not need them (this machine, plain) must work all the
        // same, and what does fails with a message about the certificate.
        let shared = match builder(settings)?.build() {
            Ok(client) => client,
            Err(error) => {
                tracing::warn!(
                    %error,
                    "no certificate authorities found on this system: only servers whose certificate is configured \
                     can be reached by https"
                );
                builder(settings)?.tls_certs_only([]).build().map_err(ClientError::Tls)?
            }
        };
        let direct = tuned().tls_certs_only([]).no_proxy().build().map_err(ClientError::Tls)?;
        Ok(Self { shared, direct })
    }

    /// Sends `request` once and reads the answer, whatever its status, to its end.
    ///
    /// # Errors
    /// No whole answer within the request's time and `body_bytes_max`, or an address with plain http that is not on
    /// this machine.
    pub async fn send(
        &self,
        request: Request,
        body_bytes_max: usize,
    ) -> Result<Answer, TransportError> {
        if !is_safe(&request.url, is_loopback) {
            return Err(TransportError::new(TransportErrorKind::PlainHttp, &request.url));
        }
        exchange(&self.shared, request, body_bytes_max).await
    }

    /// The same for the token endpoints of managed identities, which Azure offers by plain http on link-local
    /// addresses, which no router forwards.
    pub(crate) async fn send_link_local(
        &self,
        request: Request,
        body_bytes_max: usize,
    ) -> Result<Answer, TransportError> {
        if !is_safe(&request.url, |ip| is_loopback(ip) || is_link_local(ip)) {
            return Err(TransportError::new(TransportErrorKind::PlainHttp, &request.url));
        }
        exchange(&self.direct, request, body_bytes_max).await
    }
}

/// Whether `url` may carry credentials: https, or http to this machine.
#[must_use]
pub fn is_https_or_loopback(url: &Url) -> bool {
    is_safe(url, is_loopback)
}

fn is_safe(url: &Url, plain_allowed: impl Fn(IpAddr) -> bool) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        // The client resolves this name itself, without asking anybody (`names`).
        ("http", Some(Host::Domain(name))) => name == "localhost",
        ("http", Some(Host::Ipv4(ip))) => plain_allowed(ip.into()),
        ("http", Some(Host::Ipv6(ip))) => plain_allowed(ip.into()),
        _ => false,
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(ip) if ip.is_link_local())
}

fn tuned() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("doorledger/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(TCP_KEEPALIVE_SECONDS))
        .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
        .pool_idle_timeout(Duration::from_secs(IDLE_SECONDS_MAX))
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .dns_resolver(Names)
}

fn builder(settings: &ClientSettings) -> Result<reqwest::ClientBuilder, ClientError> {
    let mut builder = tuned().tls_version_min(reqwest::tls::Version::TLS_1_2).no_proxy();
    if let Some(pem) = &settings.extra_roots_pem {
        let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(ClientError::Roots)?;
        builder = builder.tls_certs_merge(roots);
    }
    if let Some(proxy) = &settings.proxy {
        let mut direct = settings.no_proxy.clone();
        direct.extend(["localhost", "127.0.0.0/8", "::1"].map(str::to_owned));
        let proxy = reqwest::Proxy::all(proxy.expose())
            .map_err(|_| ClientError::Proxy)?
            .no_proxy(reqwest::NoProxy::from_string(&direct.join(",")));
        builder = builder.proxy(proxy);
    }
    Ok(builder)
}

async fn exchange(
    client: &reqwest::Client,
    request: Request,
    body_bytes_max: usize,
) -> Result<Answer, TransportError> {
    let url = request.url.clone();
    let mut outgoing = reqwest::Request::new(request.method, request.url);
    *outgoing.headers_mut() = request.headers;
    *outgoing.timeout_mut() = Some(request.timeout);
    if !request.body.is_empty() {
        *outgoing.body_mut() = Some(request.body.into());
    }
    let mut answer = client
        .execute(outgoing)
        .await
        .map_err(|error| TransportError::from_reqwest(error, &url))?;
    tracing::trace!(host = url.host_str(), path = url.path(), status = answer.status().as_u16());
    let body = read(&mut answer, body_bytes_max, &url).await?;
    let status = answer.status();
    Ok(Answer { status, headers: std::mem::take(answer.headers_mut()), body })
}

/// Reads a body to its end. One that arrived in a single piece is handed on as it is; several are joined in a buffer
/// of the announced size, so that each byte is copied once.
async fn read(
    answer: &mut reqwest::Response,
    bytes_max: usize,
    url: &Url,
) -> Result<Bytes, TransportError> {
    let too_large = || TransportError::new(TransportErrorKind::AnswerTooLarge { bytes_max }, url);
    let broken = |error| TransportError::from_reqwest(error, url);
    let announced =
        answer.content_length().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if announced.is_some_and(|announced| announced > bytes_max) {
        return Err(too_large());
    }
    let Some(first) = answer.chunk().await.map_err(broken)? else { return Ok(Bytes::new()) };
    let mut whole = BytesMut::new();
    let mut bytes = first.len();
    let mut only = Some(first);
    while let Some(piece) = answer.chunk().await.map_err(broken)? {
        bytes = bytes.saturating_add(piece.len());
        if bytes > bytes_max {
            return Err(too_large());
        }
        if let Some(first) = only.take() {
            whole.reserve(announced.unwrap_or(bytes * 2).min(bytes_max));
            whole.extend_from_slice(&first);
        }
        whole.extend_from_slice(&piece);
    }
    if bytes > bytes_max {
        return Err(too_large());
    }
    Ok(only.unwrap_or_else(|| whole.freeze()))
}
