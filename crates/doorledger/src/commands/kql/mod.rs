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

use anyhow::Result;

use crate::cli::Kql;

/// Runs one of them. `check` and `fmt` start neither a runtime nor an engine.
pub(super) fn run(config: Option<&Path>, command: Kql) -> Result<()> {
    match command {
        Kql::Check(options) => check::run(&options),
        Kql::Fmt(options) => fmt::run(&options),
        Kql::Run(options) => super::runtime()?.block_on(run::run(&options)),
        Kql::Explain(options) => super::runtime()?.block_on(explain::run(config, options)),
    }
}
