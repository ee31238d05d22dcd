//! Options of the commands that look after a data folder: `verify` and `doctor`.
//! Deliberately absent: what they do.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use identity::PublicKey;

/// Options of `verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Read only data files that were committed since this day or moment (UTC); the record of commits is checked whole
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Data folder [default: from the configuration, or ./doorledger-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Only this table; may be repeated
    #[arg(long = "table", value_name = "TABLE")]
    pub(crate) tables: Vec<String>,
    /// Accept signatures of this key, too: another node's, or one that was replaced; may be repeated
    #[arg(long = "trust", value_name = "KEY")]
    pub(crate) trusted: Vec<PublicKey>,
    /// Form of the report
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: ReportFormat,
    /// Check this statement, which `completeness` wrote as JSON or HTML, instead of the lake; `-` reads it from standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "data", "tables", "trusted"])]
    pub(crate) statement: Option<PathBuf>,
    /// The public key that must have signed the statement: `ed25519:…`
    #[arg(long, value_name = "KEY", requires = "statement")]
    pub(crate) key: Option<PublicKey>,
}

/// Forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people.
    Table,
    /// One JSON document.
    Json,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Data folder [default: from the configuration, or ./doorledger-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Do the repairs that lose nothing; what is damaged is put aside, never deleted
    #[arg(long)]
    pub(crate) repair: bool,
    /// With --repair: take this table's log as it is from now on, although entries were cut off or replaced; may be repeated
    #[arg(long = "accept", value_name = "TABLE", requires = "repair")]
    pub(crate) accept: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
