//! The side-by-side benchmarks: starts the release binary and stand-in services as processes of their own, puts them to
//! work, and prints the table of `docs/benchmarks.md`. Run it with `cargo xtask bench [NAME…]`. Beside them the proof by
//! fault ([`soak`], `cargo xtask soak`), which prints the table of `docs/reliability.md`.
//!
//! Deliberately absent: our own crates but the stand-ins, whose accounts the soak compares with the program's. What is
//! measured is the program as a user runs it, from outside.

mod backfill;
mod drain;
mod investigations;
mod load;
mod poll;
mod process;
mod push;
mod query;
pub mod soak;
mod visible;

use std::io::Write as _;

use anyhow::{Context as _, Result};

/// One line of a table.
#[derive(Debug, Clone)]
pub struct Measured {
    /// What was done.
    pub work: String,
    /// What was found.
    pub figures: String,
    /// What it must reach.
    pub must: &'static str,
    /// Whether it does.
    pub reached: bool,
}

/// The benchmarks by name, in the order of the table.
const NAMES: [&str; 9] = [
    "poll",
    "poll-50ms",
    "backfill",
    "backfill-100k",
    "drain",
    "drain-400k",
    "push",
    "push-single",
    "visible",
];

/// Does what the words of the command line say and prints what was measured.
///
/// # Errors
/// If a word is not known, a benchmark cannot be run, or the soak found anything lost, doubled or counted wrongly.
pub fn run(wanted: &[String]) -> Result<()> {
    let mut out = std::io::stdout();
    if let Some(("query", options)) = wanted.split_first().map(|(name, rest)| (name.as_str(), rest))
    {
        let options = query::Options::read(options)?;
        let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
        return write!(out, "{}", runtime.block_on(query::run(options))?).context("print");
    }
    if let Some(("soak", options)) = wanted.split_first().map(|(name, rest)| (name.as_str(), rest))
    {
        return soak::command(options, &mut out);
    }
    if let Some(unknown) = wanted.iter().find(|name| !NAMES.contains(&name.as_str())) {
        anyhow::bail!("no benchmark `{unknown}`; there are: query, soak, {}", NAMES.join(", "));
    }
    let chosen: Vec<&str> = NAMES
        .into_iter()
        .filter(|name| {
            !wanted.iter().any(|w| NAMES.contains(&w.as_str())) || wanted.iter().any(|w| w == name)
        })
        .collect();
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    writeln!(out, "| work | measured | must | |\n|---|---|---|---|")?;
    for name in chosen {
        let measured = runtime.block_on(async {
            match name {
                "poll" => poll::run(100_000, 0).await,
                "poll-50ms" => poll::run(100_000, 50).await,
                "drain" => drain::run(10_000_000).await,
                "drain-400k" => drain::run(400_000).await,
                "backfill" => backfill::run(1_000_000).await,
                "backfill-100k" => backfill::run(100_000).await,
                "push" => push::run(50, 3_000_000).await,
                "push-single" => push::run(1, 300_000).await,
                _ => visible::run(300).await,
            }
        });
        let line = measured.with_context(|| format!("benchmark `{name}`"))?;
        let verdict = if line.reached { "yes" } else { "**no**" };
        writeln!(out, "| {} | {} | {} | {verdict} |", line.work, line.figures, line.must)?;
    }
    Ok(())
}
