//! The command line: every command and option, with the help that a user reads. From this one table come the parser, the
//! help and the shell completions.
//! Deliberately absent: what the commands do (`commands`).

mod again;
mod integrity;
mod kql;
mod people;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::again::{Migrate, MigrateFormat, MigrateShape, Replay, ReplayCommand};
pub(crate) use self::integrity::{Doctor, ReportFormat, Verify};
pub(crate) use self::kql::{CheckKql, ExplainKql, FmtKql, Kql, Names, RunKql};
pub(crate) use self::people::User;

/// The ledger of every door opened in your identity providers: collects each event of Auth0 and OneLogin, keeps them,
/// answers KQL over them and ships them to Microsoft Sentinel.
#[derive(Debug, Parser)]
#[command(name = "doorledger", version, max_term_width = 110, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Configuration file [default: doorledger.yaml, .toml or .json here or in /etc/doorledger]
    #[arg(long, short, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// How log lines are written to standard error
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Collect, keep, answer and ship, until told to stop
    Serve(Serve),
    /// Show everything at work on simulated tenants: thirty days of history, live traffic, an Azure workspace
    Demo(Demo),
    /// Find every problem of the configuration at once
    Check(Check),
    /// Ask a question in KQL
    Query(Query),
    /// Run, check, lay out and explain queries that stand in files
    #[command(subcommand)]
    Kql(Kql),
    /// Follow new events as they become durable
    Tail(Tail),
    /// Collect everything that the providers still hold
    Backfill(Backfill),
    /// Read exported or archived events from files
    Import(Import),
    /// Tell how each source and destination is doing
    Status(Status),
    /// Tell which hours of a tenant's month are proved to be complete, what is missing and why
    Completeness(Completeness),
    /// Send a destination again what the lake holds
    Replay(Replay),
    /// Move over from what is no longer there
    #[command(subcommand)]
    Migrate(Migrate),
    /// List, show, replay and discard what could not be read or delivered
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// List destinations, and give up one that was removed from the configuration
    #[command(subcommand)]
    Destinations(Destinations),
    /// Check that nothing in the lake, or in a statement, was changed, removed or added by anybody else
    Verify(Verify),
    /// Name every damaged file of a data folder and its repair
    Doctor(Doctor),
    /// List, add and change people who may sign in, in the data folder itself
    #[command(subcommand)]
    User(User),
    /// Make an API token and print the line that admits it
    Token(Token),
    /// Run a stand-in of a service, for tests and demonstrations
    Simulate(Simulate),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Data folder [default: from the configuration, or ./doorledger-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address to listen on [default: from the configuration, or 127.0.0.1:7788]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Data folder; kept if named [default: a fresh temporary folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = crate::config::DEFAULT_LISTEN)]
    pub(crate) listen: SocketAddr,
    /// The same seed gives the same people and the same history
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Events of history for each tenant
    #[arg(long, default_value_t = 20_000)]
    pub(crate) events: usize,
    /// New events each second at each tenant [default: in step with the history]
    #[arg(long, conflicts_with = "once")]
    pub(crate) rate: Option<f64>,
    /// Stop by itself once history is collected and delivered, and say whether the counts agree
    #[arg(long)]
    pub(crate) once: bool,
    /// Break things at every simulated service: a name, or name=probability; may be repeated
    #[arg(long = "fault", value_name = "NAME")]
    pub(crate) faults: Vec<String>,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Also ask the services: tokens, permissions
    #[arg(long)]
    pub(crate) online: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whom to ask: a running server, or a data folder read directly.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// A running server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7788")]
    pub(crate) url: String,
    /// File that holds the API token for the server
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// Options of `query`.
#[derive(Debug, Args)]
pub(crate) struct Query {
    #[command(flatten)]
    pub(crate) server: Server,
    /// A data folder, read without a server
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub(crate) data: Option<PathBuf>,
    /// Form of the answer
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
    /// The question; `-` reads it from standard input
    #[arg(value_name = "KQL")]
    pub(crate) text: String,
}

/// Forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for people.
    Table,
    /// One JSON document with columns, types and rows.
    Json,
    /// Comma-separated, with a header.
    Csv,
    /// One JSON object a row.
    Ndjson,
}

/// Options of `tail`.
#[derive(Debug, Args)]
pub(crate) struct Tail {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Table or function to follow
    #[arg(default_value = "union Auth0Logs_CL, OneLoginEventsV2_CL")]
    pub(crate) table: String,
    /// Stop after this many events
    #[arg(long, value_name = "N")]
    pub(crate) events: Option<u64>,
}

