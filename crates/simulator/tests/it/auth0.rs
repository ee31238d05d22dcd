//! Reading an Auth0 tenant: by checkpoint, by search, one by one. Deliberately absent: refusals (`auth0_refusals`) and
//! the push side (`push`).

use std::collections::BTreeSet;

use proptest::prelude::*;
use reqwest::Client;
use reqwest::header::LINK;
use serde_json::{Value, json};
use simulator::{
    Attack, Auth0, Auth0Options, Listen, PageShape, Plan, Running, UserAgentForm, auth0,
};

use crate::support::{client, clock, post_json, status_and_json};

const NOWHERE: &str = "0";

pub(crate) async fn start(options: Auth0Options) -> (Running<Auth0>, Client, String) {
    let running = auth0(options, clock()).await.unwrap();
    let client = client();
    let token = token(&running, &client).await;
    (running, client, token)
}

pub(crate) async fn token(running: &Running<Auth0>, client: &Client) -> String {
    let wish = json!({
        "grant_type": "client_credentials",
        "client_id": "simulated-client",
        "client_secret": "simulated-secret",
        "audience": "https://acme.eu.auth0.com/api/v2/",
    });
    let response = post_json(client, &format!("{}/oauth/token", running.base_url), &wish).await;
    let (status, body) = status_and_json(response).await;
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().unwrap().to_owned()
}

pub(crate) async fn get(
    running: &Running<Auth0>,
    client: &Client,
    token: &str,
    path: &str,
) -> (u16, Value) {
    let request = client.get(format!("{}{path}", running.base_url)).bearer_auth(token);
    status_and_json(request.send().await.unwrap()).await
}

/// Reads to the end from `from`, following the links.
pub(crate) async fn read_all(
    running: &Running<Auth0>,
    client: &Client,
    token: &str,
    take: u64,
) -> Vec<Value> {
    let mut events = Vec::new();
    let mut url = format!("{}/api/v2/logs?from={NOWHERE}&take={take}", running.base_url);
    loop {
        let response = client.get(&url).bearer_auth(token).send().await.unwrap();
        let link = response.headers()[LINK].to_str().unwrap().to_owned();
        let (_, page) = status_and_json(response).await;
        let Value::Array(page) = page else { panic!("not a list: {page}") };
        url = link[1..link.find('>').unwrap()].to_owned();
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

pub(crate) fn ids(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["log_id"].as_str().unwrap().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn paging_yields_every_id_once_and_in_order(
        seed: u64, count in 0_usize..400, take in 1_u64..=100, later in 0_usize..40,
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let options = Auth0Options { seed, events: Some(count), ..Auth0Options::default() };
            let (running, client, token) = start(options).await;
            let produced = running.produce(later);
            assert_eq!(produced.len(), later);
            let read = ids(&read_all(&running, &client, &token, take).await);
            assert_eq!(read, running.ids());
            assert!(read.is_sorted());
            assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), count + later);
            let account = running.account();
            assert_eq!((account.events, account.served.distinct), (read.len() as u64, read.len() as u64));
            assert_eq!(account.ids, read.iter().map(String::as_str).collect());
            running.shutdown().await;
        });
    }
}

#[tokio::test]
async fn an_empty_page_links_to_itself() {
    let (running, client, token) = start(Auth0Options::default()).await;
    let last = running.account().last_id.unwrap();
    let url = format!("{}/api/v2/logs?from={last}&take=7", running.base_url);
    let response = client.get(&url).bearer_auth(&token).send().await.unwrap();
    assert_eq!(response.headers()[LINK].to_str().unwrap(), format!("<{url}>; rel=\"next\""));
    assert_eq!(status_and_json(response).await, (200, json!([])));
    let produced = running.produce(3);
    let (_, page) = get(&running, &client, &token, &format!("/api/v2/logs?from={last}")).await;
    assert_eq!(ids(page.as_array().unwrap()), produced);
}

#[tokio::test]
async fn a_checkpoint_ignores_everything_but_from_and_take() {
    let (running, client, token) = start(Auth0Options::default()).await;
    let plain = get(&running, &client, &token, "/api/v2/logs?from=0&take=5").await;
    let decorated = "/api/v2/logs?from=0&take=5&q=type:fp&sort=date:-1&page=3&fields=type";
    assert_eq!(get(&running, &client, &token, decorated).await, plain);
}

