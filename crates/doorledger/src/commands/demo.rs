//! `doorledger demo`: everything at work on simulated tenants, in one process, on loopback: thirty days of history with
//! attacks in it, live traffic by poll, log stream and webhook, and a simulated Azure that is shipped to.
//! Deliberately absent: anything real; and the simulation itself (`simulator`).

mod gap;
mod hours;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use model::{Clock, SignedDuration, SystemClock};
use serde_json::{Value, json};
use simulator::{
    Attack, Auth0, Auth0Options, Azure, AzureOptions, OneLogin, OneLoginOptions, Plan, PushTarget,
    Running, StreamOptions, WebhookOptions,
};
use tokio_util::sync::CancellationToken;

use super::serve::stop_on_signal;
use super::server::Server;
use super::simulate::faults;
use super::{print, refused, say};
use crate::cli::{self, Demo};
use crate::collect::sleep;
use crate::exit::{Exit, Failure};
use crate::node::{self, Node, Written};

/// The token of both simulated push channels; it protects nothing.
const PUSH_TOKEN: &str = "Bearer demo-push-token";
/// How much busier a tenant is while the demo runs than on the average of its history, unless told otherwise: enough for
/// something to happen every few seconds, not so much that the last bar of a chart makes the history vanish.
const LIVE_TO_HISTORY: f64 = 6.0;
/// How long `--once` waits for the counts to agree.
const AGREEMENT_TIME_MAX: Duration = Duration::from_secs(600);
/// What the simulated tenants keep.
const HISTORY_DAYS: i64 = 30;
/// Between two looks at the counts.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Shows everything until stopped, or once.
pub(super) async fn run(options: Demo) -> Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let temporary = if options.data.is_none() {
        Some(tempfile::tempdir().context("make a data folder")?)
    } else {
        None
    };
    let data =
        options.data.clone().or_else(|| temporary.as_ref().map(|folder| folder.path().to_owned()));
    let data = data.context("a data folder")?;
    let stage = Stage::set(&options, clock.clone()).await?;
    let written =
        Written { document: stage.configuration(&options, &data), folder: PathBuf::from(".") };
    gap::plant(&data, clock.clone()).await?;
    let config = node::configure(&written, true).await.map_err(|problems| refused(&problems))?;
    let stop = CancellationToken::new();
    let mut node = Node::start(config, clock, stop.clone()).await?;
    stop_on_signal(stop.clone())?;
    let url = format!("http://{}", node.address());
    welcome(&url)?;
    if let Some((person, password)) = node.first_administrator() {
        // Simulated tenants alone: nothing is lost if it lands in a log.
        print(&format!(
            "to sign in at {url}: name {}, password {}\n",
            person.name,
            password.expose()
        ))?;
    }
    let serving = tokio::spawn(node.run());
    let outcome = if options.once {
        let outcome = stage.agree(&url, &stop).await;
        stop.cancel();
        outcome
    } else {
        Ok(())
    };
    serving.await.context("wait for the server")??;
    outcome
}

fn welcome(url: &str) -> Result<()> {
    say(&format!(
        "doorledger demo: listening on {url}; simulated tenants acme (Auth0), globex and initech (OneLogin)"
    ));
    print(
        "try, in another terminal:\n\
         \x20 doorledger query 'Auth0AM_CL | sort by TimeGenerated desc | take 10'\n\
         \x20 doorledger query 'union Auth0Logs_CL, OneLoginEventsV2_CL | summarize count() by Type, bin(TimeGenerated, 1h)'\n\
         \x20 doorledger query 'Ledger | summarize Stored = sum(Stored), Both = sum(Both) by Tenant, State, GapCause'\n\
         \x20 doorledger completeness acme --month $(date -u +%Y-%m)\n\
         \x20 doorledger status\n\
         \x20 doorledger tail\n",
    )
}

/// How many events happen each second at a tenant with so many events of history.
#[expect(clippy::cast_precision_loss, reason = "a rate needs no exact count")]
fn live_events_per_second(options: &Demo, history_events: usize) -> f64 {
    match options.rate {
        _ if options.once => 0.0,
        Some(rate) => rate,
        None => history_events as f64 * LIVE_TO_HISTORY / (HISTORY_DAYS * 24 * 60 * 60) as f64,
    }
}

/// The simulated services.
struct Stage {
    acme: Running<Auth0>,
    globex: Running<OneLogin>,
    initech: Running<OneLogin>,
    azure: Running<Azure>,
    azure_options: AzureOptions,
}

