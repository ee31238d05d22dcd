//! Measures the simulators: how long an Auth0 tenant's history takes to make, how many events a second one client reads
//! of it by checkpoint over TLS, and how many Azure takes by its Logs Ingestion API, also over TLS. Client and servers
//! share the process, so the CPU time is that of all.
//! `cargo run --release -p simulator --example throughput -- 100000`
//! Deliberately absent: a comparison with anything.

#![expect(clippy::print_stdout, reason = "a program whose purpose is to print")]

use std::sync::Arc;
use std::time::Instant;

use model::SystemClock;
use reqwest::{Certificate, Client};
use serde_json::Value;
use simulator::{Auth0, Auth0Options, AzureOptions, Keep, Listen, Running, auth0, azure};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Largest body of an upload.
const UPLOAD_BYTES_MAX: usize = 900_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    let events = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let begin = Instant::now();
    let listen = Listen { tls: true, ..Listen::default() };
    let options = Auth0Options {
        listen,
        events: Some(events),
        event_bytes: Some(1_200),
        ..Auth0Options::default()
    };
    let tenant = auth0(options, Arc::new(SystemClock)).await?;
    let account = tenant.account();
    println!(
        "made: {} events of {} bytes on average in {:?}",
        account.events,
        account.event_bytes / account.events.max(1),
        begin.elapsed()
    );
    read(&tenant).await?;
    upload(&tenant).await?;
    tenant.shutdown().await;
    Ok(())
}

/// Reads everything, page by page.
async fn read(tenant: &Running<Auth0>) -> Outcome<()> {
    let client = trusting(tenant.certificate_pem.as_deref())?;
    let wish = "grant_type=client_credentials&client_id=simulated-client&\
                client_secret=simulated-secret&audience=https://acme.eu.auth0.com/api/v2/";
    let token = token(&client, &format!("{}/oauth/token", tenant.base_url), wish).await?;
    let (begin, mut pages) = (Instant::now(), 0);
    let mut url = format!("{}/api/v2/logs?from=0&take=100", tenant.base_url);
    loop {
        let response = client.get(&url).bearer_auth(&token).send().await?;
        let link = response.headers().get("link").and_then(|it| it.to_str().ok());
        url = link.and_then(|it| it.get(1..it.find('>')?)).unwrap_or_default().to_owned();
        if response.bytes().await?.len() <= "[]".len() {
            break;
        }
        pages += 1;
    }
    report("read", pages, tenant.account().served.events, begin);
    Ok(())
}

/// Uploads everything, in bodies as large as is allowed.
async fn upload(tenant: &Running<Auth0>) -> Outcome<()> {
    let listen = Listen { tls: true, ..Listen::default() };
    let options = AzureOptions { listen, keep: Keep::Counts, ..AzureOptions::default() };
    let (id, rule) = (options.tenant_id.clone(), options.rule_id.clone());
    let wish = format!(
        "grant_type=client_credentials&client_id={}&client_secret=simulated-secret&\
         scope=https://monitor.azure.com/.default",
        options.client_id
    );
    let cloud = azure(options, Arc::new(SystemClock)).await?;
    let client = trusting(cloud.certificate_pem.as_deref())?;
    let token =
        token(&client, &format!("{}/{id}/oauth2/v2.0/token", cloud.base_url), &wish).await?;
    let mut bodies = vec![String::from("[")];
    for event in tenant.events() {
        let event = std::str::from_utf8(&event)?;
        if bodies.last().is_some_and(|body| body.len() + event.len() > UPLOAD_BYTES_MAX) {
            bodies.push(String::from("["));
        }
        if let Some(body) = bodies.last_mut() {
            body.push_str(if body.len() > 1 { "," } else { "" });
            body.push_str(event);
        }
    }
    let url = format!("{}/dataCollectionRules/{rule}/streams/Custom-Auth0_CL", cloud.base_url);
    let (begin, calls) = (Instant::now(), bodies.len());
    for mut body in bodies {
        body.push(']');
        client.post(&url).bearer_auth(&token).body(body).send().await?.error_for_status()?;
    }
    let distinct = cloud.account().tables.values().map(|table| table.distinct).sum();
    report("uploaded", calls, distinct, begin);
    cloud.shutdown().await;
    Ok(())
}

fn report(what: &str, requests: usize, events: u64, begin: Instant) {
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{what}: {events} events by {requests} requests in {seconds:.3} s, {:.0} events a second",
        events as f64 / seconds
    );
}

fn trusting(authority_pem: Option<&str>) -> Outcome<Client> {
    let authority = Certificate::from_pem(authority_pem.unwrap_or_default().as_bytes())?;
    Ok(Client::builder().no_proxy().tls_certs_only([authority]).build()?)
}

async fn token(client: &Client, url: &str, wish: &str) -> Outcome<String> {
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(wish.to_owned()).send().await?.bytes().await?;
    let answer: Value = serde_json::from_slice(&answer)?;
    Ok(answer["access_token"].as_str().unwrap_or_default().to_owned())
}
