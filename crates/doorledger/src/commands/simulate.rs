//! `doorledger simulate`: one stand-in service in the foreground, for tests, demonstrations and benchmarks. Its first line
//! on standard output is JSON: where it is, and the (meaningless) credentials that it takes.
//! Deliberately absent: the imitation itself (`simulator`).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use model::{Clock, SystemClock};
use serde_json::{Value, json};
use simulator::{Auth0Options, AzureOptions, Fault, Faults, Keep, Listen, OneLoginOptions, Plan};
use tokio_util::sync::CancellationToken;

use super::print;
use super::serve::stop_on_signal;
use crate::cli::{Service, Simulate};
use crate::exit::{Exit, Failure};

/// Probability of a fault that is named without one.
const FAULT_PROBABILITY_DEFAULT: f64 = 0.05;
/// The name that stands for every fault that loses nothing.
const ALL_FAULTS: &str = "all";

/// Runs until it is told to stop.
pub(super) async fn run(options: Simulate) -> Result<()> {
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let listen = Listen {
        port: options.port,
        tls: options.tls_ca.is_some(),
        latency: Duration::from_millis(options.latency_ms),
        ..Listen::default()
    };
    let faults = faults(&options.faults)?;
    let given = options.events_file.as_deref().map(given).transpose()?.unwrap_or_default();
    let events = if options.events_file.is_some() { 0 } else { options.events };
    match options.service {
        Service::Auth0 => {
            let service = Auth0Options {
                listen,
                seed: options.seed,
                events: Some(events),
                given,
                history_days: options.days,
                live_events_per_second: options.rate,
                event_bytes: options.event_bytes,
                plan: plan(&options.plan)?,
                faults,
                ..Auth0Options::default()
            };
            let told = json!({ "client_id": service.client_id, "client_secret": service.client_secret.expose() });
            let running = simulator::auth0(service, clock).await?;
            tell(&options, &running.base_url, running.certificate_pem.as_deref(), told)?;
            stop.cancelled().await;
            running.shutdown().await;
        }
        Service::Onelogin => {
            let service = OneLoginOptions {
                listen,
                seed: options.seed,
                events,
                given,
                history_days: options.days,
                live_events_per_second: options.rate,
                faults,
                ..OneLoginOptions::default()
            };
            let told = json!({ "client_id": service.client_id, "client_secret": service.client_secret.expose() });
            let running = simulator::onelogin(service, clock).await?;
            tell(&options, &running.base_url, running.certificate_pem.as_deref(), told)?;
            stop.cancelled().await;
            running.shutdown().await;
        }
        Service::Azure => {
            let defaults = AzureOptions::default();
            let keep = options.keep_records.map_or(defaults.keep, Keep::Records);
            let service = AzureOptions { listen, seed: options.seed, faults, keep, ..defaults };
            let told = json!({
                "tenant_id": service.tenant_id, "client_id": service.client_id,
                "client_secret": service.client_secret.expose(), "dcr_immutable_id": service.rule_id,
                "workspace_id": service.workspace_id, "shared_key": service.workspace_keys[0].expose(),
            });
            let running = simulator::azure(service, clock).await?;
            tell(&options, &running.base_url, running.certificate_pem.as_deref(), told)?;
            stop.cancelled().await;
            running.shutdown().await;
        }
    }
    Ok(())
}

fn plan(name: &str) -> Result<Plan> {
    let known = Plan::NAMES.iter().find(|(known, _)| *known == name);
    known.map(|(_, plan)| *plan).ok_or_else(|| {
        let names: Vec<&str> = Plan::NAMES.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        Failure::error(Exit::Config, format!("--plan: `{name}` is not one of {names}"))
    })
}

/// The events of a file.
fn given(path: &Path) -> Result<Vec<Bytes>> {
    let failed = |what: &dyn std::fmt::Display| {
        Failure::error(Exit::Data, format!("--events-file {}: {what}", path.display()))
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    let events = simulator::read_events(&text).map_err(|what| failed(&what))?;
    if events.is_empty() { Err(failed(&"holds no events")) } else { Ok(events) }
}

/// Tells where the service is, after the authority's certificate is in its file.
fn tell(
    options: &Simulate,
    base_url: &str,
    certificate: Option<&str>,
    mut told: Value,
) -> Result<()> {
    if let (Some(path), Some(pem)) = (&options.tls_ca, certificate) {
        std::fs::write(path, pem).with_context(|| format!("write {}", path.display()))?;
    }
    told["base_url"] = Value::from(base_url);
    print(&format!("{told}\n"))
}

/// `cut-body`, `cut-body=0.1`, `all=0.02`.
pub(super) fn faults(written: &[String]) -> Result<Faults> {
    let mut faults = Faults::default();
    for text in written {
        let (name, probability) = match text.split_once('=') {
            None => (text.as_str(), FAULT_PROBABILITY_DEFAULT),
            Some((name, number)) => {
                let probability =
                    number.parse().ok().filter(|probability| (0.0..=1.0).contains(probability));
                let refused = || {
                    Failure::error(
                        Exit::Data,
                        format!("--fault {text}: a probability is between 0 and 1"),
                    )
                };
                (name, probability.ok_or_else(refused)?)
            }
        };
        if name == ALL_FAULTS {
            faults.probability.extend(Fault::recoverable().map(|fault| (fault, probability)));
        } else {
            let fault: Fault = name
                .parse()
                .map_err(|error: String| Failure::error(Exit::Data, format!("--fault: {error}")))?;
            faults.probability.insert(fault, probability);
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named_with_or_without_probability() {
        for (written, expected) in [
            (vec![], Some(0)),
            (vec!["cut-body"], Some(1)),
            (vec!["cut-body=0.5", "all=0.1"], Some(Fault::ALL.len() - 1)),
            (vec!["cut-body=2"], None),
            (vec!["no-such-fault"], None),
        ] {
            let written: Vec<String> = written.into_iter().map(str::to_owned).collect();
            assert_eq!(
                faults(&written).ok().map(|faults| faults.probability.len()),
                expected,
                "{written:?}"
            );
        }
    }
}