impl Stage {
    async fn set(options: &Demo, clock: Arc<dyn Clock>) -> Result<Self> {
        let faults = faults(&options.faults)?;
        let live = |events: usize| live_events_per_second(options, events);
        let push =
            |path: &str| PushTarget::new(format!("http://{}{path}", options.listen), PUSH_TOKEN);
        let days_ago = |days: i64| SignedDuration::from_hours(24 * days);
        let acme = Auth0Options {
            seed: options.seed,
            plan: if options.once { Plan::Unlimited } else { Plan::Enterprise },
            events: Some(options.events),
            attacks: vec![
                (Attack::PasswordSpray, days_ago(9)),
                (Attack::ImpossibleTravel, days_ago(5)),
                (Attack::AdminTakeover, days_ago(2)),
                // Within the day that a search looks at unless told otherwise.
                (Attack::PasswordSpray, SignedDuration::from_hours(5)),
            ],
            live_events_per_second: live(options.events),
            faults: faults.clone(),
            stream: Some(StreamOptions {
                from_the_start: options.once,
                ..StreamOptions::new(push("/ingest/auth0/acme/stream"))
            }),
            ..Auth0Options::default()
        };
        let globex = OneLoginOptions {
            seed: options.seed + 1,
            subdomain: "globex".to_owned(),
            events: options.events / 2,
            attacks: vec![(Attack::MfaFatigue, days_ago(3))],
            live_events_per_second: live(options.events / 2),
            faults: faults.clone(),
            ..OneLoginOptions::default()
        };
        let initech = OneLoginOptions {
            seed: options.seed + 2,
            subdomain: "initech".to_owned(),
            account_id: 71_003,
            events: options.events / 4,
            attacks: vec![(Attack::CredentialStuffing, days_ago(7))],
            live_events_per_second: live(options.events / 4),
            faults: faults.clone(),
            webhook: Some(WebhookOptions {
                batch_events_max: 100,
                from_the_start: true,
                ..WebhookOptions::new(push("/ingest/onelogin/initech/webhook"))
            }),
            ..OneLoginOptions::default()
        };
        let azure_options = AzureOptions { faults, ..AzureOptions::default() };
        Ok(Self {
            acme: simulator::auth0(acme, clock.clone()).await?,
            globex: simulator::onelogin(globex, clock.clone()).await?,
            initech: simulator::onelogin(initech, clock.clone()).await?,
            azure: simulator::azure(azure_options.clone(), clock).await?,
            azure_options,
        })
    }

    /// The configuration that a user of these tenants would write.
    fn configuration(&self, options: &Demo, data: &std::path::Path) -> Value {
        let (acme, globex) = (Auth0Options::default(), OneLoginOptions::default());
        json!({
            "data": data.display().to_string(),
            "listen": options.listen.to_string(),
            "tenants": [
                {"name": "acme", "provider": "auth0", "sources": {
                    "poll": {
                        "domain": acme.domain, "base_url": self.acme.base_url, "start": "retention", "interval": 2,
                        "retention_days": HISTORY_DAYS,
                        "client_id": acme.client_id, "client_secret": acme.client_secret.expose(),
                    },
                    "stream": {"tokens": [PUSH_TOKEN]},
                }},
                {"name": "globex", "provider": "onelogin", "sources": {"poll": {
                    "base_url": self.globex.base_url, "start": "retention", "interval": 5,
                    "client_id": globex.client_id, "client_secret": globex.client_secret.expose(),
                }}},
                {"name": "initech", "provider": "onelogin", "sources": {
                    "webhook": {"tokens": [PUSH_TOKEN]},
                    "poll": {
                        "base_url": self.initech.base_url, "start": "retention", "interval": 5,
                        "client_id": globex.client_id, "client_secret": globex.client_secret.expose(),
                    },
                }},
            ],
            "destinations": [{
                "name": "sentinel", "kind": "azure_logs_ingestion", "endpoint": self.azure.base_url,
                "dcr_immutable_id": self.azure_options.rule_id,
                "identity": {
                    "kind": "client_secret", "tenant_id": self.azure_options.tenant_id,
                    "client_id": self.azure_options.client_id,
                    "client_secret": self.azure_options.client_secret.expose(),
                },
                "authority": self.azure.base_url,
                // Whole events, so that Azure's account can tell every one of them by its id.
                "raw_event": true,
            }],
        })
    }

    /// Waits until lake, tenants and Azure have the same counts, and prints them.
    async fn agree(&self, url: &str, stop: &CancellationToken) -> Result<()> {
        let server = Server::of(&cli::Server { url: url.to_owned(), token_file: None })?;
        let started = tokio::time::Instant::now();
        let (mut counts, mut agreed) = (self.counts(&server).await?, false);
        let mut hours = hours::look(self, &server).await?;
        while !agreed && !stop.is_cancelled() && started.elapsed() < AGREEMENT_TIME_MAX {
            if sleep(LOOK_INTERVAL, stop).await.is_ok() {
                counts = self.counts(&server).await?;
            }
            agreed = counts
                .iter()
                .all(|count| count.exist == count.stored && count.exist == count.shipped);
            if agreed {
                hours = hours::look(self, &server).await?;
                agreed = hours.iter().all(|tenant| tenant.differing.is_none());
            }
        }
        for Count { table, exist, stored, shipped } in &counts {
            print(&format!(
                "{table}: {exist} at the tenants, {stored} in the lake, {shipped} at Azure\n"
            ))?;
        }
        for tenant in &hours {
            print(&tenant.told())?;
        }
        if agreed { Ok(()) } else { Err(Failure::error(Exit::Findings, "the counts do not agree")) }
    }

    async fn counts(&self, server: &Server) -> Result<[Count; 2]> {
        let azure = self.azure.account();
        let shipped = |table: &str| {
            let received = azure.tables.iter().find(|(name, _)| name.contains(table));
            received.map_or(0, |(_, account)| account.distinct)
        };
        let auth0 = self.acme.account().events;
        let onelogin = self.globex.account().events + self.initech.account().events;
        Ok([
            Count {
                table: "Auth0Logs_CL",
                exist: auth0,
                stored: stored(server, "Auth0Logs_CL").await?,
                shipped: shipped("Auth0Logs_CL"),
            },
            Count {
                table: "OneLoginEventsV2_CL",
                exist: onelogin,
                stored: stored(server, "OneLoginEventsV2_CL").await?,
                shipped: shipped("OneLoginEventsV2_CL"),
            },
        ])
    }
}

/// How many events of a table there are, in three places.
struct Count {
    table: &'static str,
    exist: u64,
    stored: u64,
    shipped: u64,
}

async fn stored(server: &Server, table: &str) -> Result<u64> {
    let answer =
        server.post("/api/v1/query", &json!({ "query": format!("{table} | count") })).await?;
    answer["tables"][0]["rows"][0][0].as_u64().context("the count is not a number")
}
