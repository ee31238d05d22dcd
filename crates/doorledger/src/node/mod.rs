//! A node at work: store, collectors, receivers, shippers and the HTTP server, started in the order in which they need
//! each other and stopped in the opposite one: first nothing more is taken, then everything taken is finished.
//! Deliberately absent: what each part does, and which sources and destinations there are (`roster`).

mod configure;
mod damage;
mod external;
mod folder;
mod outgoing;
mod store;

pub(crate) use configure::{Written, configure, folder_of, outline};
pub(crate) use damage::{Damage, read_journal};
pub(crate) use folder::{ask_folder, explain_folder, statement_of_folder};
pub(crate) use outgoing::{FirstPage, client, first_page, tokens};
pub(crate) use store::{OpenError, Store, lake_failure, lake_options, lock, place};

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use api::{Api, ApiOptions, ApiTokens, Intake, Limits, Listener, ReceiverTable, Tls, TlsConfig};
use journal::Journal;
use model::{Clock, Person, QueryEngine, QueryLimits, Secret};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::damage::Refusing;
use crate::accounts::Desk as Accounts;
use crate::alarms::Watch;
use crate::backfills::Backfills;
use crate::config::{Config, Settings};
use crate::exit::{Exit, Failure};
use crate::ledger::{Desk, Ledger, Statements};
use crate::operations::Operations;
use crate::parts::Parts;
use crate::read_back::ReadBacks;
use crate::replay::Replay;
use crate::replays::Replays;
use crate::report::Report;
use crate::roster::{self, Mode, Roster, Snapshot, Supervisor, Tools};
use crate::twins::ProviderTwins;

/// A started node.
pub(crate) struct Node {
    core: Core,
    api: Arc<Api>,
    listener: Listener,
    address: SocketAddr,
    replays: Replays,
    desk: roster::Desk,
    /// The administrator whom this start made, with the password.
    first: Option<(Person, Secret)>,
    watching: JoinHandle<()>,
}

/// An open data folder, its roster, and what runs it.
struct Core {
    settings: Settings,
    store: Store,
    parts: Parts,
    roster: Arc<Roster>,
    supervisor: Arc<Supervisor>,
    receivers: ReceiverTable,
    backfills: Arc<Backfills>,
    twins: ProviderTwins,
    stop: CancellationToken,
}

impl Core {
    /// Opens the folder; its roster is empty. `work` says what is to be done with the roster if the folder is sound.
    async fn open(
        settings: Settings,
        written: (crate::domains::Domains, ProviderTwins),
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
        work: Mode,
    ) -> Result<Self, OpenError> {
        let (domains, twins) = written;
        let store = match work {
            Mode::Prepare => Store::open(&settings, domains, twins.clone()).await?,
            _ => Store::open_or_read_only(&settings, domains, twins.clone()).await?,
        };
        let parts = Parts::of(&store, &settings, clock).map_err(OpenError::Other)?;
        let roster = Arc::new(Roster::default());
        let receivers = ReceiverTable::default();
        let mode = match store.damage.first() {
            Some(damage) => Mode::ReadOnly(damage.what.clone()),
            None => work,
        };
        let supervisor = Supervisor::new(parts.clone(), receivers.clone(), mode, stop.clone());
        let backfills = Backfills::new(parts.collector(), roster.clone(), stop.clone());
        Ok(Self {
            settings,
            store,
            parts,
            roster,
            supervisor: Arc::new(supervisor),
            receivers,
            backfills: Arc::new(backfills),
            twins,
            stop,
        })
    }

    /// Why nothing may be written, if that is so.
    fn read_only(&self) -> Option<String> {
        self.store.damage.first().map(|damage| damage.what.clone())
    }

    /// Begins with what the configuration file names and what `registry` holds.
    async fn begin(
        &self,
        registry: Accounts,
        replays: Replays,
        file: Snapshot,
    ) -> Result<roster::Desk> {
        let tools = Tools {
            registry,
            roster: self.roster.clone(),
            supervisor: self.supervisor.clone(),
            backfills: self.backfills.clone(),
            replays,
            twins: self.twins.clone(),
            data: self.settings.data.clone(),
            read_only: self.read_only(),
        };
        roster::Desk::open(tools, file).await
    }

    /// Everything behind the API.
    fn api(
        &self,
        engine: Arc<query::Engine>,
        replays: &Replays,
        (accounts, desk): (Accounts, &roster::Desk),
        metrics: Option<metrics_exporter_prometheus::PrometheusHandle>,
    ) -> Result<Arc<Api>> {
        let (settings, parts) = (&self.settings, &self.parts);
        let intake = intake(&parts.journal, self.read_only().as_deref());
        let journal_bytes_max = settings.journal_bytes_max;
        let operations = Operations::new(
            parts.journal.clone(),
            self.backfills.clone(),
            self.roster.clone(),
            parts.clock.clone(),
        );
        let tokens = ApiTokens::from_hashes(settings.tokens.iter().map(String::as_str));
        Ok(Arc::new(Api::new(ApiOptions {
            receivers: self.receivers.clone(),
            intake: intake.clone(),
            engine: engine.clone(),
            catalog: engine,
            status: Arc::new(Report::new(
                self.roster.clone(),
                &self.store,
                parts,
                journal_bytes_max,
            )),
            dead_letters: Arc::new(Replay::new(self.supervisor.clone(), &settings.data)),
            operations: Arc::new(operations.read_only(self.read_only(), intake)),
            ledger: Arc::new(statements(&self.store, settings.node.clone(), parts.clock.clone())),
            replays: Arc::new(replays.clone()),
            applications: Arc::new(desk.clone()),
            accounts: Arc::new(accounts.clone()),
            saved: Arc::new(accounts),
            metrics,
            tokens: tokens.context("read tokens")?,
            hosts: settings.hosts.clone(),
            public_url: settings.public_url.clone(),
            query_limits: QueryLimits::default(),
            limits: Limits::default(),
            clock: parts.clock.clone(),
        })))
    }

