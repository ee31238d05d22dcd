//! The Auth0 simulator over HTTP. Deliberately absent: its pure parts, which are tested where they stand.

use std::collections::BTreeSet;

use proptest::prelude::*;
use reqwest::Client;
use reqwest::header::LINK;
use serde_json::{Value, json};
use simulator::{
    Attack, Auth0, Auth0Options, ExpiredCursor, Fault, Faults, Listen, PageShape, Plan, Running,
    auth0,
};

use crate::support::{client, clock, post_json, status_and_json};

const NOWHERE: &str = "0";

async fn start(options: Auth0Options) -> (Running<Auth0>, Client, String) {
    let running = auth0(options, clock()).await.unwrap();
    let client = client();
    let token = token(&running, &client).await;
    (running, client, token)
}

async fn token(running: &Running<Auth0>, client: &Client) -> String {
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

async fn get(running: &Running<Auth0>, client: &Client, token: &str, path: &str) -> (u16, Value) {
    let request = client.get(format!("{}{path}", running.base_url)).bearer_auth(token);
    status_and_json(request.send().await.unwrap()).await
}

/// Reads to the end from `from`, following the links.
async fn read_all(running: &Running<Auth0>, client: &Client, token: &str, take: u64) -> Vec<Value> {
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

fn ids(events: &[Value]) -> Vec<String> {
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
