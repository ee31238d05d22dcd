//! Thirteen investigations over one set of events: ours in KQL over the lake, through HTTP; DuckDB, chDB and Polars over a
//! Parquet file of the same events, if a script that runs them is named. One after the other, on one machine, in one run.
//!
//! `cargo xtask bench query --events FILE.ndjson [--lake DIR] [--peers SCRIPT --python PROGRAM --parquet FILE] [--runs N] [--only q01,…]`
//!
//! `--lake` keeps the folder, and uses it as it is if it is there. A peer's script is called as
//! `PROGRAM SCRIPT duckdb FILE --runs N` and prints a JSON line a question: `query`, `hot_median_s`, `rows`, `check`.
//! Deliberately absent: the questions (`investigations`).

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::investigations::{ALL, Investigation, WIDE_VIEW};
use crate::process::{Program, free_port, import};

/// Engines that are run beside ours.
const PEERS: [&str; 3] = ["duckdb", "chdb", "polars"];
/// The lake has taken everything when the number of its rows did not change for so long.
const QUIET: Duration = Duration::from_secs(5);
/// Between two looks.
const GLANCE: Duration = Duration::from_millis(200);
/// Most seconds that the wide view's latest ten rows may take.
const WIDE_VIEW_SECONDS: f64 = 0.3;
/// Most memory that the program may have taken for all questions.
const MEMORY_MIB: f64 = 2048.0;

/// What is to be run on what.
#[derive(Debug, Default)]
pub(crate) struct Options {
    events: Option<PathBuf>,
    lake: Option<PathBuf>,
    peers: Option<PathBuf>,
    python: Option<PathBuf>,
    parquet: Option<PathBuf>,
    only: Option<String>,
    runs: usize,
}

impl Options {
    /// Reads `--name value` pairs.
    pub(crate) fn read(words: &[String]) -> Result<Self> {
        let mut options = Self { runs: 5, ..Self::default() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("`{word}` needs a value"))?;
            let path = Some(PathBuf::from(value));
            match word.as_str() {
                "--events" => options.events = path,
                "--lake" => options.lake = path,
                "--peers" => options.peers = path,
                "--python" => options.python = path,
                "--parquet" => options.parquet = path,
                "--only" => options.only = Some(value.clone()),
                "--runs" => options.runs = value.parse().context("read the number of runs")?,
                _ => anyhow::bail!(
                    "no option `{word}`; the head of crates/bench/src/query.rs lists them"
                ),
            }
        }
        Ok(options)
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.split(',').any(|it| name.starts_with(it)))
    }
}

/// An answer and how long it took.
#[derive(Debug, Clone, Copy)]
struct Answer {
    seconds: f64,
    check: (usize, i64),
}

/// Runs everything and gives the lines of a table.
pub(crate) async fn run(options: Options) -> Result<String> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let data = options.lake.clone().unwrap_or_else(|| folder.path().join("data"));
    let mut lines = String::new();
    if !data.try_exists().context("look for the lake")? {
        let events = options.events.as_ref().context("`--events FILE.ndjson` is needed")?;
        let started = Instant::now();
        import(&data, "auth0", events).await?;
        lines += &format!("imported in {:.0} s\n\n", started.elapsed().as_secs_f64());
    }
    let mut peers = BTreeMap::new();
    for engine in PEERS {
        if let (Some(script), Some(parquet)) = (&options.peers, &options.parquet) {
            peers.insert(engine, peer(&options, script, engine, parquet).await?);
        }
    }
    let port = free_port()?;
    let config = folder.path().join("doorledger.yaml");
    std::fs::write(&config, format!("data: {}\nlisten: 127.0.0.1:{port}\n", data.display()))
        .context("write the configuration")?;
    let mut program = Program::serve(&config, port, &folder.path().join("log"))?;
    program.ready().await?;
    lines += &settled(&program).await?;
    let user = user(&program).await?;
    lines += "| question | ours, s |";
    lines += &peers.keys().map(|engine| format!(" {engine}, s |")).collect::<String>();
    lines += " to the fastest | must | |\n|---|---|";
    lines += &"---|".repeat(peers.len() + 3);
    lines += "\n";
    let mut logs: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for question in ALL.iter().filter(|question| options.wants(question.name)) {
        let told = match ask(&program, question, &user, options.runs).await {
            Ok(ours) => line(question, ours, &peers, &mut logs),
            Err(error) => format!("| {}: {} | {error:#} |\n", question.name, question.about),
        };
        // Said at once too: the whole takes minutes.
        write!(std::io::stderr(), "{told}").context("print")?;
        lines += &told;
    }
    let wide = median(&program, WIDE_VIEW, options.runs).await?.0;
    let verdict = |reached| if reached { "yes" } else { "**no**" };
    lines += &format!(
        "\n`{WIDE_VIEW}`: {wide:.3} s (must: {WIDE_VIEW_SECONDS} s): {}\n",
        verdict(wide <= WIDE_VIEW_SECONDS)
    );
    for (engine, ratios) in logs {
        let mean = (ratios.iter().sum::<f64>() / ratios.len().max(1) as f64).exp();
        lines += &format!("geometric mean of {engine}'s time over ours: {mean:.2}\n");
    }
    let peak = program.usage()?.peak_mib;
    lines += &format!(
        "most memory resident: {peak:.0} MiB (must: {MEMORY_MIB:.0}): {}\n",
        verdict(peak <= MEMORY_MIB)
    );
    Ok(lines)
}

