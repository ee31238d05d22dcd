//! The commands, one file each, and the little that they share: the runtime, the loaded configuration.
//! Deliberately absent: the command line's words (`cli`) and the running service (`node`).

mod backfill;
mod check;
mod completeness;
mod dead_letters;
mod demo;
mod destinations;
mod doctor;
mod import;
mod kql;
mod migrate;
mod query;
mod replay;
mod serve;
mod server;
mod simulate;
mod status;
mod tail;
mod token;
mod user;
mod verify;

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;
use model::Problem;
use serde_json::Value;

use crate::cli::{Cli, Command};
use crate::config;
use crate::exit::{Exit, Failure};
use crate::node::{self, Written};

/// Runs what the command line names.
pub(crate) fn run(cli: Cli) -> Result<()> {
    let config = cli.config.as_deref();
    if let Command::Completions { shell } = cli.command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "doorledger", &mut script);
        return print(&String::from_utf8_lossy(&script));
    }
    if let Command::Kql(command) = cli.command {
        return kql::run(config, command);
    }
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        outlive_file_size_limit()?;
        match cli.command {
            Command::Serve(options) => serve::run(config, options).await,
            Command::Demo(options) => demo::run(options).await,
            Command::Check(options) => check::run(config, &options).await,
            Command::Query(options) => query::run(config, options).await,
            Command::Tail(options) => tail::run(options).await,
            Command::Backfill(options) => backfill::run(config, options).await,
            Command::Import(options) => import::run(config, options).await,
            Command::Status(options) => status::run(options).await,
            Command::Completeness(options) => completeness::run(config, options).await,
            Command::Replay(options) => replay::run(config, options).await,
            Command::Migrate(command) => migrate::run(config, command).await,
            Command::DeadLetters(command) => dead_letters::run(command).await,
            Command::Destinations(command) => destinations::run(config, command).await,
            Command::Verify(options) => verify::run(config, options).await,
            Command::Doctor(options) => doctor::run(config, options).await,
            Command::User(command) => user::run(config, command).await,
            Command::Token(options) => token::run(&options),
            Command::Simulate(options) => simulate::run(options).await,
            Command::Kql(_) | Command::Completions { .. } => Ok(()),
        }
    });
    // Tasks that only wait must not hold up the end.
    runtime.shutdown_background();
    outcome
}

/// A file that may not grow beyond the process's limit is an error of writing, as a full disk is, and not the end of the
/// process: for that its signal has to be listened to.
fn outlive_file_size_limit() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // SIGXFSZ, which has this number on every system that we know of.
    let mut exceeded = signal(SignalKind::from_raw(25)).context("listen for signals")?;
    tokio::spawn(async move { while exceeded.recv().await.is_some() {} });
    Ok(())
}

/// What commands that wait run on.
fn runtime() -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().thread_stack_size(::kql::STACK_BYTES);
    builder.build().context("start the runtime")
}

/// What the user wrote: in the named file, in a file at a usual place, or in the environment.
fn written(path: Option<&Path>) -> Result<Written> {
    let found = path.map(Path::to_owned).or_else(config::find);
    let folder = node::folder_of(found.as_deref());
    let document = match found {
        Some(path) => config::read(&path)
            .map_err(|error| Failure::error(Exit::Config, format!("{error:#}")))?,
        None => config::from_environment(&environment).unwrap_or(Value::Null),
    };
    Ok(Written { document, folder })
}

/// The one place where the environment is read.
pub(crate) fn environment(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the binary: everybody else is given this function"
    )]
    std::env::var(name).ok()
}

/// Problems as one error, each with path and hint.
pub(crate) fn refused(problems: &[Problem]) -> anyhow::Error {
    let noun = if problems.len() == 1 { "problem" } else { "problems" };
    let mut text = format!("the configuration has {} {noun}:", problems.len());
    for problem in problems {
        text.push('\n');
        text.push_str(&problem.to_string());
    }
    Failure::error(Exit::Config, text)
}

/// Prints to standard output. A reader that went away (`| head`) ends the program in peace.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        outcome => outcome.context("write the answer"),
    }
}

/// Tells a person something that is not the answer.
fn say(text: &str) {
    // If nobody can hear it, the work goes on.
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Whether progress may be drawn.
fn draws_progress() -> bool {
    std::io::stderr().is_terminal()
}
