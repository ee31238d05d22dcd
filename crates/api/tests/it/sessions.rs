//! Signing in and out, what each role may, and what a page of another site can make a browser do.

use api::Limits;
use axum::body::Body;
use http::Request;
use model::Role;
use serde_json::{Value, json};

use super::api_routes::{guarded, set_up};
use super::fake_accounts::{PASSWORD, VIEWERS_TOKEN};
use super::fakes::{
    Answered, LOCAL, PUBLIC, PUBLIC_TLS, Setting, Stage, get, is_ok, post_json, stage_with,
};

const SESSION: &str = "/api/v1/session";

async fn sign_in(stage: &Stage, name: &str, password: &str) -> Answered {
    let body = json!({"name": name, "password": password}).to_string();
    stage.send(post_json(SESSION, body)).await
}

/// A request as the app in a browser sends it.
fn by(mut request: Request<Body>, secret: &str, csrf: Option<&str>) -> Request<Body> {
    let headers = request.headers_mut();
    headers.insert("cookie", format!("doorledger_session={secret}").parse().unwrap());
    headers.insert("sec-fetch-site", "same-origin".parse().unwrap());
    if let Some(csrf) = csrf {
        headers.insert("x-doorledger-csrf", csrf.parse().unwrap());
    }
    request
}

