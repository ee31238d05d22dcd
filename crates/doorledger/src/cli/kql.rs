//! The options of `kql`. Deliberately absent: what the commands do.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with KQL.
#[derive(Debug, Subcommand)]
pub(crate) enum Kql {
    /// Answer queries over files, without a server or a data folder
    Run(RunKql),
    /// Find what is wrong with queries: names, types, syntax; for editors, and for a team's rules in CI
    Check(CheckKql),
    /// Lay out queries in the one usual way
    Fmt(FmtKql),
    /// Show how a query would be answered: what is read, filtered and computed
    Explain(ExplainKql),
}

/// What queries can name besides what they bring themselves.
#[derive(Debug, Args)]
pub(crate) struct Names {
    /// Tables and functions, as JSON: `{"tables": {"T": "(a:string, b:long)"}, "functions": {"F": "(x:string) { T }"}}`, or
    /// the table and function declarations of Sentinel content; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Vec<PathBuf>,
    /// A folder of functions, one `.kql` file each
    #[arg(long, value_name = "DIR")]
    pub(crate) functions: Option<PathBuf>,
}

/// Options of `kql run`.
#[derive(Debug, Args)]
pub(crate) struct RunKql {
    #[command(flatten)]
    pub(crate) names: Names,
    /// A table from a file of JSON lines; its columns come from --schema, or from the values; may be repeated
    #[arg(long = "table", value_name = "NAME=FILE")]
    pub(crate) tables: Vec<String>,
    /// Files: `{"id","query"}` lines (.jsonl, .ndjson) or KQL (any other) [default: lines from standard input]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Options of `kql check`.
#[derive(Debug, Args)]
pub(crate) struct CheckKql {
    #[command(flatten)]
    pub(crate) names: Names,
    /// Print one JSON object a query, also for files of KQL
    #[arg(long)]
    pub(crate) json: bool,
    /// Refuse also what is only a warning: functions and operators that this engine does not run
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// Files: `{"id","query"}` lines (.jsonl, .ndjson) or KQL (any other) [default: lines from standard input]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Options of `kql fmt`.
#[derive(Debug, Args)]
pub(crate) struct FmtKql {
    /// Change nothing; list the files that are laid out differently, and fail if there are any
    #[arg(long)]
    pub(crate) check: bool,
    /// Files of KQL, which are rewritten [default: standard input to standard output]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Options of `kql explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainKql {
    /// A data folder, read without a server
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The question; `-` reads it from standard input
    #[arg(value_name = "KQL")]
    pub(crate) text: String,
}
