//! Over real loopback sockets: keep-alive, cut connections, TLS, stalled heads, and stopping.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::{Limits, Listener, ServeError, Tls, TlsConfig, TlsError, serve};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::fakes::{PATH, SECRET, Setting, Stage, stage, stage_with};

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    served: JoinHandle<Result<(), ServeError>>,
}

async fn start(stage: &Stage, tls: Option<Tls>) -> Running {
    start_behind(stage, tls, false).await
}

async fn start_behind(stage: &Stage, tls: Option<Tls>, behind_proxy: bool) -> Running {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let listeners = vec![Listener { socket, tls, behind_proxy }];
    let served = tokio::spawn(serve(listeners, Arc::clone(&stage.api), shutdown.clone()));
    Running { address, shutdown, served }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.served.await.unwrap().unwrap();
    }
}

fn push(secret: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {secret}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Reads one answer whose length is announced; its status line and body.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer"));
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (head.lines().next().unwrap().to_owned(), String::from_utf8(body).unwrap())
}

async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    answer(stream).await.0
}

#[tokio::test]
async fn one_connection_serves_many_requests_also_after_a_refusal() {
    let stage = stage();
    let server = start(&stage, None).await;
    let mut stream = server.connect().await;
    let large = "{".to_owned() + &"x".repeat(100_000);
    for (secret, expected) in [
        (SECRET, "http/1.1 200 ok"),
        ("wrong", "http/1.1 401 unauthorized"),
        (SECRET, "http/1.1 200 ok"),
    ] {
        assert_eq!(exchange(&mut stream, &push(secret, &large)).await, expected);
    }
    assert_eq!(stage.intake.raw().len(), 2);
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn whoever_sends_a_body_that_nobody_wants_still_hears_the_answer() {
    let stage = stage();
    let server = start(&stage, None).await;
    let body = "x".repeat(200_000);
    let mut stream = server.connect().await;
    for (path, content_type, expected) in [
        ("/api/v1/import/auth0/acme", "text/plain", "http/1.1 415 unsupported media type"),
        ("/api/v1/status", "application/json", "http/1.1 405 method not allowed"),
        ("/nowhere", "application/json", "http/1.1 404 not found"),
        ("/api/v1/import/auth0/acme", "application/json", "http/1.1 200 ok"),
    ] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(exchange(&mut stream, &request).await, expected, "{path}");
    }
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn a_connection_cut_within_a_body_stores_nothing() {
    let stage = stage();
    let server = start(&stage, None).await;
    let mut cut = server.connect().await;
    let whole = push(SECRET, "{1}\n{2}\n");
    cut.write_all(&whole.as_bytes()[..whole.len() - 3]).await.unwrap();
    cut.shutdown().await.unwrap();
    // The server notices and hangs up, with a refusal or without.
    let mut rest = String::new();
    cut.read_to_string(&mut rest).await.unwrap();
    assert!(!rest.contains("200 OK"), "{rest}");
    assert_eq!(
        exchange(&mut server.connect().await, &push(SECRET, "{3}")).await,
        "http/1.1 200 ok"
    );
    assert_eq!(stage.intake.raw(), ["{3}"]);
    server.stop().await;
}

#[tokio::test]
async fn stopping_finishes_what_is_in_flight_and_takes_nothing_new() {
    let stage = stage();
    stage.intake.close();
    let server = start(&stage, None).await;
    let (mut busy, mut idle) = (server.connect().await, server.connect().await);
    busy.write_all(push(SECRET, "{1}").as_bytes()).await.unwrap();
    stage.intake.until_came(1).await;
    server.shutdown.cancel();
    // Idle connections are closed at once.
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0);
    assert!(!server.served.is_finished());
    stage.intake.open();
    assert_eq!(answer(&mut busy).await.0, "http/1.1 200 ok");
    assert_eq!(busy.read(&mut [0]).await.unwrap(), 0);
    server.served.await.unwrap().unwrap();
    assert_eq!(stage.intake.raw(), ["{1}"]);
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut() {
    let limits = Limits { shutdown_time_max: Duration::from_millis(10), ..Limits::default() };
    let stage = stage_with(Setting { limits, ..Setting::default() });
    stage.intake.close();
    let server = start(&stage, None).await;
    let mut busy = server.connect().await;
    busy.write_all(push(SECRET, "{1}").as_bytes()).await.unwrap();
    stage.intake.until_came(1).await;
    server.stop().await;
    assert_eq!(busy.read(&mut [0]).await.unwrap_or(0), 0);
    assert!(stage.intake.raw().is_empty());
}

#[tokio::test]
async fn a_head_that_does_not_come_closes_the_connection() {
    let limits = Limits { head_time_max: Duration::from_millis(10), ..Limits::default() };
    let stage = stage_with(Setting { limits, ..Setting::default() });
    let server = start(&stage, None).await;
    let mut slow = server.connect().await;
    slow.write_all(b"POST /ingest/auth0/acme/str").await.unwrap();
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_head_beyond_its_limit_is_refused() {
    let stage = stage_with(Setting {
        limits: Limits { head_bytes_max: 16 * 1024, ..Limits::default() },
        ..Setting::default()
    });
    let server = start(&stage, None).await;
    let mut stream = server.connect().await;
    let head =
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(17_000));
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.0.contains("431"));
    server.stop().await;
}

