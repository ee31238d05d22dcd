//! What the client does with answers, and with their absence.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, Method};
use net::{Client, ClientSettings, Request, TransportError, TransportErrorKind};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::server::{Server, answer};

fn client() -> Client {
    Client::new(&ClientSettings::default()).expect("a client")
}

fn get(url: &str) -> Request {
    Request {
        method: Method::GET,
        url: url.parse().expect("an address"),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: Duration::from_secs(10),
    }
}

async fn failure(url: &str) -> TransportError {
    client().send(get(url), 1000).await.expect_err("no answer")
}

#[tokio::test]
async fn a_request_arrives_whole_and_its_answer_whatever_its_status_comes_back() {
    let server = Server::start(|_, asked| answer(429, asked.body.clone())).await;
    let mut request = get(&format!("{}/a?b=c", server.base));
    request.method = Method::POST;
    request.body = Bytes::from_static(b"[1,2]");
    request.headers.insert("x-test", "yes".parse().expect("a value"));
    let got = client().send(request, 1000).await.expect("an answer");
    assert_eq!((got.status.as_u16(), &got.body[..]), (429, &b"[1,2]"[..]));
    let asked = &server.asked()[0];
    assert_eq!((asked.target.as_str(), asked.header("x-test")), ("/a?b=c", "yes"));
    assert!(asked.header("user-agent").starts_with("doorledger/"));
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_and_not_beyond() {
    let pieces = |asked: &str| -> Body {
        match asked {
            "/announced" => Body::from(vec![b'x'; 300_000]),
            "/empty" => Body::empty(),
            _ => {
                let piece = || Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 100_000]));
                Body::from_stream(stream::iter([piece(), piece(), piece()]))
            }
        }
    };
    let server = Server::start(move |_, asked| answer(200, pieces(&asked.target))).await;
    let client = client();
    for (path, bytes_max, expected) in [
        ("/announced", 300_000, Ok(300_000)),
        ("/announced", 299_999, Err(())),
        ("/chunked", 300_000, Ok(300_000)),
        ("/chunked", 299_999, Err(())),
        ("/empty", 0, Ok(0)),
    ] {
        let got = client.send(get(&format!("{}{path}", server.base)), bytes_max).await;
        let got = got.map(|answer| answer.body.len()).map_err(|error| {
            assert_eq!(error.kind, TransportErrorKind::AnswerTooLarge { bytes_max });
        });
        assert_eq!(got, expected, "{path} {bytes_max}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let server = Server::start(|_, _| {
        let mut redirect = answer(302, "");
        redirect.headers_mut().insert("location", "/elsewhere".parse().expect("a value"));
        redirect
    })
    .await;
    let got = client().send(get(&server.base), 1000).await.expect("an answer");
    assert_eq!(got.status.as_u16(), 302);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn plain_http_leaves_this_machine_never() {
    for url in [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://localhost.example.com/",
        "http://169.254.169.254/metadata/identity/oauth2/token",
        "http://[fe80::1]/",
        "http://0.0.0.0/",
        "ftp://localhost/",
    ] {
        assert_eq!(failure(url).await.kind, TransportErrorKind::PlainHttp, "{url}");
    }
    let server = Server::start(|_, _| answer(204, "")).await;
    let by_name = server.base.replace("127.0.0.1", "localhost");
    let got = client().send(get(&by_name), 0).await.expect("an answer");
    assert_eq!(got.status.as_u16(), 204);
}

#[tokio::test]
async fn what_failed_is_told_without_the_query() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let closed = taken.local_addr().expect("an address");
    drop(taken);
    let error = failure(&format!("http://{closed}/path?token=hunter2")).await;
    assert_eq!(error.kind, TransportErrorKind::Unreachable);
    let told = format!("{error} {error:?} {} {}", error.reason(), error.hint());
    assert!(!told.contains("hunter2"), "{told}");
    assert_eq!(error.to_string(), format!("no connection to the host: {closed}"));
    assert!(error.reason().contains("refused"), "{}", error.reason());
}

#[tokio::test]
async fn a_name_that_cannot_be_one_is_not_looked_up() {
    let error = failure(&format!("https://{}.invalid/", "a".repeat(70))).await;
    assert_eq!(error.kind, TransportErrorKind::Unsendable);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let error = failure(&format!("http://{}/", silent.local_addr().expect("an address"))).await;
    assert_eq!(error.kind, TransportErrorKind::TimedOut);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = [0; 1024];
        assert!(stream.read(&mut request).await.expect("a request") > 0);
        let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345";
        stream.write_all(begun).await.expect("it is read");
    });
    let error = failure(&format!("http://{address}/")).await;
    assert_eq!(error.kind, TransportErrorKind::Interrupted);
}

/// A server with a certificate of its own making, and that certificate as PEM.
async fn secure_server() -> (String, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .expect("versions")
    .with_no_client_auth()
    .with_single_cert(vec![made.cert.der().clone()], key)
    .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust the certificate ends the handshake.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.expect("a request") > 0);
            let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecret";
            stream.write_all(whole).await.expect("it is read");
        }
    });
    (format!("https://localhost:{port}/"), made.cert.pem().into_bytes())
}

#[tokio::test]
async fn a_self_signed_server_is_trusted_if_its_certificate_is_configured() {
    let (url, pem) = secure_server().await;
    let error = failure(&url).await;
    assert_eq!(error.kind, TransportErrorKind::Tls, "{}", error.reason());
    let settings = ClientSettings { extra_roots_pem: Some(pem), ..ClientSettings::default() };
    let trusting = Client::new(&settings).expect("a client");
    let got = trusting.send(get(&url), 1000).await.expect("an answer");
    assert_eq!(got.body, "secret");
}

#[tokio::test]
async fn a_proxy_is_used_for_others_and_never_for_this_machine() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = proxy.local_addr().expect("an address");
    let settings = ClientSettings {
        proxy: Some(model::Secret::new(format!("http://{address}"))),
        no_proxy: vec!["10.0.0.0/8".to_owned()],
        ..ClientSettings::default()
    };
    let client = Client::new(&settings).expect("a client");
    let server = Server::start(|_, _| answer(204, "")).await;
    let here = client.send(get(&server.base), 0).await.expect("reached without the proxy");
    assert_eq!(here.status.as_u16(), 204);
    let asked = tokio::spawn(async move {
        let (mut stream, _) = proxy.accept().await.expect("a connection");
        let mut request = [0; 1024];
        let bytes = stream.read(&mut request).await.expect("a request");
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.expect("it is read");
        String::from_utf8_lossy(&request[..bytes]).into_owned()
    });
    let error = client.send(get("https://example.com/x?y=z"), 0).await.expect_err("forbidden");
    assert_eq!(error.kind, TransportErrorKind::Unreachable, "{}", error.reason());
    let asked = asked.await.expect("the proxy was asked");
    assert!(asked.starts_with("CONNECT example.com:443 "), "{asked}");
}

#[test]
fn unusable_settings_are_refused_without_repeating_them() {
    let proxy = model::Secret::new("http://user:hunter2@");
    let settings = ClientSettings { proxy: Some(proxy), ..ClientSettings::default() };
    let error = Client::new(&settings).expect_err("no address");
    assert!(!format!("{error:?} {settings:?}").contains("hunter2"));
    let pem = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----".to_vec();
    let settings = ClientSettings { extra_roots_pem: Some(pem), ..ClientSettings::default() };
    Client::new(&settings).expect_err("no certificate");
}
