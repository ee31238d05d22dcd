//! The binary: reads the command line, starts what it names, and turns errors into messages and exit codes.
//!
//! Deliberately absent: everything that has a crate of its own. Here is only what needs all of them at once: configuration,
//! wiring, the loops that own clock and network, and shutdown.

mod accounts;
mod alarms;
mod backfills;
mod cli;
mod collect;
mod commands;
mod config;
mod domains;
mod exit;
mod ledger;
mod mapper;
mod node;
mod operations;
mod outcome;
mod parts;
mod read_back;
mod removed;
mod replay;
mod replays;
mod report;
mod roster;
mod setback;
mod ship;
mod status;
mod twins;
mod window;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, LogFormat};
use crate::exit::Failure;

/// An exit code for what should not happen.
const EXIT_DEFECT: u8 = 70;

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(cli.log_format);
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if standard error is gone.
            drop(writeln!(std::io::stderr(), "doorledger: {}", chain(&error)));
            error
                .downcast_ref::<Failure>()
                .map_or(ExitCode::from(EXIT_DEFECT), |failure| failure.exit.into())
        }
    }
}

/// An error with its causes, each once.
fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn start_log(format: LogFormat) {
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("DOORLEDGER_LOG").unwrap_or_else(|_| {
            tracing_subscriber::EnvFilter::new("warn,doorledger=info,lake=info,journal=info")
        });
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A line that cannot be written would be complained of on standard error, by a macro that panics if that cannot be
        // written either: on a full disk that holds the log, too, the thread would end that was about to tell of it.
        .log_internal_errors(false)
        .with_target(false);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