#[tokio::test]
async fn a_cursor_made_of_a_moment_starts_there() {
    let (running, client, token) = start(Auth0Options::default()).await;
    let from = format!("90020261115000000{}", "0".repeat(39));
    let (_, page) = get(&running, &client, &token, &format!("/api/v2/logs?from={from}")).await;
    let read = ids(page.as_array().unwrap());
    let expected: Vec<String> =
        running.ids().into_iter().filter(|id| *id > from).take(50).collect();
    assert_eq!(read, expected);
    assert_eq!(read.len(), 50);
}

#[tokio::test]
async fn a_search_is_newest_first_and_finds_what_it_says() {
    let (running, client, token) = start(Auth0Options::default()).await;
    let (_, newest) = get(&running, &client, &token, "/api/v2/logs").await;
    let newest = ids(newest.as_array().unwrap());
    let mut expected = running.ids();
    expected.reverse();
    assert_eq!(newest, expected[..50]);

    let path = "/api/v2/logs?q=date:[2026-11-18%20TO%20*]%20AND%20type:s&sort=date:1&per_page=100";
    let (_, found) = get(&running, &client, &token, path).await;
    let found = found.as_array().unwrap();
    assert!(!found.is_empty());
    assert!(
        found.iter().all(|it| it["type"] == "s" && it["date"].as_str().unwrap() >= "2026-11-18")
    );
    assert!(found.is_sorted_by_key(|it| it["date"].as_str().unwrap()));
}

#[tokio::test]
async fn totals_count_the_page_and_fields_cut_the_events() {
    let (running, client, token) = start(Auth0Options::default()).await;
    let path = "/api/v2/logs?include_totals=true&page=2&per_page=3&fields=type,log_id";
    let (_, body) = get(&running, &client, &token, path).await;
    assert_eq!(
        (&body["start"], &body["length"], &body["total"]),
        (&json!(6), &json!(3), &json!(3))
    );
    assert_eq!(body["logs"][0].as_object().unwrap().len(), 2);
    let without = "/api/v2/logs?per_page=1&fields=details&include_fields=false";
    let (_, body) = get(&running, &client, &token, without).await;
    assert!(body[0].get("details").is_none() && body[0].get("type").is_some());
}

#[tokio::test]
async fn one_event_is_read_by_its_id() {
    let (running, client, token) = start(Auth0Options::default()).await;
    let id = running.ids()[17].clone();
    let (status, event) = get(&running, &client, &token, &format!("/api/v2/logs/{id}")).await;
    assert_eq!((status, &event["_id"], &event["log_id"]), (200, &json!(id), &json!(id)));
    let user = event["user_id"].as_str().filter(|it| !it.is_empty()).unwrap_or("auth0|none");
    let path = format!("/api/v2/users/{}/logs", user.replace('|', "%7C"));
    let (_, logs) = get(&running, &client, &token, &path).await;
    assert!(logs.as_array().unwrap().iter().all(|it| it["user_id"] == user));
    let (_, days) = get(&running, &client, &token, "/api/v2/stats/daily?from=20261119").await;
    assert_eq!(days[0]["date"], "2026-11-19T00:00:00.000Z");
}

#[tokio::test]
async fn the_same_seed_is_the_same_bytes() {
    let options = |seed| Auth0Options { seed, events: Some(300), ..Auth0Options::default() };
    let (one, same, other) =
        (start(options(9)).await.0, start(options(9)).await.0, start(options(10)).await.0);
    assert_eq!(one.events(), same.events());
    assert_eq!(one.produce(20), same.produce(20));
    assert_eq!(one.events(), same.events());
    assert_ne!(one.events(), other.events());
}

#[tokio::test]
async fn the_size_of_events_can_be_steered() {
    for bytes in [1_200_u64, 1_600] {
        let options = Auth0Options {
            events: Some(3_000),
            event_bytes: Some(bytes as usize),
            ..Auth0Options::default()
        };
        let account = start(options).await.0.account();
        let average = account.event_bytes / account.events;
        assert!(average.abs_diff(bytes) * 100 < bytes * 3, "{average} instead of {bytes}");
    }
}

