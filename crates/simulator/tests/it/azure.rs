//! Shipping to Azure: tokens, both ways in, limits, refusals, and the account that tells the lost and the doubled.
//! Deliberately absent: troubles on purpose (`troubles`).

use std::io::Write as _;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use model::Secret;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use simulator::{
    Azure, AzureOptions, DataCollector, Fault, Faults, Keep, Running, auth0_logs_columns, azure,
};

use crate::support::{client, clock, post_form, status_and_json};

const RULE: &str = "dcr-0123456789abcdef0123456789abcdef";
const TENANT: &str = "5a1d9c52-7a34-4c1e-9f0e-0d5b7c1f2a3e";
const CLIENT: &str = "c0ffee00-1b2c-4d3e-8f90-a1b2c3d4e5f6";

pub(crate) async fn start(options: AzureOptions) -> (Running<Azure>, Client, String) {
    let running = azure(options, clock()).await.unwrap();
    let client = client();
    let (status, body) = ask(&running, &client, &wish("https://monitor.azure.com/.default")).await;
    assert_eq!(status, 200, "{body}");
    let token = body["access_token"].as_str().unwrap().to_owned();
    (running, client, token)
}

fn wish(scope: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("client_secret", "simulated-secret"),
        ("scope", scope),
    ]
}

async fn ask(running: &Running<Azure>, client: &Client, wish: &[(&str, &str)]) -> (u16, Value) {
    let url = format!("{}/{TENANT}/oauth2/v2.0/token", running.base_url);
    status_and_json(post_form(client, &url, wish).await).await
}