async fn csrf_of(stage: &Stage, secret: &str) -> String {
    let answered = stage.send(by(get(SESSION), secret, None)).await;
    let standing: Value = serde_json::from_str(&answered.text).unwrap();
    standing["csrf"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_begins_and_ends() {
    let stage = set_up(vec![]);
    let answered = sign_in(&stage, "analyst", PASSWORD).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    let cookie = answered.header("set-cookie");
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Max-Age=604800; HttpOnly; SameSite=Strict");
    let secret = pair.strip_prefix("doorledger_session=").unwrap();
    let begun: Value = serde_json::from_str(&answered.text).unwrap();
    assert_eq!(begun["user"], json!({"name": "analyst", "role": "analyst"}));
    assert!(!answered.text.contains(secret));

    let answered = stage.send(by(get(SESSION), secret, None)).await;
    let standing: Value = serde_json::from_str(&answered.text).unwrap();
    assert_eq!(standing["user"], begun["user"]);
    assert_eq!(standing["csrf"], begun["csrf"]);
    assert_eq!(standing["open"], false);

    let csrf = begun["csrf"].as_str();
    let out = || Request::delete(SESSION).body(Body::empty()).unwrap();
    assert_eq!(stage.send(by(out(), secret, None)).await.code(), "csrf");
    let answered = stage.send(by(out(), secret, csrf)).await;
    assert_eq!(answered.status, 204);
    assert!(answered.header("set-cookie").starts_with("doorledger_session=; Path=/; Max-Age=0"));
    let answered = stage.send(by(get("/api/v1/status"), secret, None)).await;
    assert_eq!((answered.status, answered.code().as_str()), (401, "signed_out"));
    let answered = stage.send(by(get(SESSION), secret, None)).await;
    let standing: Value = serde_json::from_str(&answered.text).unwrap();
    assert_eq!((answered.status, &standing["user"]), (200, &Value::Null));
}

#[tokio::test]
async fn under_tls_the_cookie_is_for_tls_alone_and_in_the_clear_there_is_none() {
    let stage = set_up(vec![]);
    let request = || {
        let body = json!({"name": "viewer", "password": PASSWORD}).to_string();
        post_json(SESSION, body)
    };
    let answered = stage.send_by(request(), PUBLIC_TLS).await;
    assert!(answered.header("set-cookie").ends_with("; Secure"));
    assert_eq!(stage.send_by(request(), PUBLIC).await.code(), "tls_required");
    let mut foreign = request();
    foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(stage.send(foreign).await.code(), "cross_site");
}

#[tokio::test]
async fn a_role_may_what_the_table_says_and_nothing_more() {
    for role in Role::ALL {
        let stage = set_up(vec![]);
        for (needed, mut request) in guarded() {
            let secret = stage.accounts.session_of(role);
            let csrf = csrf_of(&stage, &secret).await;
            let line = format!("{role}: {} {}", request.method(), request.uri());
            stage.engine.gives(vec![]);
            request = by(request, &secret, Some(&csrf));
            let answered = stage.send(request).await;
            if role >= needed {
                assert!(is_ok(answered.status), "{line}: {answered:?}");
            } else {
                assert_eq!((answered.status, answered.code().as_str()), (403, "role"), "{line}");
            }
        }
    }
}

#[tokio::test]
async fn without_the_sessions_token_nothing_is_changed_or_asked() {
    let stage = set_up(vec![]);
    for (_, request) in guarded() {
        let line = format!("{} {}", request.method(), request.uri());
        let reads = request.method() == "GET";
        let secret = stage.accounts.session_of(Role::Administrator);
        for csrf in [None, Some("guessed"), Some("")] {
            let head = Request::builder().method(request.method()).uri(request.uri());
            let again = head.header("content-type", "application/json");
            let again = by(again.body(Body::empty()).unwrap(), &secret, csrf);
            let answered = stage.send(again).await;
            if reads {
                assert!(is_ok(answered.status), "{line}");
            } else {
                assert_eq!((answered.status, answered.code().as_str()), (403, "csrf"), "{line}");
            }
        }
    }
}

#[tokio::test]
async fn a_browser_without_a_session_and_an_ended_session_are_signed_out() {
    let stage = set_up(vec![]);
    let secret = stage.accounts.session_of(Role::Administrator);
    stage.accounts.end_sessions();
    for (_, request) in guarded() {
        let answered = stage.send(by(request, &secret, Some("any"))).await;
        assert_eq!((answered.status, answered.code().as_str()), (401, "signed_out"));
    }
    for (_, mut request) in guarded() {
        request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
        assert_eq!(stage.send(request).await.code(), "signed_out");
    }
}

#[tokio::test]
async fn a_token_of_the_registry_has_its_role() {
    for tokens in [vec![], vec![super::fakes::TOKEN]] {
        let stage = set_up(tokens);
        for peer in [LOCAL, PUBLIC_TLS] {
            for (needed, mut request) in guarded() {
                let bearer = format!("Bearer {VIEWERS_TOKEN}").parse().unwrap();
                request.headers_mut().insert("authorization", bearer);
                stage.engine.gives(vec![]);
                let answered = stage.send_by(request, peer).await;
                assert_eq!(is_ok(answered.status), needed == Role::Viewer, "{answered:?}");
            }
        }
    }
}

#[tokio::test]
async fn whoever_guesses_is_slowed_down() {
    let stage = set_up(vec![]);
    for _ in 0..5 {
        let answered = sign_in(&stage, "viewer", "wrong").await;
        assert_eq!((answered.status, answered.code().as_str()), (401, "sign_in_wrong"));
        assert!(!answered.text.contains("viewer"));
    }
    let answered = sign_in(&stage, "viewer", PASSWORD).await;
    assert_eq!((answered.status, answered.code().as_str()), (429, "sign_in_throttled"));
    assert_eq!(answered.header("retry-after"), "1");
    assert_eq!(sign_in(&stage, "analyst", PASSWORD).await.status, 200, "somebody else");
    stage.clock.advance_microseconds(1_000_000);
    assert_eq!(sign_in(&stage, "viewer", PASSWORD).await.status, 200);
    assert_eq!(sign_in(&stage, "viewer", "wrong").await.status, 401, "all is forgotten");
    // Nobody learns which names there are.
    assert_eq!(sign_in(&stage, "nobody", "wrong").await.code(), "sign_in_wrong");
    assert_eq!(sign_in(&stage, &"x".repeat(100_000), "wrong").await.code(), "sign_in_wrong");
}

#[tokio::test]
async fn only_so_many_passwords_are_hashed_at_once() {
    let limits = Limits { sign_ins_max: 0, ..Limits::default() };
    let stage = stage_with(Setting { limits, ..Setting::default() });
    let answered = sign_in(&stage, "viewer", PASSWORD).await;
    assert_eq!((answered.status, answered.code().as_str()), (429, "sign_in_busy"));
}

#[tokio::test]
async fn hostile_bodies_are_refused() {
    let stage = set_up(vec![]);
    for (body, status) in [
        ("", 400),
        ("{}", 400),
        ("[]", 400),
        ("{\"name\":\"viewer\"}", 400),
        ("{\"name\":1,\"password\":2}", 400),
        ("{\"name\":\"viewer\",\"password\":\"x\",\"role\":\"administrator\"}", 400),
        (&"[".repeat(100_000), 400),
        (&format!("{{\"name\":\"viewer\",\"password\":\"{}\"}}", "x".repeat(2_000_000)), 413),
    ] {
        let answered = stage.send(post_json(SESSION, body.to_owned())).await;
        assert_eq!(answered.status, status, "{:.60}", body);
    }
    let form = Request::post(SESSION).header("content-type", "application/x-www-form-urlencoded");
    let answered = stage.send(form.body(Body::from("name=viewer")).unwrap()).await;
    assert_eq!(answered.code(), "json_required");
}

#[tokio::test]
async fn ones_own_password_is_changed_by_whoever_knows_it() {
    let stage = set_up(vec![]);
    let path = "/api/v1/session/password";
    let body = |old: &str| json!({"old": old, "new": "another long phrase"}).to_string();
    assert_eq!(stage.send(post_json(path, body(PASSWORD))).await.code(), "invalid");
    let secret = stage.accounts.session_of(Role::Viewer);
    let csrf = csrf_of(&stage, &secret).await;
    let request = |old| by(post_json(path, body(old)), &secret, Some(&csrf));
    assert_eq!(stage.send(request("wrong")).await.code(), "password_wrong");
    assert_eq!(stage.send(request(PASSWORD)).await.status, 204);
    assert_eq!(sign_in(&stage, "viewer", "another long phrase").await.status, 200);
}

#[tokio::test]
async fn changes_leave_a_trail_without_secrets() {
    let stage = set_up(vec![]);
    sign_in(&stage, "administrator", PASSWORD).await;
    sign_in(&stage, "administrator", "guessed").await;
    let users = "/api/v1/users";
    let new = json!({"name": "joe", "role": "viewer", "password": PASSWORD}).to_string();
    assert_eq!(stage.send(post_json(users, new.clone())).await.status, 201);
    assert_eq!(stage.send(post_json(users, new)).await.code(), "taken");
    let secret = stage.accounts.session_of(Role::Viewer);
    let csrf = csrf_of(&stage, &secret).await;
    let remove = Request::delete("/api/v1/users/joe").body(Body::empty()).unwrap();
    stage.send(by(remove, &secret, Some(&csrf))).await;
    stage.send(get(users)).await;
    let made = json!({"name": "siem", "role": "viewer", "expires_days": 30}).to_string();
    let answered = stage.send(post_json("/api/v1/tokens", made)).await;
    let made: Value = serde_json::from_str(&answered.text).unwrap();
    assert_eq!(made["token"], "dl_made");
    assert_eq!(made["expires"], "2026-12-21T07:00:00Z");
    insta::assert_snapshot!(stage.accounts.trail().join("\n"), @r"
    administrator: POST /api/v1/session session ok
    administrator: POST /api/v1/session session sign_in_wrong
    local: POST /api/v1/users /api/v1/users/joe ok role viewer
    local: POST /api/v1/users /api/v1/users taken
    viewer: DELETE /api/v1/users/{name} /api/v1/users/joe role
    local: POST /api/v1/tokens /api/v1/tokens/t1 ok siem, role viewer
    ");
    let answered = stage.send(get("/api/v1/audit?limit=1&before=6")).await;
    let page: Value = serde_json::from_str(&answered.text).unwrap();
    assert_eq!(page["entries"][0]["id"], 5);
    assert_eq!(page["entries"][0]["outcome"], "role");
    for query in ["limit=0", "limit=1001", "limit=x", "after=1"] {
        let answered = stage.send(get(&format!("/api/v1/audit?{query}"))).await;
        assert_eq!(answered.code(), "invalid", "{query}");
    }
    stage.accounts.breaks();
    assert_eq!(stage.send(get(users)).await.code(), "registry_unavailable");
}
