//! A node at work: store, collectors, receivers, shippers and the HTTP server, started in the order in which they need
//! each other and stopped in the opposite one: first nothing more is taken, then everything taken is finished.
//! Deliberately absent: what each part does.

mod configure;
mod damage;
mod external;
mod folder;
mod outgoing;
mod store;

pub(crate) use configure::{Written, configure, folder_of, outline};
pub(crate) use damage::{Damage, read_journal};
pub(crate) use folder::{ask_folder, explain_folder, statement_of_folder};
pub(crate) use outgoing::{client, first_page, tokens};
pub(crate) use store::{OpenError, Store, lake_failure, lake_options, lock};

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use api::{Api, ApiOptions, ApiTokens, Intake, Limits, Listener, ReceiverEntry, Tls, TlsConfig};
use journal::Journal;
use model::{Clock, Person, QueryEngine, QueryLimits, Secret, SourceId};
use net::Client;
use sources::PollSource;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::damage::Refusing;
use crate::accounts::Desk as Accounts;
use crate::alarms::{Watch, Watched};
use crate::backfills::Backfills;
use crate::collect::{Collector, Job};
use crate::config::{Config, ConfiguredDestination, ConfiguredSource, Settings, Way};
use crate::exit::{Exit, Failure};
use crate::ledger::{Desk, Ledger, Statements};
use crate::operations::Operations;
use crate::read_back::ReadBacks;
use crate::removed;
use crate::replay::Replay;
use crate::replays::Replays;
use crate::report::Report;
use crate::ship::Shipper;
use crate::status::{Board, SourceCondition};
use crate::twins::ProviderTwins;
use crate::window::Place;

/// A started node.
pub(crate) struct Node {
    store: Store,
    api: Arc<Api>,
    listener: Listener,
    address: SocketAddr,
    backfills: Arc<Backfills>,
    replays: Replays,
    /// The administrator whom this start made, with the password.
    first: Option<(Person, Secret)>,
    /// Collectors: they stop first.
    collecting: TaskTracker,
    /// Shippers: they stop with the collectors; what they have not sent waits in the journal.
    shipping: TaskTracker,
    stop: CancellationToken,
}

impl Node {
    /// Opens the store and starts every part but the HTTP server, whose socket is bound. `stop` stops it all.
    #[expect(
        clippy::too_many_lines,
        reason = "every part once, in the order in which they need each other"
    )]
    pub(crate) async fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Result<Self> {
        let metrics = install_metrics();
        let listener = listen(&config.settings).await?;
        let address = listener.socket.local_addr().context("read the listener's address")?;
        let twins = ProviderTwins::of(&config.sources);
        let store = Store::open_or_read_only(&config.settings, config.domains.clone(), twins)
            .await
            .map_err(OpenError::into_error)?;
        let read_only = store.damage.first().map(|damage| damage.what.clone());
        let intake = intake(&store.journal, read_only.as_deref());
        let client = client(&config.settings)?;
        let board = Arc::new(Board::default());
        let collector = Collector {
            client: client.clone(),
            journal: store.journal.clone(),
            clock: clock.clone(),
            board: board.clone(),
        };
        let backfills = Arc::new(Backfills::new(collector.clone(), &config.sources, stop.clone()));
        // A damaged folder is left as it is: no place of a destination moves.
        let destinations: &[ConfiguredDestination] =
            if read_only.is_some() { &[] } else { &config.destinations };
        let shippers = shippers(destinations, &store, &client, &clock, &board)?;
        let report = Report::new(&config, &store, clock.clone(), board.clone());
        let replay = Replay::new(
            store.journal.clone(),
            shippers.iter().map(|(shipper, _)| shipper.clone()),
            clock.clone(),
            &config.settings.data,
        );
        let operations = Operations::new(
            store.journal.clone(),
            backfills.clone(),
            config.destinations.iter().map(|configured| configured.plan.name.clone()).collect(),
            clock.clone(),
        )
        .read_only(read_only.clone(), intake.clone());
        let ledger = Arc::new(statements(&store, config.settings.node.clone(), clock.clone()));
        let answering = store.engine(&config.settings, clock.clone())?;
        let engine: Arc<dyn QueryEngine> = answering.clone();
        let watch = Watch {
            watched: watched(&config),
            journal: store.journal.clone(),
            engine: engine.clone(),
            read_backs: read_backs(destinations, &store, &client, &clock, &board)?,
            board: board.clone(),
            clock: clock.clone(),
        };
        let (receivers, polls) = ways(config.sources, read_only.as_deref(), &board);
        let replays = Replays::new(
            engine.clone(),
            store.journal.clone(),
            shippers.iter().map(|(shipper, _)| shipper.clone()),
            &config.settings.data,
            clock.clone(),
            stop.clone(),
        );
        let (accounts, first) = Accounts::open(&config.settings.data, clock.clone()).await;
        let tokens = ApiTokens::from_hashes(config.settings.tokens.iter().map(String::as_str))
            .context("read tokens")?;
        let api = Arc::new(Api::new(ApiOptions {
            receivers,
            intake,
            engine,
            catalog: answering,
            status: Arc::new(report),
            dead_letters: Arc::new(replay),
            operations: Arc::new(operations),
            ledger,
            replays: Arc::new(replays.clone()),
            accounts: Arc::new(accounts.clone()),
            saved: Arc::new(accounts),
            metrics,
            tokens,
            hosts: config.settings.hosts.clone(),
            query_limits: QueryLimits::default(),
            limits: Limits::default(),
            clock,
        }));
        let shipping = ship(shippers, &stop);
        let collecting = collect(&collector, polls, watch, &stop);
        Ok(Self {
            store,
            api,
            listener,
            address,
            backfills,
            replays,
            first,
            collecting,
            shipping,
            stop,
        })
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
        let served = api::serve(vec![self.listener], self.api, self.stop.clone()).await;
        self.stop.cancel();
        self.collecting.close();
        self.collecting.wait().await;
        self.backfills.finish().await;
        self.replays.finish().await;
        self.shipping.close();
        self.shipping.wait().await;
        self.store.close().await?;
        served.context("serve")
    }
}