#[tokio::test]
async fn behind_a_proxy_loopback_is_not_trusted() {
    let status = "GET /api/v1/dead-letters HTTP/1.1\r\nHost: ledger.example\r\n\r\n";
    let stage = stage();
    let server = start_behind(&stage, None, true).await;
    assert_eq!(exchange(&mut server.connect().await, status).await, "http/1.1 403 forbidden");
    let pushed = exchange(&mut server.connect().await, &push(SECRET, "{1}")).await;
    assert_eq!(pushed, "http/1.1 200 ok");
    server.stop().await;
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_for_a_place() {
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let stage = stage_with(Setting { limits, ..Setting::default() });
    let server = start(&stage, None).await;
    let mut first = server.connect().await;
    assert_eq!(exchange(&mut first, &push(SECRET, "{1}")).await, "http/1.1 200 ok");
    let mut second = server.connect().await;
    second.write_all(push(SECRET, "{2}").as_bytes()).await.unwrap();
    assert_eq!(exchange(&mut first, &push(SECRET, "{3}")).await, "http/1.1 200 ok");
    assert_eq!(stage.intake.raw(), ["{1}", "{3}"]);
    drop(first);
    assert_eq!(answer(&mut second).await.0, "http/1.1 200 ok");
    assert_eq!(stage.intake.raw(), ["{1}", "{3}", "{2}"]);
    drop(second);
    server.stop().await;
}

#[tokio::test]
async fn a_handshake_that_does_not_come_closes_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let (config, _) = write_certificate(folder.path());
    let limits = Limits { handshake_time_max: Duration::from_millis(10), ..Limits::default() };
    let stage = stage_with(Setting { limits, ..Setting::default() });
    let server = start(&stage, Some(Tls::read(&config).unwrap())).await;
    assert_eq!(server.connect().await.read(&mut [0]).await.unwrap(), 0);
    server.stop().await;
}

#[tokio::test]
async fn a_certificate_makes_it_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (config, certificate) = write_certificate(folder.path());
    let stage = stage();
    let server = start(&stage, Some(Tls::read(&config).unwrap())).await;
    let mut stream = handshake(&server, certificate).await.unwrap();
    assert_eq!(exchange(&mut stream, &push(SECRET, "{1}")).await, "http/1.1 200 ok");
    assert_eq!(stage.intake.raw(), ["{1}"]);
    drop(stream);
    // Somebody who speaks plain HTTP to it harms nobody.
    let mut plain = server.connect().await;
    plain.write_all(push(SECRET, "{2}").as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    plain.read_to_end(&mut rest).await.unwrap_or_default();
    assert_eq!(stage.intake.raw(), ["{1}"]);
    server.stop().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (config, old) = write_certificate(folder.path());
    let stage = stage();
    let tls = Tls::read(&config).unwrap();
    let server = start(&stage, Some(tls.clone())).await;
    assert!(handshake(&server, old.clone()).await.is_ok());
    let (_, new) = write_certificate(folder.path());
    assert!(handshake(&server, old.clone()).await.is_ok());
    tls.renew().unwrap();
    assert!(handshake(&server, old).await.is_err());
    assert!(handshake(&server, new.clone()).await.is_ok());
    std::fs::write(&config.certificate_pem, "half a file").unwrap();
    assert!(tls.renew().is_err());
    assert!(handshake(&server, new).await.is_ok());
    server.stop().await;
}

/// A client that trusts this certificate alone.
async fn handshake(
    server: &Running,
    trusted: CertificateDer<'static>,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, server.connect().await).await
}

fn write_certificate(folder: &Path) -> (TlsConfig, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let config =
        TlsConfig { certificate_pem: folder.join("cert.pem"), key_pem: folder.join("key.pem") };
    std::fs::write(&config.certificate_pem, made.cert.pem()).unwrap();
    std::fs::write(&config.key_pem, made.signing_key.serialize_pem()).unwrap();
    (config, made.cert.der().clone())
}

#[test]
fn a_certificate_that_cannot_be_served_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (config, _) = write_certificate(folder.path());
    let other = tempfile::tempdir().unwrap();
    let (foreign, _) = write_certificate(other.path());
    let missing = folder.path().join("missing.pem");
    let with = |certificate_pem: &Path, key_pem: &Path| {
        Tls::read(&TlsConfig { certificate_pem: certificate_pem.into(), key_pem: key_pem.into() })
    };
    let (cert, key) = (config.certificate_pem.as_path(), config.key_pem.as_path());
    assert!(with(cert, key).is_ok());
    assert!(
        matches!(with(&missing, key), Err(TlsError::Unreadable { path, .. }) if path == missing)
    );
    assert!(
        matches!(with(cert, &missing), Err(TlsError::Unreadable { path, .. }) if path == missing)
    );
    assert!(matches!(with(key, key), Err(TlsError::NoCertificate { path }) if path == key));
    assert!(matches!(with(cert, cert), Err(TlsError::Unreadable { path, .. }) if path == cert));
    assert!(
        matches!(with(cert, &foreign.key_pem), Err(TlsError::Mismatch { path, .. }) if path == cert)
    );
}
