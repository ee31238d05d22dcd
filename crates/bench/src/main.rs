//! The side-by-side benchmarks: starts the release binary and stand-in services as processes of their own, puts them to
//! work, and prints the table of `docs/benchmarks.md`. Run it with `cargo xtask bench [NAME…]`.
//!
//! Deliberately absent: our own crates. What is measured is the program as a user runs it, from outside.

mod backfill;
mod drain;
mod investigations;
mod kill;
mod load;
mod poll;
mod process;
mod push;
mod query;
mod visible;

use std::io::Write as _;

use anyhow::{Context as _, Result};

/// One line of the table.
pub(crate) struct Measured {
    /// What was done.
    pub(crate) work: String,
    /// What was found.
    pub(crate) figures: String,
    /// What it must reach.
    pub(crate) must: &'static str,
    /// Whether it does.
    pub(crate) reached: bool,
}

/// The benchmarks by name, in the order of the table.
const NAMES: [&str; 9] = [
    "poll",
    "poll-50ms",
    "backfill",
    "backfill-100k",
    "drain",
    "push",
    "push-single",
    "visible",
    "kill",
];

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout();
    if let Some(("query", options)) = wanted.split_first().map(|(name, rest)| (name.as_str(), rest))
    {
        let options = query::Options::read(options)?;
        let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
        return write!(out, "{}", runtime.block_on(query::run(options))?).context("print");
    }
    if let Some(unknown) =
        wanted.iter().find(|name| !NAMES.contains(&name.as_str()) && name.parse::<u32>().is_err())
    {
        anyhow::bail!(
            "no benchmark `{unknown}`; there are: query, {}, and a number sets the rounds of `kill`",
            NAMES.join(", ")
        );
    }
    let rounds = wanted.iter().find_map(|name| name.parse().ok()).unwrap_or(100);
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
                "drain" => drain::run(400_000).await,
                "backfill" => backfill::run(1_000_000).await,
                "backfill-100k" => backfill::run(100_000).await,
                "push" => push::run(50, 3_000_000).await,
                "push-single" => push::run(1, 300_000).await,
                "visible" => visible::run(300).await,
                _ => kill::run(rounds).await,
            }
        });
        let line = measured.with_context(|| format!("benchmark `{name}`"))?;
        let verdict = if line.reached { "yes" } else { "**no**" };
        writeln!(out, "| {} | {} | {} | {verdict} |", line.work, line.figures, line.must)?;
    }
    Ok(())
}
