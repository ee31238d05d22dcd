//! Measures the simulated Auth0 tenant: how long history takes to make, and how many events a second one client reads
//! by checkpoint over TLS. Client and server share the process, so the CPU time is that of both.
//! `cargo run --release -p simulator --example throughput -- 100000`
//! Deliberately absent: a comparison with anything.

#![expect(clippy::print_stdout, reason = "a program whose purpose is to print")]

use std::sync::Arc;
use std::time::Instant;

use model::SystemClock;
use simulator::{Auth0Options, Listen, auth0};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let events = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let begin = Instant::now();
    let listen = Listen { tls: true, ..Listen::default() };
    let options = Auth0Options {
        listen,
        events: Some(events),
        event_bytes: Some(1_200),
        ..Auth0Options::default()
    };
    let running = auth0(options, Arc::new(SystemClock)).await?;
    let account = running.account();
    println!(
        "history: {} events of {} bytes on average in {:?}",
        account.events,
        account.event_bytes / account.events.max(1),
        begin.elapsed()
    );
    let pem = running.certificate_pem.clone().unwrap_or_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([reqwest::Certificate::from_pem(pem.as_bytes())?])
        .build()?;
    let wish = "grant_type=client_credentials&client_id=simulated-client&\
                client_secret=simulated-secret&audience=https://acme.eu.auth0.com/api/v2/";
    let answer = client
        .post(format!("{}/oauth/token", running.base_url))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(wish)
        .send()
        .await?
        .bytes()
        .await?;
    let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    let token = answer["access_token"].as_str().unwrap_or_default().to_owned();
    let (begin, mut bytes, mut pages) = (Instant::now(), 0, 0);
    let mut url = format!("{}/api/v2/logs?from=0&take=100", running.base_url);
    loop {
        let response = client.get(&url).bearer_auth(&token).send().await?;
        let link = response.headers().get("link").and_then(|it| it.to_str().ok());
        url = link.and_then(|it| it.get(1..it.find('>')?)).unwrap_or_default().to_owned();
        let body = response.bytes().await?;
        if body.len() <= 2 {
            break;
        }
        bytes += body.len();
        pages += 1;
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "served: {pages} pages, {bytes} bytes in {seconds:.3} s: {:.0} events a second",
        running.account().served.events as f64 / seconds
    );
    running.shutdown().await;
    Ok(())
}