/// Opens what a backfill without a server needs.
pub(crate) async fn start_backfills(
    config: Config,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> Result<(Store, Backfills), OpenError> {
    let client = client(&config.settings).map_err(OpenError::Other)?;
    let twins = ProviderTwins::of(&config.sources);
    let store = Store::open(&config.settings, config.domains.clone(), twins).await?;
    // What is read now is to be shipped when the server runs again.
    for configured in &config.destinations {
        store.register(&configured.plan).map_err(OpenError::Other)?;
    }
    let collector =
        Collector { client, journal: store.journal.clone(), clock, board: Arc::default() };
    let backfills = Backfills::new(collector, &config.sources, stop);
    Ok((store, backfills))
}

/// Who takes events.
fn intake(journal: &Journal, read_only: Option<&str>) -> Arc<dyn Intake> {
    match read_only {
        Some(reason) => Arc::new(Refusing(reason.to_owned())),
        None => Arc::new(journal.clone()),
    }
}

type Polls = Vec<(SourceId, Box<dyn PollSource>)>;

/// The sources by the way in which their events come. Nothing is polled if nothing may be written.
fn ways(
    sources: Vec<ConfiguredSource>,
    read_only: Option<&str>,
    board: &Board,
) -> (Vec<ReceiverEntry>, Polls) {
    let (mut receivers, mut polls) = (Vec::new(), Vec::new());
    for source in sources {
        match (source.way, read_only) {
            (Way::Receive(receiver), _) => {
                board.source_condition(&source.id, SourceCondition::Listening);
                receivers.push(ReceiverEntry { source: source.id, receiver });
            }
            (Way::Poll(poll), None) => polls.push((source.id, poll)),
            (Way::Poll(_), Some(reason)) => {
                let reason = reason.to_owned();
                board.source_condition(&source.id, SourceCondition::Waiting { reason });
            }
        }
    }
    (receivers, polls)
}

/// Who writes and signs completeness statements.
fn statements(store: &Store, node: String, clock: Arc<dyn Clock>) -> Statements {
    let ledger = Ledger::new(store.journal.clone(), clock.clone());
    Statements::new(Desk { ledger, identity: store.identity.clone(), node }, clock)
}

/// Opens what a replay without a server needs.
pub(crate) async fn start_replays(
    config: Config,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> Result<(Store, Replays), OpenError> {
    let client = client(&config.settings).map_err(OpenError::Other)?;
    let store =
        Store::open(&config.settings, config.domains.clone(), ProviderTwins::of(&config.sources))
            .await?;
    let opened = || {
        let board = Arc::new(Board::default());
        let shippers = shippers(&config.destinations, &store, &client, &clock, &board)?;
        let engine = store.engine(&config.settings, clock.clone())?;
        let (shippers, journal) = (shippers.into_iter().map(|it| it.0), store.journal.clone());
        let data = &config.settings.data;
        Ok(Replays::new(engine, journal, shippers, data, clock.clone(), stop.clone()))
    };
    let replays = opened().map_err(OpenError::Other)?;
    Ok((store, replays))
}

/// Sets the shippers going, each from its place.
fn ship(shippers: Vec<(Arc<Shipper>, Place)>, stop: &CancellationToken) -> TaskTracker {
    let shipping = TaskTracker::new();
    for (shipper, place) in shippers {
        shipping.spawn(shipper.run(place, stop.clone()));
    }
    shipping
}

/// Sets the polls going, and the watch over them.
fn collect(
    collector: &Collector,
    polls: Polls,
    watch: Watch,
    stop: &CancellationToken,
) -> TaskTracker {
    let collecting = TaskTracker::new();
    collecting.spawn(watch.run(stop.clone()));
    for (id, poll) in polls {
        let (collector, stop) = (collector.clone(), stop.clone());
        collecting.spawn(async move {
            let job = Job { id: &id, source: poll.as_ref() };
            collector.run(&job, &stop, |_| ()).await
        });
    }
    collecting
}

/// Who asks destinations what they show.
fn read_backs(
    destinations: &[ConfiguredDestination],
    store: &Store,
    client: &Client,
    clock: &Arc<dyn Clock>,
    board: &Arc<Board>,
) -> Result<ReadBacks> {
    let tokens = Arc::new(tokens(client, clock.clone())?);
    let named = |configured: &ConfiguredDestination| {
        (configured.plan.name.clone(), configured.destination.clone())
    };
    Ok(ReadBacks::new(
        destinations.iter().map(named),
        store.journal.clone(),
        (client.clone(), tokens),
        clock.clone(),
        board.clone(),
    ))
}

/// What alarms are about.
fn watched(config: &Config) -> Watched {
    let source = |source: &ConfiguredSource| {
        let days = match &source.way {
            Way::Poll(poll) => poll.capacity().retention_days,
            Way::Receive(_) => None,
        };
        let is_polled = matches!(source.way, Way::Poll(_));
        (source.id.clone(), is_polled, days, source.secret_expires)
    };
    let destinations = config.destinations.iter();
    Watched {
        sources: config.sources.iter().map(source).collect(),
        destinations: destinations
            .map(|configured| (configured.plan.name.clone(), configured.secret_expires))
            .collect(),
    }
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

/// One shipper for each destination, with the place at which it goes on.
fn shippers(
    destinations: &[ConfiguredDestination],
    store: &Store,
    client: &Client,
    clock: &Arc<dyn Clock>,
    board: &Arc<Board>,
) -> Result<Vec<(Arc<Shipper>, Place)>> {
    let tokens = Arc::new(tokens(client, clock.clone())?);
    let mut shippers = Vec::new();
    for configured in destinations {
        let place = store.register(&configured.plan)?;
        let shipper = Shipper {
            name: configured.plan.name.clone(),
            destination: configured.destination.clone(),
            journal: store.journal.clone(),
            client: client.clone(),
            tokens: tokens.clone(),
            clock: clock.clone(),
            board: board.clone(),
            domains: store.domains.clone(),
        };
        shippers.push((Arc::new(shipper), place));
    }
    removed::look(
        &store.journal,
        destinations.iter().map(|configured| configured.plan.name.as_str()),
    )?;
    Ok(shippers)
}

/// Counts go to one recorder of the process. A second node in one process (tests) shares the first one's.
fn install_metrics() -> Option<metrics_exporter_prometheus::PrometheusHandle> {
    let recorder = api::recorder().ok()?;
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).is_ok().then_some(handle)
}
