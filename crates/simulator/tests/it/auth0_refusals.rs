//! What an Auth0 tenant refuses, in which words. Deliberately absent: troubles on purpose (`troubles`).

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use model::Clock as _;
use reqwest::Client;
use serde_json::{Value, json};
use simulator::{Auth0, Auth0Options, ExpiredCursor, Plan, Running, auth0};

use crate::auth0::{get, start, token};
use crate::support::{client, clock, post_form, post_json, status_and_json};

fn wish() -> Value {
    json!({
        "grant_type": "client_credentials",
        "client_id": "simulated-client",
        "client_secret": "simulated-secret",
        "audience": "https://acme.eu.auth0.com/api/v2/",
    })
}

async fn ask(running: &Running<Auth0>, client: &Client, wish: &Value) -> (u16, Value) {
    let url = format!("{}/oauth/token", running.base_url);
    status_and_json(post_json(client, &url, wish).await).await
}

#[tokio::test]
async fn a_token_is_given_for_a_form_as_for_json() {
    let running = auth0(Auth0Options::default(), clock()).await.unwrap();
    let fields = wish();
    let fields: Vec<(&str, &str)> = fields
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let url = format!("{}/oauth/token", running.base_url);
    let (status, form) = status_and_json(post_form(&client(), &url, &fields).await).await;
    let (_, same) = ask(&running, &client(), &wish()).await;
    assert_eq!(status, 200);
    assert_eq!(form, same);
    assert_eq!((&form["expires_in"], &form["token_type"]), (&json!(86_400), &json!("Bearer")));
    assert_eq!(running.account().tokens, 2);
}

#[tokio::test]
async fn a_wrong_wish_is_refused_in_auth0s_words() {
    let running = auth0(Auth0Options::default(), clock()).await.unwrap();
    let with = |name: &str, value: &str| {
        let mut wish = wish();
        wish[name] = json!(value);
        wish
    };
    for (wish, expected) in [
        (
            with("client_secret", "guess"),
            (401, json!({"error": "access_denied", "error_description": "Unauthorized"})),
        ),
        (
            with("audience", "https://other.example/"),
            (
                403,
                json!({
                    "error": "access_denied",
                    "error_description": "Client \"simulated-client\" is not authorized to access resource server \"https://other.example/\". You need to create a \"client-grant\" associated to this API.",
                }),
            ),
        ),
        (
            with("grant_type", "password"),
            (
                403,
                json!({
                    "error": "unauthorized_client",
                    "error_description": "Grant type 'password' not allowed for the client.",
                }),
            ),
        ),
        (
            json!({}),
            (
                400,
                json!({
                    "error": "invalid_request",
                    "error_description": "Missing required parameter: grant_type",
                }),
            ),
        ),
    ] {
        assert_eq!(ask(&running, &client(), &wish).await, expected);
    }
    assert_eq!(running.account().tokens, 0);
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

#[tokio::test]
async fn an_assertion_is_good_once_and_for_this_tenant() {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    let options = Auth0Options {
        client_public_key_pem: Some(pem("PUBLIC KEY", public.as_ref())),
        ..Auth0Options::default()
    };
    let clock = clock();
    let running = auth0(options, clock.clone()).await.unwrap();
    let now = clock.now().as_second();
    let signing =
        EncodingKey::from_rsa_pem(pem("PRIVATE KEY", private.as_ref()).as_bytes()).unwrap();
    let assertion = |audience: &str, expires: i64, id: &str| {
        let claims = json!({
            "iss": "simulated-client", "sub": "simulated-client", "aud": audience,
            "iat": now, "exp": expires, "jti": id,
        });
        let token = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &signing);
        json!({
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": token.unwrap(),
            "audience": "https://acme.eu.auth0.com/api/v2/",
        })
    };
    let own = "https://acme.eu.auth0.com/";
    for (wish, expected) in [
        (assertion(own, now + 60, "a"), 200),
        (assertion(own, now + 60, "a"), 401),
        (assertion(own, now + 60, "b"), 200),
        (assertion("https://other.eu.auth0.com/", now + 60, "c"), 401),
        (assertion(own, now - 60, "d"), 401),
        (assertion(own, now + 3_600, "e"), 401),
    ] {
        let (status, body) = ask(&running, &client(), &wish).await;
        assert_eq!(status, expected, "{body}");
    }
}

#[tokio::test]
async fn a_token_that_is_missing_wrong_or_old_is_refused() {
    let clock = clock();
    let running = auth0(Auth0Options::default(), clock.clone()).await.unwrap();
    let client = client();
    let good = token(&running, &client).await;
    let (signed, _) = good.rsplit_once('.').unwrap();
    let refused = |message: &str| {
        json!({
            "statusCode": 401, "error": "Unauthorized", "message": message,
            "attributes": { "error": message },
        })
    };
    for (token, message) in [
        ("nonsense".to_owned(), "Invalid token"),
        (format!("{signed}.AAAA"), "Invalid signature received for JSON Web Token validation"),
    ] {
        let answer = get(&running, &client, &token, "/api/v2/logs?from=0").await;
        assert_eq!(answer, (401, refused(message)));
    }
    clock.advance_microseconds(86_400 * 1_000_000);
    let answer = get(&running, &client, &good, "/api/v2/logs?from=0").await;
    assert_eq!(answer, (401, refused("Expired token received for JSON Web Token validation")));
    let bare = client.get(format!("{}/api/v2/logs", running.base_url)).send().await.unwrap();
    assert_eq!(bare.status(), 401);
}

