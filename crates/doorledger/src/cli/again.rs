//! Options of the commands that send again and move over: `replay` and `migrate`.
//! Deliberately absent: what they do.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Server;

/// Options of `replay`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Replay {
    /// Tell how replays are, or end one
    #[command(subcommand)]
    pub(crate) command: Option<ReplayCommand>,
    #[command(flatten)]
    pub(crate) server: Server,
    /// A data folder that no server uses; its destinations are those of the configuration
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub(crate) data: Option<PathBuf>,
    /// The destination
    #[arg(long, value_name = "DESTINATION", required = true)]
    pub(crate) to: Option<String>,
    /// Events of this date or moment and later, by the provider's time
    #[arg(long, value_name = "TIME", required = true)]
    pub(crate) since: Option<String>,
    /// Events before this date or moment [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Only events for which this condition holds
    #[arg(long = "where", value_name = "KQL")]
    pub(crate) condition: Option<String>,
    /// Only tell how many there are
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What else is done with replays.
#[derive(Debug, Subcommand)]
pub(crate) enum ReplayCommand {
    /// Tell how far each is
    Status {
        #[command(flatten)]
        server: Server,
    },
    /// End one for good
    Cancel {
        #[command(flatten)]
        server: Server,
        /// Its name, as `status` tells it
        id: String,
    },
}

/// From what to move over.
#[derive(Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Print what a classic table of Azure's retired HTTP Data Collector API needs to go on with Logs Ingestion
    Azure(MigrateAzure),
}

/// Options of `migrate azure`.
#[derive(Debug, Args)]
pub(crate) struct MigrateAzure {
    /// The classic table: Auth0AM_CL, OneLogin_CL
    #[arg(long, value_name = "NAME")]
    pub(crate) table: String,
    /// Whose events it holds, where its name does not tell
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// Columns of the table that gets the events from now on
    #[arg(long, value_enum, default_value = "current")]
    pub(crate) shape: MigrateShape,
    /// Form in which the resources are written
    #[arg(long, value_enum, default_value = "bicep")]
    pub(crate) format: MigrateFormat,
    /// Compare a data collection rule with what is sent, instead of printing resources
    #[arg(long, value_name = "FILE")]
    pub(crate) check: Option<PathBuf>,
    /// Data folder in which to look what is at hand of the time since the API ended
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// How many days the provider keeps events
    #[arg(long, value_name = "DAYS")]
    pub(crate) retention_days: Option<u16>,
}

/// Under which columns a table keeps the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MigrateShape {
    /// user_name_s, event_type_id_d: old queries work on.
    Classic,
    /// Those of Microsoft's current connectors.
    Current,
    /// The Authentication schema of ASIM, sign-ins only.
    Asim,
}

/// In what form the resources are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MigrateFormat {
    /// Bicep.
    Bicep,
    /// An ARM template.
    Arm,
    /// Terraform.
    Terraform,
    /// A shell script of az commands.
    Az,
}