pub(crate) fn upload(
    running: &Running<Azure>,
    client: &Client,
    token: &str,
    stream: &str,
) -> RequestBuilder {
    client
        .post(format!(
            "{}/dataCollectionRules/{RULE}/streams/{stream}?api-version=2023-01-01",
            running.base_url
        ))
        .bearer_auth(token)
        .header("content-type", "application/json")
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

async fn refused(response: Response) -> (u16, String) {
    let code = response.headers().get("x-ms-error-code").cloned();
    let (status, body) = status_and_json(response).await;
    let written = body["error"]["code"].as_str().unwrap().to_owned();
    assert_eq!(code.unwrap().to_str().unwrap(), written);
    (status, written)
}

#[tokio::test]
async fn what_is_uploaded_is_counted_and_the_doubled_is_told() {
    let options = AzureOptions { keep: Keep::Records(10), ..AzureOptions::default() };
    let (running, client, token) = start(options).await;
    let send = |body: Vec<u8>, packed: bool| {
        let request = upload(&running, &client, &token, "Custom-Auth0Logs_CL").body(body);
        if packed { request.header("content-encoding", "gzip") } else { request }
    };
    let one = r#"[{"log_id":"a","n":1},{"log_id":"b"}]"#;
    assert_eq!(send(one.into(), false).send().await.unwrap().status(), 204);
    assert_eq!(send(gzip(r#"[{"log_id":"b"},{"x":1}]"#), true).send().await.unwrap().status(), 204);
    let account = running.account();
    let table = account.tables["Auth0Logs_CL"];
    assert_eq!((table.records, table.distinct, table.doubled, table.unknown), (4, 2, 1, 1));
    assert_eq!(table.ids, ["b", "a"].into_iter().collect());
    assert_eq!(running.ids("Auth0Logs_CL"), ["a", "b"]);
    assert_eq!(running.records("Auth0Logs_CL")[0], r#"{"log_id":"a","n":1}"#);
    let url = format!("{}/__account", running.base_url);
    let (_, shown) = status_and_json(client.get(url).send().await.unwrap()).await;
    assert_eq!(shown["tables"]["Auth0Logs_CL"]["doubled"], 1);
}

#[tokio::test]
async fn an_upload_is_refused_in_azures_words() {
    let mut streams = std::collections::BTreeMap::new();
    streams.insert("Custom-Auth0Logs_CL".to_owned(), auth0_logs_columns());
    let options = AzureOptions { streams, strict_schema: true, ..AzureOptions::default() };
    let (running, client, token) = start(options).await;
    let good = "Custom-Auth0Logs_CL";
    let long = format!("[{{\"description\":\"{}\"}}]", "x".repeat(1024 * 1024));
    for (token, stream, body, expected) in [
        ("x.y.z", good, "[]".to_owned(), (401, "InvalidToken")),
        (token.as_str(), "Custom-Other", "[]".to_owned(), (404, "InvalidStream")),
        (&token, good, "{}".to_owned(), (400, "InvalidPayload")),
        (&token, good, "[{]".to_owned(), (400, "InvalidPayload")),
        (&token, good, r#"[{"scope":["a"]}]"#.to_owned(), (400, "InvalidRecord")),
        (&token, good, long.clone(), (413, "ContentLengthLimitExceeded")),
    ] {
        let response = upload(&running, &client, token, stream).body(body).send().await.unwrap();
        let (status, code) = refused(response).await;
        assert_eq!((status, code.as_str()), expected);
    }
    let packed = upload(&running, &client, &token, good).header("content-encoding", "gzip");
    let response = packed.body(gzip(&long)).send().await.unwrap();
    assert_eq!(refused(response).await.0, 413);
    assert_eq!(running.account().calls, 0);
}

#[tokio::test]
async fn without_the_role_nothing_is_taken() {
    let options = AzureOptions { may_publish: false, ..AzureOptions::default() };
    let (running, client, token) = start(options).await;
    let response =
        upload(&running, &client, &token, "Custom-A_CL").body("[]").send().await.unwrap();
    let (status, body) = status_and_json(response).await;
    assert_eq!((status, &body["error"]["code"]), (403, &json!("OperationFailed")));
    assert!(body["error"]["message"].as_str().unwrap().contains("AccessGranted: False"));
}

#[tokio::test]
async fn too_many_calls_are_told_when_to_come_back() {
    let options = AzureOptions { ingestion_calls_per_minute: Some(2), ..AzureOptions::default() };
    let (running, client, token) = start(options).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let request = upload(&running, &client, &token, "Custom-A_CL").body("[]");
        let response = request.send().await.unwrap();
        let after = response.headers().get("retry-after").map(|it| it.to_str().unwrap().to_owned());
        statuses.push((response.status().as_u16(), after));
    }
    assert_eq!(statuses, [(204, None), (204, None), (429, Some("30".to_owned()))]);
}

#[tokio::test]
async fn entra_refuses_by_number() {
    let options =
        AzureOptions { federated_token: Some(Secret::new("pod")), ..AzureOptions::default() };
    let (running, client, _) = start(options).await;
    let scope = "https://monitor.azure.com/.default";
    let assertion = |token: &'static str| {
        vec![
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", token),
            ("scope", scope),
        ]
    };
    assert_eq!(ask(&running, &client, &assertion("pod")).await.0, 200);
    let mut wrong = wish(scope);
    wrong[2].1 = "guess";
    for (wish, expected) in [
        (wrong, (401, 7_000_215)),
        (assertion("other"), (401, 700_211)),
        (wish("https://monitor.azure.com"), (400, 70_011)),
    ] {
        let (status, body) = ask(&running, &client, &wish).await;
        assert_eq!((status, body["error_codes"][0].as_u64().unwrap()), expected);
    }
}

#[tokio::test]
async fn a_managed_identity_answers_only_with_the_header() {
    let options = AzureOptions { managed_identity: true, ..AzureOptions::default() };
    let (running, client, _) = start(options).await;
    let url = format!(
        "{}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net",
        running.base_url
    );
    assert_eq!(client.get(&url).send().await.unwrap().status(), 400);
    let response = client.get(&url).header("Metadata", "true").send().await.unwrap();
    let (status, body) = status_and_json(response).await;
    assert_eq!((status, &body["expires_in"]), (200, &json!("3599")));
}

#[tokio::test]
async fn the_vault_gives_a_secret_to_a_token_for_the_vault() {
    let options = AzureOptions {
        vault: [("auth0".to_owned(), Secret::new("hush"))].into(),
        ..AzureOptions::default()
    };
    let (running, client, other) = start(options).await;
    let (_, body) = ask(&running, &client, &wish("https://vault.azure.net/.default")).await;
    let token = body["access_token"].as_str().unwrap();
    let get = async |token: &str, name: &str| {
        let url = format!("{}/secrets/{name}?api-version=7.4", running.base_url);
        client.get(url).bearer_auth(token).send().await.unwrap()
    };
    let (status, body) = status_and_json(get(token, "auth0").await).await;
    assert_eq!((status, &body["value"]), (200, &json!("hush")));
    assert_eq!(get(token, "none").await.status(), 404);
    let refused = get(&other, "auth0").await;
    assert_eq!(refused.status(), 401);
    assert!(refused.headers().contains_key("www-authenticate"));
}

/// A Data Collector request signed as the API asks for.
fn collected(
    running: &Running<Azure>,
    client: &Client,
    log_type: &str,
    body: &str,
) -> RequestBuilder {
    let options = AzureOptions::default();
    let date = "Fri, 20 Nov 2026 11:00:05 GMT";
    let text = format!("POST\n{}\napplication/json\nx-ms-date:{date}\n/api/logs", body.len());
    let key = BASE64_STANDARD.decode(options.workspace_keys[1].expose()).unwrap();
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes());
    client
        .post(format!("{}/api/logs?api-version=2016-04-01", running.base_url))
        .header("content-type", "application/json")
        .header("log-type", log_type)
        .header("x-ms-date", date)
        .header(
            "authorization",
            format!("SharedKey {}:{}", options.workspace_id, BASE64_STANDARD.encode(signature)),
        )
        .body(body.to_owned())
}

#[tokio::test]
async fn the_data_collector_checks_the_signature_over_the_length() {
    let (running, client, _) = start(AzureOptions::default()).await;
    let body = r#"[{"log_id":"a","text":"wörld"}]"#;
    let sent = collected(&running, &client, "Auth0AM", body).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    assert_eq!(running.account().tables["Auth0AM_CL"].distinct, 1);
    for (request, expected) in [
        (collected(&running, &client, "Auth0AM", body).body("[]"), (403, "InvalidAuthorization")),
        (collected(&running, &client, "1-x", body), (400, "InvalidLogType")),
        (collected(&running, &client, "A", "[{"), (400, "InvalidDataFormat")),
        (collected(&running, &client, "A", r#"[{"tenant":1}]"#), (400, "InvalidDataFormat")),
    ] {
        let (status, body) = status_and_json(request.send().await.unwrap()).await;
        assert_eq!((status, body["Error"].as_str().unwrap()), expected);
    }
}

#[tokio::test]
async fn the_data_collector_may_be_gone() {
    let options = AzureOptions { data_collector: DataCollector::Gone, ..AzureOptions::default() };
    let (running, client, _) = start(options).await;
    let answer = collected(&running, &client, "A", "[]").send().await.unwrap();
    assert_eq!(answer.status(), 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_shows_what_was_not_swallowed() {
    const QUESTION: &str = "['Auth0Logs_CL'] | extend Hour = bin(todatetime(column_ifexists('event_date', '')), 1h) \
        | where Hour >= datetime(2026-11-20T10:00:00Z) and Hour < datetime(2026-11-20T12:00:00Z) \
        | summarize Seen = count() by Hour";
    let faults = Faults::each([Fault::Swallow], 0.5);
    let (running, client, token) = start(AzureOptions { faults, ..AzureOptions::default() }).await;
    let wished = wish("https://api.loganalytics.io/.default");
    let (_, reading) = ask(&running, &client, &wished).await;
    let reading = reading["access_token"].as_str().unwrap();
    let question = async |workspace: &str, token: &str, query: &str| {
        let url = format!("{}/v1/workspaces/{workspace}/query", running.base_url);
        let asked = client.post(url).bearer_auth(token).body(json!({ "query": query }).to_string());
        status_and_json(asked.send().await.unwrap()).await
    };
    let workspace = AzureOptions::default().workspace_id;
    let (status, body) = question(&workspace, reading, QUESTION).await;
    assert_eq!(
        (status, &body["error"]["innererror"]["innererror"]["code"]),
        (400, &json!("SEM0100"))
    );

    let records: Vec<Value> = (0..100)
        .map(|number| json!({"log_id": number.to_string(), "date": "2026-11-20T10:30:00.000Z"}))
        .collect();
    let sent =
        upload(&running, &client, &token, "Custom-Auth0Logs_CL").body(json!(records).to_string());
    assert_eq!(sent.send().await.unwrap().status(), 204);
    let kept = running.account().tables["Auth0Logs_CL"].records;
    assert_eq!(running.account().faults[&Fault::Swallow], 100 - kept);
    assert!((1..100).contains(&kept), "{kept}");
    let (status, body) = question(&workspace, reading, QUESTION).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["tables"][0]["rows"], json!([["2026-11-20T10:00:00Z", kept, "Auth0Logs_CL"]]));

    for (workspace, token, query, status, code) in [
        ("another", reading, QUESTION, 403, "InsufficientAccessError"),
        (workspace.as_str(), token.as_str(), QUESTION, 401, "AuthenticationFailed"),
        (workspace.as_str(), reading, "Auth0Logs_CL | count", 400, "BadArgumentError"),
    ] {
        let (found, body) = question(workspace, token, query).await;
        assert_eq!((found, &body["error"]["code"]), (status, &json!(code)), "{body}");
    }
}