/// Options of `backfill`.
#[derive(Debug, Args)]
pub(crate) struct Backfill {
    /// Tenants to read [default: all that are polled]
    #[arg(value_name = "TENANT")]
    pub(crate) tenants: Vec<String>,
    /// How far back: a date, or `retention` for everything that is still held
    #[arg(long, default_value = "retention")]
    pub(crate) since: String,
    /// Only tell what there is to read, how long it takes, and when it is too late
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Data folder [default: from the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// Options of `import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Who wrote the events
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: String,
    /// The tenant that they belong to
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: String,
    /// Data folder [default: from the configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) server: Server,
    /// Files: JSON, NDJSON, either also gzipped, in any wire form of the provider; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Options of `status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `completeness`.
#[derive(Debug, Args)]
pub(crate) struct Completeness {
    #[command(flatten)]
    pub(crate) server: Server,
    /// A data folder, read without a server
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub(crate) data: Option<PathBuf>,
    /// The month
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: String,
    /// Form of the statement
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: StatementFormat,
    /// With the table: every hour, not only every day
    #[arg(long)]
    pub(crate) hours: bool,
    /// The tenant: its name, or provider/name
    #[arg(value_name = "TENANT")]
    pub(crate) tenant: String,
}

/// Forms of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatementFormat {
    /// Aligned columns for people; not signed.
    Table,
    /// One signed JSON document.
    Json,
    /// One signed page that prints well.
    Html,
}

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// List them, newest first
    List {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        filter: LetterFilter,
        /// At most this many
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one whole
    Show {
        #[command(flatten)]
        server: Server,
        /// Its number
        id: u64,
    },
    /// Try them again: unreadable input is read again, undelivered events are sent again
    Replay {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        filter: LetterFilter,
        /// Their numbers [default: all that pass the filter]
        #[arg(conflicts_with_all = ["destination", "source", "reason"])]
        ids: Vec<u64>,
    },
    /// Take them out for good; who, when and why is noted in dead-letters-discarded.ndjson of the data folder
    Discard {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        filter: LetterFilter,
        /// Why; noted with each of them
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// All that pass the filter, or all there are
        #[arg(long, conflicts_with = "ids", required_unless_present = "ids")]
        all: bool,
        /// Their numbers
        #[arg(conflicts_with_all = ["destination", "source", "reason"])]
        ids: Vec<u64>,
    },
}

/// Which dead letters.
#[derive(Debug, Args)]
pub(crate) struct LetterFilter {
    /// Only what this destination refused
    #[arg(long, value_name = "NAME")]
    pub(crate) destination: Option<String>,
    /// Only events of this source (auth0/acme/poll) or tenant (auth0/acme)
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Option<String>,
    /// Only those whose reason contains this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// What to do with destinations.
#[derive(Debug, Subcommand)]
pub(crate) enum Destinations {
    /// List them, the removed ones too for which something is kept
    List {
        #[command(flatten)]
        server: Server,
    },
    /// Give up what a removed destination has not got
    Forget {
        #[command(flatten)]
        server: Server,
        /// A data folder that no server uses
        #[arg(long, value_name = "DIR", conflicts_with = "url")]
        data: Option<PathBuf>,
        /// Its name
        name: String,
    },
}

/// Options of `token`.
#[derive(Debug, Args)]
pub(crate) struct Token {
    /// Whose token it is
    pub(crate) name: String,
}

/// The services that can be imitated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Service {
    /// An Auth0 tenant.
    Auth0,
    /// A OneLogin account.
    Onelogin,
    /// Entra, Logs Ingestion, Data Collector and Key Vault.
    Azure,
}

/// Options of `simulate`.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// Which service
    pub(crate) service: Service,
    /// Port on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// The same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Events of history
    #[arg(long, default_value_t = 10_000)]
    pub(crate) events: usize,
    /// Serve these events instead of made ones: a JSON list, or JSON objects, one a line (auth0, onelogin)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["events", "rate"])]
    pub(crate) events_file: Option<PathBuf>,
    /// Days over which the history is spread
    #[arg(long, default_value_t = 30)]
    pub(crate) days: u32,
    /// New events each second
    #[arg(long, default_value_t = 0.0)]
    pub(crate) rate: f64,
    /// Answer each request this much later
    #[arg(long, default_value_t = 0)]
    pub(crate) latency_ms: u64,
    /// Rate limit and retention of an Auth0 tenant: unlimited, free, essentials, professional, enterprise,
    /// enterprise-non-production, private-cloud
    #[arg(long, value_name = "NAME", default_value = "unlimited")]
    pub(crate) plan: String,
    /// Average size of an Auth0 event, from about 1000 up
    #[arg(long, value_name = "BYTES")]
    pub(crate) event_bytes: Option<usize>,
    /// Serve HTTPS with a certificate of its own; the authority's certificate is written to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Keep so many records of each table as they came, to be read at /__records?table=NAME (azure)
    #[arg(long, value_name = "COUNT")]
    pub(crate) keep_records: Option<usize>,
    /// Break things: a name, or name=probability; may be repeated
    #[arg(long = "fault", value_name = "NAME")]
    pub(crate) faults: Vec<String>,
}