#[tokio::test]
async fn shapes_and_user_agents_are_the_tenants_choice() {
    let options = |shape, user_agents| Auth0Options {
        shape,
        user_agents,
        events: Some(400),
        ..Auth0Options::default()
    };
    let absent = start(options(PageShape::Absent, UserAgentForm::Parsed)).await.0;
    let nulls = start(options(PageShape::Nulls, UserAgentForm::Raw)).await.0;
    for (one, other) in absent.events().iter().zip(nulls.events()) {
        let one: Value = serde_json::from_slice(one).unwrap();
        let mut other: Value = serde_json::from_slice(&other).unwrap();
        assert!(one.as_object().unwrap().values().all(|value| !value.is_null()));
        assert!(other.as_object().unwrap().len() >= 20);
        other.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        other["user_agent"] = one["user_agent"].clone();
        assert_eq!(one, other);
    }
}

#[tokio::test]
async fn retention_takes_what_is_old_and_time_brings_new() {
    let clock = clock();
    let options = Auth0Options {
        plan: Plan::Professional,
        live_events_per_second: 2.0,
        history_days: 20,
        ..Auth0Options::default()
    };
    let running = auth0(options, clock.clone()).await.unwrap();
    let before = running.account();
    assert!(before.kept < before.events);
    clock.advance_microseconds(3_600 * 1_000_000);
    running.let_time_pass();
    let after = running.account();
    assert!(after.events > before.events + 5_000, "{} {}", before.events, after.events);
    assert!(after.first_id >= before.first_id);
    assert_eq!(running.ids().len() as u64, after.events);
    assert!(running.ids().is_sorted());
}

#[tokio::test]
async fn an_attack_leaves_its_events_and_tells_them() {
    let (running, client, token) = start(Auth0Options::default()).await;
    let report = running.attack(Attack::PasswordSpray, 3, false);
    assert!(report.ids.len() > 60 && report.victims.len() == 1 && report.addresses.len() == 1);
    let path = format!("/api/v2/logs?q=ip:{}%20AND%20type:s", report.addresses[0]);
    let (_, found) = get(&running, &client, &token, &path).await;
    let users: Vec<&Value> = found.as_array().unwrap().iter().map(|it| &it["user_name"]).collect();
    assert_eq!(users, [report.victims[0].as_str()]);
    let url = format!("{}/__attack/mfa_fatigue?seed=4", running.base_url);
    let (status, body) = status_and_json(client.post(url).send().await.unwrap()).await;
    assert_eq!((status, &body["attack"]), (200, &json!("mfa_fatigue")));
    assert_eq!(
        running.ids().last().unwrap().as_str(),
        body["ids"].as_array().unwrap().last().unwrap()
    );
}

#[tokio::test]
async fn other_processes_can_ask_for_the_account() {
    let (running, client, _) =
        start(Auth0Options { events: Some(40), ..Auth0Options::default() }).await;
    let base = &running.base_url;
    let made = client.post(format!("{base}/__events?n=5")).send().await.unwrap();
    assert_eq!(status_and_json(made).await.1["ids"].as_array().unwrap().len(), 5);
    let (_, account) =
        status_and_json(client.get(format!("{base}/__account")).send().await.unwrap()).await;
    assert_eq!(account, serde_json::to_value(running.account()).unwrap());
    let ids = client.get(format!("{base}/__ids")).send().await.unwrap().text().await.unwrap();
    assert_eq!(ids.lines().collect::<Vec<_>>(), running.ids());
    let per_hour: u64 =
        account["per_hour"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(per_hour, 45);
}

#[tokio::test]
async fn over_tls_its_own_authority_must_be_trusted() {
    let listen = Listen { tls: true, ..Listen::default() };
    let running = auth0(Auth0Options { listen, ..Auth0Options::default() }, clock()).await.unwrap();
    let url = format!("{}/__account", running.base_url);
    assert!(url.starts_with("https://localhost:"));
    assert!(client().get(&url).send().await.is_err());
    let pem = running.certificate_pem.clone().unwrap();
    let authority = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let trusting = Client::builder().no_proxy().tls_certs_only([authority]).build().unwrap();
    assert_eq!(trusting.get(&url).send().await.unwrap().status(), 200);
    running.shutdown().await;
    assert!(trusting.get(&url).send().await.is_err());
}