/// Waits until the lake has taken what the journal held, and tells how many events that are.
async fn settled(program: &Program) -> Result<String> {
    let mut seen = (0, Instant::now());
    let mut rows;
    loop {
        rows = program.number("Auth0Logs_CL | count").await?;
        if rows != seen.0 {
            seen = (rows, Instant::now());
        } else if rows > 0 && seen.1.elapsed() > QUIET {
            break;
        }
        tokio::time::sleep(GLANCE).await;
    }
    Ok(format!("{rows} events\n\n"))
}

/// A user of middling activity, found as the peers' script finds it.
async fn user(program: &Program) -> Result<String> {
    let rows = program
        .query("Auth0Logs_CL | top 131072 by TimeGenerated asc | summarize n = count() by ActorUserId | sort by n desc, ActorUserId asc | project ActorUserId")
        .await?;
    let user = rows.get(rows.len() / 50).and_then(|row| row.first()).and_then(Value::as_str);
    Ok(user.context("there are no users")?.to_owned())
}

async fn ask(
    program: &Program,
    question: &Investigation,
    user: &str,
    runs: usize,
) -> Result<Answer> {
    let (seconds, rows) = median(program, &question.text(user), runs)
        .await
        .with_context(|| format!("question {}", question.name))?;
    Ok(Answer { seconds, check: question.check(&rows) })
}

/// The middle of `runs` times after a first that does not count, and the rows of the last.
async fn median(program: &Program, text: &str, runs: usize) -> Result<(f64, Vec<Vec<Value>>)> {
    let mut rows = program.query(text).await?;
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let started = Instant::now();
        rows = program.query(text).await?;
        times.push(started.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok((times.get(runs / 2).copied().unwrap_or_default(), rows))
}

async fn peer(
    options: &Options,
    script: &Path,
    engine: &str,
    parquet: &Path,
) -> Result<BTreeMap<String, Answer>> {
    let python = options.python.clone().unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command.arg(script).arg(engine).arg(parquet).arg("--runs").arg(options.runs.to_string());
    if let Some(only) = &options.only {
        command.arg("--only").arg(only);
    }
    let folder = tempfile::tempdir().context("make a folder")?;
    // A cache of whole answers would measure nothing.
    command.env("BENCH_DIR", folder.path()).env("CH_NOCACHE", "1");
    let output = command.output().await.with_context(|| format!("run {engine}"))?;
    ensure!(
        output.status.success(),
        "{engine} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut answers = BTreeMap::new();
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: Value = serde_json::from_slice(line).context("read a peer's line")?;
        let (Some(name), Some(seconds)) = (line["query"].as_str(), line["hot_median_s"].as_f64())
        else {
            continue;
        };
        let rows = usize::try_from(line["rows"].as_u64().unwrap_or(0)).unwrap_or(usize::MAX);
        let check = (rows, line["check"].as_i64().unwrap_or(0));
        answers.insert(name.to_owned(), Answer { seconds, check });
    }
    Ok(answers)
}

/// One line of the table. Answers that differ from a peer's are shown.
fn line<'a>(
    question: &Investigation,
    ours: Answer,
    peers: &BTreeMap<&'a str, BTreeMap<String, Answer>>,
    logs: &mut BTreeMap<&'a str, Vec<f64>>,
) -> String {
    let mut cells = String::new();
    let mut fastest = f64::INFINITY;
    for (engine, answers) in peers {
        let Some(answer) = answers.get(question.name) else {
            cells += " — |";
            continue;
        };
        fastest = fastest.min(answer.seconds);
        logs.entry(engine).or_default().push((answer.seconds / ours.seconds).ln());
        cells += &format!(" {:.3}", answer.seconds);
        if answer.check != ours.check {
            cells += &format!(" (found {:?}, we {:?})", answer.check, ours.check);
        }
        cells += " |";
    }
    let most = if question.needle { 1.2 } else { 2.0 };
    let (ratio, verdict) = match ours.seconds / fastest {
        _ if fastest.is_infinite() => ("—".to_owned(), "no peer was run"),
        ratio if ratio <= most => (format!("{ratio:.2}"), "yes"),
        ratio => (format!("{ratio:.2}"), "**no**"),
    };
    format!(
        "| {}: {} | {:.3} |{cells} {ratio} | ≤ {most} | {verdict} |\n",
        question.name, question.about, ours.seconds
    )
}
