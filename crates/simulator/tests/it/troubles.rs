//! Troubles on purpose, as a client meets them. Deliberately absent: how a client should take them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator::{
    Auth0Options, AzureOptions, Fault, Faults, OneLoginOptions, auth0, azure, onelogin,
};

use crate::support::{client, clock, post_json, status_and_json};
use crate::{auth0 as tenant, azure as cloud, onelogin as account};

async fn struck(fault: Fault) -> reqwest::Result<(u16, String)> {
    let (running, client, token) = tenant::start(Auth0Options::default()).await;
    running.set_faults(Faults { slow_milliseconds: 1, ..Faults::each([fault], 1.0) });
    let url = format!("{}/api/v2/logs?from=0", running.base_url);
    let response = client.get(url).bearer_auth(token).send().await?;
    let status = response.status().as_u16();
    let text = response.text().await;
    assert_eq!(running.account().faults, BTreeMap::from([(fault, 1)]));
    Ok((status, text?))
}

#[tokio::test]
async fn each_common_trouble_has_its_face() {
    let (status, body) = struck(Fault::RateLimited).await.unwrap();
    assert_eq!(status, 429);
    assert!(body.contains("Global limit has been reached"));
    let (status, body) = struck(Fault::ServerError).await.unwrap();
    assert_eq!(status, 500);
    assert!(body.starts_with('{'));
    let (status, body) = struck(Fault::HtmlPage).await.unwrap();
    assert_eq!(status, 502);
    assert!(body.starts_with("<!doctype html>"));
    assert_eq!(struck(Fault::Slow).await.unwrap().0, 200);
    assert!(struck(Fault::CutBody).await.unwrap_err().is_decode());
}

#[tokio::test]
async fn a_page_may_come_twice_and_nothing_is_missed_by_it() {
    let (running, client, token) = tenant::start(Auth0Options::default()).await;
    running.set_faults(Faults::each([Fault::DuplicatePage], 0.3));
    let read = tenant::ids(&tenant::read_all(&running, &client, &token, 40).await);
    let mut distinct = read.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct, running.ids());
    assert!(read.len() > distinct.len());
}

#[tokio::test]
async fn a_token_may_be_refused_for_a_while() {
    let faults = Faults::each([Fault::TokenRefused], 1.0);
    let options = Auth0Options { faults, ..Auth0Options::default() };
    let running = auth0(options, clock()).await.unwrap();
    let wish = json!({
        "grant_type": "client_credentials", "client_id": "simulated-client",
        "client_secret": "simulated-secret", "audience": "https://acme.eu.auth0.com/api/v2/",
    });
    let url = format!("{}/oauth/token", running.base_url);
    assert_eq!(post_json(&client(), &url, &wish).await.status(), 401);
    let calm = post_json(&client(), &format!("{}/__faults", running.base_url), &json!({})).await;
    assert_eq!(calm.status(), 204);
    assert_eq!(post_json(&client(), &url, &wish).await.status(), 200);
}

#[tokio::test]
async fn azure_may_take_what_it_does_not_confirm() {
    let (running, client, token) = cloud::start(AzureOptions::default()).await;
    running.set_faults(Faults::each([Fault::LostAnswer], 1.0));
    let send = || {
        let request = cloud::upload(&running, &client, &token, "Custom-A_CL");
        request.body(r#"[{"log_id":"a"}]"#).send()
    };
    assert!(send().await.is_err());
    running.set_faults(Faults::default());
    assert_eq!(send().await.unwrap().status(), 204);
    let table = running.account().tables["A_CL"];
    assert_eq!((table.distinct, table.doubled), (1, 1));
}

#[tokio::test]
async fn every_service_speaks_its_own_language_in_trouble() {
    let faults = || Faults::each([Fault::RateLimited], 1.0);
    let cloud =
        azure(AzureOptions { faults: faults(), ..AzureOptions::default() }, clock()).await.unwrap();
    let response = client().get(format!("{}/secrets/a", cloud.base_url)).send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(status_and_json(response).await.1["error"]["code"], "TooManyRequests");
    let (running, client, token) = account::start(OneLoginOptions::default()).await;
    running.set_faults(faults());
    let url = format!("{}/api/1/events", running.base_url);
    let (status, body) =
        status_and_json(client.get(url).bearer_auth(token).send().await.unwrap()).await;
    assert_eq!((status, &body["status"]["error"]), (429, &Value::Bool(true)));
}

#[tokio::test]
async fn an_end_is_an_end() {
    let running = onelogin(OneLoginOptions::default(), clock()).await.unwrap();
    let url = format!("{}/__account", running.base_url);
    let client = client();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    running.shutdown().await;
    assert!(client.get(&url).send().await.is_err());
}
