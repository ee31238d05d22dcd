//! Tokens: one request for many, renewal in time, and what happens when the endpoint fails.

use std::io::Write;
use std::sync::Arc;

use futures::future::join_all;
use model::{FixedClock, Secret};
use net::{
    Client, ClientSettings, EntraCredential, EntraIdentity, EntraTokens, ManagedEndpoint,
    TokenError,
};

use crate::server::{Server, answer};

const SECOND: i64 = 1_000_000;

fn tokens(managed: Option<&str>) -> (EntraTokens, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::at("2026-11-20T18:00:00Z".parse().expect("a moment")));
    let managed = managed.unwrap_or(ManagedEndpoint::IMDS).parse().expect("an address");
    let client = Client::new(&ClientSettings::default()).expect("a client");
    let tokens = EntraTokens::new(client, Arc::clone(&clock) as _, ManagedEndpoint::Imds(managed));
    (tokens, clock)
}

fn credential(server: &Server, identity: EntraIdentity) -> EntraCredential {
    let audience = "https://monitor.azure.com".to_owned();
    EntraCredential { authority: server.base.clone(), audience, identity }
}

fn by_secret(server: &Server) -> EntraCredential {
    credential(
        server,
        EntraIdentity::ClientSecret {
            tenant_id: "t".to_owned(),
            client_id: "c".to_owned(),
            client_secret: Secret::new("s"),
        },
    )
}

fn issued(n: usize) -> axum::response::Response {
    answer(200, format!(r#"{{"access_token":"token-{n}","expires_in":3600}}"#))
}

#[tokio::test]
async fn many_who_ask_at_once_cause_one_request() {
    let server = Server::start(|n, _| issued(n)).await;
    let (tokens, _) = tokens(None);
    let credential = by_secret(&server);
    for got in join_all((0..50).map(|_| tokens.token(&credential))).await {
        assert_eq!(got.expect("a token").expose(), "token-0");
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn many_who_ask_at_once_share_one_refusal() {
    let refusal = r#"{"error":"invalid_client","error_description":"AADSTS7000222: expired."}"#;
    let server = Server::start(move |_, _| answer(401, refusal)).await;
    let (tokens, _) = tokens(None);
    let credential = by_secret(&server);
    for got in join_all((0..50).map(|_| tokens.token(&credential))).await {
        assert!(matches!(got, Err(TokenError::Refused { .. })));
    }
    assert_eq!(server.asked().len(), 1);
    assert!(tokens.token(&credential).await.is_err());
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_before_its_end() {
    let server = Server::start(|n, _| issued(n)).await;
    let (tokens, clock) = tokens(None);
    let credential = by_secret(&server);
    for (seconds, expected) in
        [(0, "token-0"), (3299, "token-0"), (1, "token-1"), (9999, "token-2")]
    {
        clock.advance_microseconds(seconds * SECOND);
        let got = tokens.token(&credential).await.expect("a token");
        assert_eq!(got.expose(), expected, "after {seconds}");
    }
}

#[tokio::test]
async fn a_valid_token_outlives_a_failed_renewal() {
    let server = Server::start(|n, _| if n == 0 { issued(0) } else { answer(503, "") }).await;
    let (tokens, clock) = tokens(None);
    let credential = by_secret(&server);
    assert!(tokens.token(&credential).await.is_ok());
    clock.advance_microseconds(3400 * SECOND);
    for (seconds, requests) in [(0, 2), (29, 2), (1, 3)] {
        clock.advance_microseconds(seconds * SECOND);
        assert_eq!(tokens.token(&credential).await.expect("the old one").expose(), "token-0");
        assert_eq!(server.asked().len(), requests, "after {seconds}");
    }
    clock.advance_microseconds(200 * SECOND);
    let error = tokens.token(&credential).await.expect_err("the old one has ended");
    assert!(matches!(error, TokenError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn a_forgotten_token_is_replaced_and_a_newer_one_kept() {
    let server = Server::start(|n, _| issued(n)).await;
    let (tokens, _) = tokens(None);
    let credential = by_secret(&server);
    let first = tokens.token(&credential).await.expect("a token");
    tokens.forget(&credential, &first);
    let second = tokens.token(&credential).await.expect("a token");
    assert_eq!(second.expose(), "token-1");
    tokens.forget(&credential, &first);
    assert_eq!(tokens.token(&credential).await.expect("a token"), second);
}

#[tokio::test]
async fn a_token_file_is_read_anew_for_each_token() {
    let server = Server::start(|n, _| issued(n)).await;
    let (tokens, clock) = tokens(None);
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    let credential = credential(
        &server,
        EntraIdentity::Workload {
            tenant_id: "t".to_owned(),
            client_id: "c".to_owned(),
            token_file: file.path().to_owned(),
        },
    );
    let empty = tokens.token(&credential).await.expect_err("nothing in it");
    assert_eq!(
        empty.to_string(),
        "no token for https://monitor.azure.com: the token file is empty"
    );
    for written in ["one", "two"] {
        file.as_file().set_len(0).expect("emptied");
        std::io::Seek::rewind(&mut file).expect("rewound");
        writeln!(file, "{written}").expect("written");
        assert!(tokens.token(&credential).await.is_ok());
        let body = server.asked().last().expect("a request").body.clone();
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(body.contains(&format!("client_assertion={written}&")), "{body}");
        clock.advance_microseconds(4000 * SECOND);
    }
}

#[tokio::test]
async fn a_managed_identity_is_asked_with_the_header_that_keeps_others_out() {
    let server =
        Server::start(|_, _| answer(200, r#"{"access_token":"m","expires_in":"3600"}"#)).await;
    let (tokens, _) = tokens(Some(&server.base));
    let identity = EntraIdentity::Managed { client_id: None };
    let got = tokens.token(&credential(&server, identity)).await.expect("a token");
    assert_eq!(got.expose(), "m");
    let asked = &server.asked()[0];
    assert_eq!(asked.header("metadata"), "true");
    assert_eq!(asked.target, "/?api-version=2018-02-01&resource=https%3A%2F%2Fmonitor.azure.com");
}
