//! `doorledger kql …`: queries outside of a server. One file for each command; `lines` reads what all of them are given,
//! `schema` what queries may name, `told` shows a person what is wrong.
//! Deliberately absent: KQL (`kql`), and its execution (`query`).

mod check;
mod explain;
mod fmt;
mod lines;
mod run;
mod schema;
mod told;

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};

use crate::cli::Kql;

/// Runs one of them. `check` and `fmt` start neither a runtime nor an engine.
pub(super) fn run(config: Option<&Path>, command: Kql) -> Result<()> {
    match command {
        Kql::Check(options) => deep(|| check::run(&options)),
        Kql::Fmt(options) => deep(|| fmt::run(&options)),
        Kql::Run(options) => super::runtime()?.block_on(run::run(&options)),
        Kql::Explain(options) => super::runtime()?.block_on(explain::run(config, options)),
    }
}

/// Runs on a thread with the stack that binding wants, whatever the main thread has.
fn deep(work: impl FnOnce() -> Result<()> + Send) -> Result<()> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(::kql::STACK_BYTES);
        let running = thread.spawn_scoped(scope, work).context("start a thread")?;
        running.join().map_err(|_| anyhow!("the command ended by a panic"))?
    })
}