    /// Who watches over the collecting.
    fn watch(&self, engine: Arc<dyn QueryEngine>) -> Watch {
        Watch {
            roster: self.roster.clone(),
            journal: self.parts.journal.clone(),
            engine,
            read_backs: ReadBacks::new(self.roster.clone(), &self.parts),
            board: self.parts.board.clone(),
            clock: self.parts.clock.clone(),
        }
    }
}

impl Node {
    /// Opens the store and starts every part but the HTTP server, whose socket is bound. `stop` stops it all.
    pub(crate) async fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Result<Self> {
        let metrics = install_metrics();
        let listener = listen(&config.settings).await?;
        let address = listener.socket.local_addr().context("read the listener's address")?;
        let written = (config.domains, ProviderTwins::of(&config.sources));
        let core = Core::open(config.settings, written, clock.clone(), stop.clone(), Mode::Work)
            .await
            .map_err(OpenError::into_error)?;
        let engine = core.store.engine(&core.settings, clock.clone())?;
        let data = core.settings.data.clone();
        let replays = Replays::new(engine.clone(), core.supervisor.clone(), &data, stop.clone());
        let (accounts, first) = Accounts::open(&data, clock).await;
        let file = Snapshot::of(config.sources, config.destinations);
        let desk = core.begin(accounts.clone(), replays.clone(), file).await?;
        let api = core.api(engine.clone(), &replays, (accounts, &desk), metrics)?;
        let watching = tokio::spawn(core.watch(engine).run(stop));
        Ok(Self { core, api, listener, address, replays, desk, first, watching })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The administrator whom this start made because there was nobody, with the password; told once.
    pub(crate) fn first_administrator(&mut self) -> Option<(Person, Secret)> {
        self.first.take()
    }

    /// Serves until stopped; then finishes what was taken, saves, and returns.
    pub(crate) async fn run(self) -> Result<()> {
        let core = self.core;
        let served = api::serve(vec![self.listener], self.api, core.stop.clone()).await;
        core.stop.cancel();
        self.desk.finish().await;
        core.supervisor.finish_polls().await;
        self.watching.await.context("wait for the alarms")?;
        core.backfills.finish().await;
        self.replays.finish().await;
        core.supervisor.finish_shippers().await;
        core.store.close().await?;
        served.context("serve")
    }
}

/// Opens what a backfill without a server needs.
pub(crate) async fn start_backfills(
    config: Config,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> Result<(Store, Arc<Backfills>), OpenError> {
    let (core, _) = prepared(config, clock, stop).await?;
    Ok((core.store, core.backfills))
}

/// Opens what a replay without a server needs.
pub(crate) async fn start_replays(
    config: Config,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> Result<(Store, Replays), OpenError> {
    let (core, replays) = prepared(config, clock, stop).await?;
    Ok((core.store, replays))
}

/// An open folder of which nothing runs by itself. Its destinations are registered: what is read now is to be shipped when
/// the server runs again.
async fn prepared(
    config: Config,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> Result<(Core, Replays), OpenError> {
    let written = (config.domains, ProviderTwins::of(&config.sources));
    let registry = Accounts::of(&config.settings.data, clock.clone());
    let opened = Core::open(config.settings, written, clock.clone(), stop.clone(), Mode::Prepare);
    let core = opened.await?;
    let engine = core.store.engine(&core.settings, clock).map_err(OpenError::Other)?;
    let replays = Replays::new(engine, core.supervisor.clone(), &core.settings.data, stop);
    let file = Snapshot::of(config.sources, config.destinations);
    core.begin(registry, replays.clone(), file).await.map_err(OpenError::Other)?;
    Ok((core, replays))
}

/// Who takes events.
fn intake(journal: &Journal, read_only: Option<&str>) -> Arc<dyn Intake> {
    match read_only {
        Some(reason) => Arc::new(Refusing(reason.to_owned())),
        None => Arc::new(journal.clone()),
    }
}

/// Who writes and signs completeness statements.
fn statements(store: &Store, node: String, clock: Arc<dyn Clock>) -> Statements {
    let ledger = Ledger::new(store.journal.clone(), clock.clone());
    Statements::new(Desk { ledger, identity: store.identity.clone(), node }, clock)
}

async fn listen(settings: &Settings) -> Result<Listener> {
    let socket = TcpListener::bind(settings.listen).await.map_err(|error| {
        let hint = "another process may use the port; choose one with --listen";
        Failure::error(
            Exit::Unavailable,
            format!("listen on {}: {error}\n  hint: {hint}", settings.listen),
        )
    })?;
    let tls = match &settings.tls {
        None => None,
        Some(files) => {
            let config = TlsConfig {
                certificate_pem: files.certificate.clone(),
                key_pem: files.key.clone(),
            };
            Some(
                Tls::read(&config)
                    .map_err(|error| Failure::error(Exit::Config, format!("tls: {error}")))?,
            )
        }
    };
    Ok(Listener { socket, tls, behind_proxy: settings.behind_proxy })
}

/// Counts go to one recorder of the process. A second node in one process (tests) shares the first one's.
fn install_metrics() -> Option<metrics_exporter_prometheus::PrometheusHandle> {
    let recorder = api::recorder().ok()?;
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).is_ok().then_some(handle)
}
