//! The stand-ins, what they are told to do wrong, the traffic, and the configuration of the program between them: an Auth0
//! tenant that is polled and sends a log stream, a OneLogin account that is polled and sends a webhook, and an Azure with
//! both ways in.
//! Deliberately absent: what is done to the program.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use model::{Clock, SystemClock};
use serde_json::{Value, json};
use simulator::{
    Auth0, Auth0Options, Azure, AzureOptions, Fault, Faults, OneLogin, OneLoginOptions, PushTarget,
    Running, StreamOptions, WebhookOptions,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::clock::Clock as WallClock;
use super::dice::Dice;
use super::{Options, Trial};
use crate::process::{Program, free_port};

/// The token of both push channels; it protects nothing.
const PUSH_TOKEN: &str = "Bearer soak-push-token";
/// How far the history of both tenants goes back.
const HISTORY_DAYS: u32 = 4;
/// How long the lake keeps Auth0's events, so that a part of history is dropped; OneLogin's are kept.
pub(super) const RETENTION_DAYS: u32 = 2;
/// How likely a trouble is that comes alone, and each of them when all come together.
const ALONE: f64 = 0.1;
const TOGETHER: f64 = 0.02;
/// How long an answer takes that is slow: longer than most lives, shorter than the patience of anybody.
const SLOW_MILLISECONDS: u64 = 1_500;
/// Between two portions of the traffic.
const PORTION: Duration = Duration::from_millis(100);
/// A pusher's pauses: after a try, and after three of them. Much shorter than real ones, so that backlogs are short.
const PUSH_PAUSE: Duration = Duration::from_millis(100);
const PUSH_HOLD: Duration = Duration::from_millis(300);
/// OneLogin events happen so many times less often.
const ONELOGIN_SHARE: u32 = 4;

/// Everything around the program.
pub(super) struct Stage {
    /// The Auth0 tenant.
    pub(super) acme: Arc<Running<Auth0>>,
    /// The OneLogin account.
    pub(super) globex: Arc<Running<OneLogin>>,
    /// Where all is shipped to, twice.
    pub(super) azure: Running<Azure>,
    /// Where everything of the program lies.
    pub(super) folder: PathBuf,
    /// The program's binary.
    pub(super) program: PathBuf,
    /// The program's clock, if it can be set wrong on this machine.
    pub(super) clock: Option<WallClock>,
    /// Whether lives are long enough for everything.
    pub(super) long: bool,
    trial: Trial,
    port: u16,
    kills: AtomicU32,
}

impl Stage {
    /// Starts the stand-ins and writes the configuration.
    pub(super) async fn set(options: &Options, folder: &Path) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let port = free_port()?;
        let push = |path: &str| PushTarget {
            pause: PUSH_PAUSE,
            hold: Some(PUSH_HOLD),
            ..PushTarget::new(format!("http://127.0.0.1:{port}{path}"), PUSH_TOKEN)
        };
        let acme = Auth0Options {
            seed: options.seed,
            events: Some(options.history),
            history_days: HISTORY_DAYS,
            stream: Some(StreamOptions {
                from_the_start: true,
                ..StreamOptions::new(push("/ingest/auth0/acme/stream"))
            }),
            ..Auth0Options::default()
        };
        let globex = OneLoginOptions {
            seed: options.seed.wrapping_add(1),
            subdomain: "globex".to_owned(),
            events: options.history / ONELOGIN_SHARE as usize,
            history_days: HISTORY_DAYS,
            // The API shows events that are later than the poll's overlap to nobody who polls: that is documented, and is
            // not what is tried here.
            late_share: 0.0,
            webhook: Some(WebhookOptions {
                batch_events_max: 100,
                gather: Duration::from_millis(200),
                from_the_start: true,
                keeps_delivered: true,
                ..WebhookOptions::new(push("/ingest/onelogin/globex/webhook"))
            }),
            ..OneLoginOptions::default()
        };
        let azure = AzureOptions { seed: options.seed.wrapping_add(2), ..AzureOptions::default() };
        let stage = Self {
            acme: Arc::new(simulator::auth0(acme.clone(), clock.clone()).await?),
            globex: Arc::new(simulator::onelogin(globex.clone(), clock.clone()).await?),
            azure: simulator::azure(azure.clone(), clock).await?,
            folder: folder.to_owned(),
            program: options.program.clone(),
            clock: WallClock::make(folder, options.clock_off).await?,
            long: matches!(options.trial, Trial::Kills { long_lives: true, .. }),
            trial: options.trial,
            port,
            kills: AtomicU32::new(0),
        };
        let written = stage.configuration(&acme, &globex, &azure);
        std::fs::write(stage.configured(), format!("{written:#}"))
            .context("write the configuration")?;
        Ok(stage)
    }

    /// Starts the program.
    pub(super) fn serve(&self) -> Result<Program> {
        let variables = self.clock.as_ref().map(WallClock::variables);
        let log = self.folder.join("log");
        let variables = variables.as_ref().map_or(&[][..], |it| &it[..]);
        Program::serve_of(&self.program, &self.configured(), self.port, &log, variables)
    }

    /// Sets the program's clock as the dice say.
    pub(super) fn throw_clock(&self, dice: &mut Dice) -> Result<()> {
        self.clock.as_ref().map_or(Ok(()), |clock| clock.throw(dice))
    }

    /// Sets the program's clock right.
    pub(super) fn right_clock(&self) -> Result<()> {
        self.clock.as_ref().map_or(Ok(()), |clock| clock.set(0))
    }

    /// Sets the program's clock back.
    pub(super) fn set_clock_back(&self) -> Result<()> {
        self.clock.as_ref().map_or(Ok(()), WallClock::set_back)
    }

    /// Counts a kill.
    pub(super) fn killed(&self) {
        self.kills.fetch_add(1, Ordering::Relaxed);
    }

    /// How often the program was killed.
    pub(super) fn kills(&self) -> u32 {
        self.kills.load(Ordering::Relaxed)
    }

    /// Whether the disk was full.
    pub(super) const fn is_full(&self) -> bool {
        matches!(self.trial, Trial::DiskFull { .. })
    }

    /// Whether the lake drops days: its housekeeping comes too seldom for short lives.
    pub(super) const fn expires(&self) -> bool {
        self.long || self.is_full()
    }

    /// The data folder.
    pub(super) fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    /// Chooses the troubles of the next stretch of time: none, one alone, or all together.
    pub(super) fn trouble(&self, dice: &mut Dice) {
        // What Azure acknowledges and then loses, nobody else can give back to it.
        let kinds = Fault::recoverable().count() as u64 + 2;
        let alone = usize::try_from(dice.below(kinds)).ok();
        let faults = match alone.and_then(|n| Fault::recoverable().nth(n)) {
            Some(fault) => Faults::each([fault], ALONE),
            None if dice.below(4) == 0 => Faults::default(),
            None => Faults::each(Fault::recoverable(), TOGETHER),
        };
        self.set_faults(&Faults { slow_milliseconds: SLOW_MILLISECONDS, ..faults });
    }

    /// Ends the troubles.
    pub(super) fn calm(&self) {
        self.set_faults(&Faults::default());
    }

    fn set_faults(&self, faults: &Faults) {
        self.acme.set_faults(faults.clone());
        self.globex.set_faults(faults.clone());
        self.azure.set_faults(faults.clone());
    }

    /// Lets events happen from now on, until it is told to stop.
    pub(super) fn begin_traffic(&self, rate: u32) -> Traffic {
        let (stop, mut stopped) = watch::channel(false);
        let (acme, globex) = (Arc::clone(&self.acme), Arc::clone(&self.globex));
        let share = |rate: u32, number: u64| {
            let so_far =
                |number: u64| u128::from(rate) * u128::from(number) * PORTION.as_millis() / 1_000;
            usize::try_from(so_far(number + 1) - so_far(number)).unwrap_or_default()
        };
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(PORTION);
            for number in 0.. {
                tokio::select! {
                    _ = ticks.tick() => {}
                    _ = stopped.changed() => return,
                }
                for (count, produce) in
                    [(share(rate, number), 0), (share(rate.div_ceil(ONELOGIN_SHARE), number), 1)]
                {
                    match produce {
                        _ if count == 0 => {}
                        0 => drop(acme.produce(count)),
                        _ => drop(globex.produce(count)),
                    }
                }
            }
        });
        Traffic { stop, task }
    }

    fn configured(&self) -> PathBuf {
        self.folder.join("doorledger.json")
    }

    fn configuration(
        &self,
        acme: &Auth0Options,
        globex: &OneLoginOptions,
        azure: &AzureOptions,
    ) -> Value {
        let retention =
            if self.expires() { json!({"Auth0Logs_CL": RETENTION_DAYS}) } else { json!({}) };
        json!({
            "data": self.data(),
            "listen": format!("127.0.0.1:{}", self.port),
            "lake": {"retention_days_by_table": retention},
            "tenants": [
                {"name": "acme", "provider": "auth0", "sources": {
                    "poll": {
                        "domain": acme.domain, "base_url": self.acme.base_url, "start": "retention", "interval": 1,
                        "retention_days": 30, "rate_share": 1,
                        "client_id": acme.client_id, "client_secret": acme.client_secret.expose(),
                    },
                    "stream": {"tokens": [PUSH_TOKEN]},
                }},
                {"name": "globex", "provider": "onelogin", "sources": {
                    "poll": {
                        "base_url": self.globex.base_url, "start": "retention", "interval": 1, "overlap": "30s",
                        "client_id": globex.client_id, "client_secret": globex.client_secret.expose(),
                    },
                    "webhook": {"tokens": [PUSH_TOKEN]},
                }},
            ],
            "destinations": [
                {
                    "name": "ingestion", "kind": "azure_logs_ingestion", "endpoint": self.azure.base_url,
                    "authority": self.azure.base_url, "dcr_immutable_id": azure.rule_id,
                    "identity": {
                        "kind": "client_secret", "tenant_id": azure.tenant_id, "client_id": azure.client_id,
                        "client_secret": azure.client_secret.expose(),
                    },
                    // Whole events, so that Azure can tell every one of them by its id.
                    "raw_event": true,
                },
                {
                    "name": "collector", "kind": "azure_data_collector", "log_analytics_uri": self.azure.base_url,
                    "workspace_id": azure.workspace_id, "shared_key": azure.workspace_keys[0].expose(),
                },
            ],
        })
    }
}

/// Events that happen.
pub(super) struct Traffic {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Traffic {
    /// Nothing more happens.
    pub(super) async fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        self.task.await.context("wait for the traffic's end")
    }
}
