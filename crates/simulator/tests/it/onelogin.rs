//! Reading a OneLogin account by its API. Deliberately absent: the webhook (`push`).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use simulator::{OneLogin, OneLoginOptions, OverLimit, Running, onelogin};

use crate::support::{client, clock, status_and_json};

pub(crate) async fn start(options: OneLoginOptions) -> (Running<OneLogin>, Client, String) {
    let running = onelogin(options, clock()).await.unwrap();
    let client = client();
    let (status, body) = ask(token_request(&running, &client, "v2/")).await;
    assert_eq!(status, 200, "{body}");
    (running, client, body["access_token"].as_str().unwrap().to_owned())
}

fn token_request(running: &Running<OneLogin>, client: &Client, version: &str) -> RequestBuilder {
    let options = OneLoginOptions::default();
    let credential = format!(
        "client_id:{}, client_secret:{}",
        options.client_id,
        options.client_secret.expose()
    );
    client
        .post(format!("{}/auth/oauth2/{version}token", running.base_url))
        .header("authorization", credential)
        .header("content-type", "application/json")
        .body(r#"{"grant_type":"client_credentials"}"#)
}

async fn ask(request: RequestBuilder) -> (u16, Value) {
    status_and_json(request.send().await.unwrap()).await
}

async fn get(
    running: &Running<OneLogin>,
    client: &Client,
    token: &str,
    path: &str,
) -> (u16, Value) {
    let url = format!("{}{path}", running.base_url);
    ask(client.get(url).header("authorization", format!("bearer:{token}"))).await
}

async fn read_all(
    running: &Running<OneLogin>,
    client: &Client,
    token: &str,
    first: &str,
) -> Vec<Value> {
    let mut events = Vec::new();
    let mut url = format!("{}{first}", running.base_url);
    loop {
        let (status, body) = ask(client.get(&url).bearer_auth(token)).await;
        assert_eq!(status, 200, "{body}");
        events.extend(body["data"].as_array().unwrap().iter().cloned());
        match body["pagination"]["next_link"].as_str() {
            Some(next) => url = next.to_owned(),
            None => return events,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn paging_yields_every_id_once_and_in_order(
        seed: u64, events in 0_usize..500, limit in 1_u64..=1_000, later in 0_usize..30,
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let options = OneLoginOptions { seed, events, ..OneLoginOptions::default() };
            let (running, client, token) = start(options).await;
            running.produce(later);
            let path = format!("/api/1/events?limit={limit}");
            let read = read_all(&running, &client, &token, &path).await;
            let ids: Vec<u64> = read.iter().map(|it| it["id"].as_u64().unwrap()).collect();
            let expected: Vec<u64> = running.ids().into_iter().map(|it| it.0).collect();
            assert_eq!(ids, expected);
            assert_eq!(running.account().served.distinct, (events + later) as u64);
        });
    }
}

#[tokio::test]
async fn every_way_to_ask_gives_the_same_token() {
    let (running, client, token) = start(OneLoginOptions::default()).await;
    let options = OneLoginOptions::default();
    let url = format!("{}/auth/oauth2/v2/token", running.base_url);
    let pair = format!("{}:{}", options.client_id, options.client_secret.expose());
    let basic = client
        .post(&url)
        .header("authorization", format!("Basic {}", BASE64_STANDARD.encode(pair)))
        .header("content-type", "application/json")
        .body(r#"{"grant_type":"client_credentials"}"#);
    let form = crate::support::post_form(
        &client,
        &url,
        &[
            ("grant_type", "client_credentials"),
            ("client_id", &options.client_id),
            ("client_secret", options.client_secret.expose()),
        ],
    )
    .await;
    assert_eq!(ask(basic).await.1["access_token"], json!(token));
    assert_eq!(status_and_json(form).await.1["access_token"], json!(token));
    let (_, wrapped) = ask(token_request(&running, &client, "")).await;
    assert_eq!(wrapped["data"][0]["access_token"], json!(token));
    assert_eq!(running.account().tokens, 1);
    let (status, body) = ask(client.post(&url)).await;
    assert_eq!(
        (status, &body["status"]["message"]),
        (400, &json!("grant_type is incorrect/absent"))
    );
}

#[tokio::test]
async fn filters_keep_only_what_they_say() {
    let (running, client, token) = start(OneLoginOptions::default()).await;
    let since = "2026-11-18T00:00:00.000Z";
    let path = format!("/api/1/events?limit=1000&since={since}&event_type_id=5,6");
    let read = read_all(&running, &client, &token, &path).await;
    assert!(!read.is_empty());
    for event in &read {
        assert!(event["created_at"].as_str().unwrap() > since);
        assert!([5, 6].contains(&event["event_type_id"].as_u64().unwrap()));
    }
    let all = read_all(&running, &client, &token, "/api/1/events?limit=1000").await;
    let expected = all
        .iter()
        .filter(|it| it["created_at"].as_str().unwrap() > since)
        .filter(|it| [5, 6].contains(&it["event_type_id"].as_u64().unwrap()));
    assert_eq!(read.len(), expected.count());
}

#[tokio::test]
async fn pages_can_be_turned_back_and_events_asked_for_alone() {
    let (running, client, token) = start(OneLoginOptions::default()).await;
    let (_, first) = get(&running, &client, &token, "/api/1/events?limit=5&sort=-id").await;
    let (_, second) =
        ask(client.get(first["pagination"]["next_link"].as_str().unwrap()).bearer_auth(&token))
            .await;
    let back = second["pagination"]["previous_link"].as_str().unwrap();
    let (_, again) = ask(client.get(back).bearer_auth(&token)).await;
    assert_eq!(again["data"], first["data"]);
    let id = first["data"][0]["id"].as_u64().unwrap();
    let (_, one) = get(&running, &client, &token, &format!("/api/1/events/{id}")).await;
    assert_eq!(one["data"], json!([first["data"][0]]));
    assert_eq!(get(&running, &client, &token, "/api/1/events/7").await.0, 404);
    let (_, lean) = get(&running, &client, &token, "/api/1/events?limit=1&fields=notes").await;
    assert_eq!(lean["data"][0].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn a_page_of_fifty_may_be_the_longest() {
    let options = OneLoginOptions { page_events_max: 50, ..OneLoginOptions::default() };
    let (running, client, token) = start(options).await;
    assert_eq!(get(&running, &client, &token, "/api/1/events?limit=1000").await.0, 400);
    let (_, page) = get(&running, &client, &token, "/api/1/events").await;
    assert_eq!(page["data"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn over_the_limit_there_are_two_ways_to_say_so() {
    for (over_limit, expected) in [(OverLimit::BadRequest, 400), (OverLimit::TooManyRequests, 429)]
    {
        let options =
            OneLoginOptions { calls_per_hour: Some(1), over_limit, ..OneLoginOptions::default() };
        let (running, client, token) = start(options).await;
        let url = format!("{}/api/1/events", running.base_url);
        let first = client.get(&url).bearer_auth(&token).send().await.unwrap();
        assert_eq!(first.headers()["x-ratelimit-remaining"], "0");
        assert_eq!(first.headers()["x-ratelimit-reset"], "3600");
        let (status, body) = get(&running, &client, &token, "/api/1/events").await;
        assert_eq!((status, &body["status"]["message"]), (expected, &json!("rate_limit_exceeded")));
        let (_, limit) = get(&running, &client, &token, "/auth/rate_limit").await;
        assert_eq!(limit["data"]["X-RateLimit-Remaining"], 0);
    }
}

#[tokio::test]
async fn without_its_owner_a_credential_fails_by_500() {
    let (running, client, token) = start(OneLoginOptions::default()).await;
    let url = format!("{}/__owner?deleted=true", running.base_url);
    assert_eq!(client.post(url).send().await.unwrap().status(), 204);
    assert_eq!(get(&running, &client, &token, "/api/1/events").await.0, 500);
    assert_eq!(ask(token_request(&running, &client, "v2/")).await.0, 500);
    running.set_owner_deleted(false);
    assert_eq!(get(&running, &client, &token, "/api/1/events").await.0, 200);
}

#[tokio::test]
async fn types_need_no_token_and_events_do() {
    let (running, client, _) = start(OneLoginOptions::default()).await;
    let (_, types) = ask(client.get(format!("{}/api/1/events/types", running.base_url))).await;
    let types = types["data"].as_array().unwrap();
    assert_eq!(types.len(), 539);
    assert_eq!(
        types[4],
        json!({"name": "USER_LOGGED_INTO_ONELOGIN", "description": "User logged into onelogin", "id": 5})
    );
    let known: Vec<u64> = types.iter().map(|it| it["id"].as_u64().unwrap()).collect();
    assert!(running.account().per_type.keys().all(|id| known.contains(&u64::from(*id))));
    let (status, body) = ask(client.get(format!("{}/api/1/events", running.base_url))).await;
    assert_eq!((status, &body["status"]["code"]), (401, &json!(401)));
}

#[tokio::test]
async fn what_is_late_stands_behind_what_was_served() {
    let options = OneLoginOptions { late_share: 0.2, ..OneLoginOptions::default() };
    let (running, client, token) = start(options).await;
    let read = read_all(&running, &client, &token, "/api/1/events?limit=1000").await;
    let created: Vec<&str> = read.iter().map(|it| it["created_at"].as_str().unwrap()).collect();
    assert!(!created.is_sorted());
}