#[tokio::test]
async fn without_the_scope_nothing_is_read() {
    let options =
        Auth0Options { granted_scopes: "read:users".to_owned(), ..Auth0Options::default() };
    let (running, client, token) = start(options).await;
    let (status, body) = get(&running, &client, &token, "/api/v2/logs").await;
    assert_eq!((status, &body["errorCode"]), (403, &json!("insufficient_scope")));
    assert_eq!(body["message"], "Insufficient scope, expected any of: read:logs,read:logs_users");
}

#[tokio::test]
async fn pages_have_a_largest_size_and_searches_an_end() {
    let (running, client, token) = start(Auth0Options::default()).await;
    for (path, message) in [
        (
            "/api/v2/logs?from=0&take=1000",
            "Query validation error: 'Value 1000 is greater than maximum 100' on property take (Number of results per page. Defaults to 50).",
        ),
        (
            "/api/v2/logs?per_page=101",
            "Query validation error: 'Value 101 is greater than maximum 100' on property per_page (Number of results per page. Defaults to 50).",
        ),
        (
            "/api/v2/logs?page=11&per_page=100",
            "Requesting page 11 exceeds the allowed maximum of 1000 records: please consider searching by checkpoint https://auth0.com/docs/logs/retrieve-log-events-using-mgmt-api#retrieve-logs-by-checkpoint",
        ),
        ("/api/v2/logs?q=colour:red", "Field 'colour' is not searchable"),
        ("/api/v2/logs?from=x", "Invalid log id on property from (Log Event Id)."),
    ] {
        let expected = json!({
            "statusCode": 400, "error": "Bad Request", "message": message,
            "errorCode": "invalid_query_string",
        });
        assert_eq!(get(&running, &client, &token, path).await, (400, expected), "{path}");
    }
    let long = format!("/api/v2/logs?q={}", "a".repeat(9_000));
    assert_eq!(get(&running, &client, &token, &long).await.0, 414);
    assert_eq!(get(&running, &client, &token, "/api/v2/logs/900").await.0, 404);
    assert_eq!(get(&running, &client, &token, "/api/v2/roles").await.0, 404);
}

#[tokio::test]
async fn a_plan_limits_the_rate_and_says_so() {
    let clock = clock();
    let options = Auth0Options { plan: Plan::Free, ..Auth0Options::default() };
    let running = auth0(options, clock.clone()).await.unwrap();
    let client = client();
    let token = token(&running, &client).await;
    let url = format!("{}/api/v2/logs?from=0", running.base_url);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let response = client.get(&url).bearer_auth(&token).send().await.unwrap();
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        let remaining = header("x-ratelimit-remaining").unwrap();
        assert_eq!(header("x-ratelimit-limit").as_deref(), Some("2"));
        let reset: i64 = header("x-ratelimit-reset").unwrap().parse().unwrap();
        assert_eq!(reset, clock.now().as_second() + 1);
        seen.push((response.status().as_u16(), remaining, header("retry-after")));
    }
    let retry = Some("1".to_owned());
    let expected =
        [(200, "1".to_owned(), None), (200, "0".to_owned(), None), (429, "0".to_owned(), retry)];
    assert_eq!(seen, expected);
    let (_, body) = get(&running, &client, &token, "/api/v2/logs?from=0").await;
    let limited = json!({
        "statusCode": 429, "error": "Too Many Requests",
        "message": "Global limit has been reached", "errorCode": "too_many_requests",
    });
    assert_eq!(body, limited);
    clock.advance_microseconds(1_000_000);
    assert_eq!(get(&running, &client, &token, "/api/v2/logs?from=0").await.0, 200);
    assert_eq!(running.account().served.limited, 2);
}

#[tokio::test]
async fn a_tenant_may_write_about_itself() {
    let options = Auth0Options {
        plan: Plan::EnterpriseNonProduction,
        records_itself: true,
        events: Some(0),
        ..Auth0Options::default()
    };
    let (running, client, token) = start(options).await;
    for _ in 0..12 {
        get(&running, &client, &token, "/api/v2/logs?from=0").await;
    }
    let per_type = running.account().per_type;
    let expected = [("api_limit", 1), ("api_limit_warning", 1), ("seccft", 1)];
    assert_eq!(per_type, expected.map(|(code, count)| (code.to_owned(), count)).into());
}

#[tokio::test]
async fn an_expired_cursor_goes_on_or_is_refused() {
    for (expired_cursor, accepts_synthetic_cursor, old, made_up) in [
        (ExpiredCursor::Range, true, 200, 200),
        (ExpiredCursor::Error, true, 400, 400),
        (ExpiredCursor::Range, false, 200, 400),
    ] {
        let options = Auth0Options {
            plan: Plan::Professional,
            expired_cursor,
            accepts_synthetic_cursor,
            history_days: 20,
            ..Auth0Options::default()
        };
        let (running, client, token) = start(options).await;
        let first = running.ids()[0].clone();
        let path = format!("/api/v2/logs?from={first}");
        let (status, page) = get(&running, &client, &token, &path).await;
        assert_eq!(status, old, "{page}");
        if status == 200 {
            assert_eq!(page[0]["log_id"], running.account().first_id.unwrap());
        }
        assert_eq!(get(&running, &client, &token, "/api/v2/logs?from=1").await.0, made_up);
    }
}
