//! Measures reading and binding: `measure [--corpus FILE]… [--schema FILE]`, over the queries of `.jsonl` files (objects with
//! `query` and perhaps `id`) and `.kql` files (one query each), with the tables of a schema (`{"tables":{"T":"(a:long)"}}`,
//! what `kql check --schema` reads). Without a corpus, the project's own. Fails if it is slower than it must be.
//! `cargo xtask bench kql` runs it. Deliberately absent: whether the queries are right (`doorledger kql check`).

use std::collections::HashMap;
use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kql::catalog::{Catalog, EmptyCatalog, StoredFunction};
use kql::plan::Fields;
use kql::signature::{Overload, Param, ParamKind, Returns, Signature};
use kql::types::Type;
use kql::{BindOptions, bind};
use serde_json::Value;

/// What the median query may take.
const MEDIAN_MAX: Duration = Duration::from_micros(300);
/// What any query may take.
const SLOWEST_MAX: Duration = Duration::from_millis(50);
/// How often each query is bound; the quickest counts, so that the machine's other work does not.
const ROUNDS: usize = 5;
/// How many of the slowest are named.
const SHOWN: usize = 5;

const USAGE: &str = "measure [--corpus FILE]… [--schema FILE]";

static ANY: [Param; 1] = [Param::new("value", ParamKind::Scalar)];
static OVERLOADS: [Overload; 1] =
    [Overload::of(&[], Returns::Type(Type::Dynamic)).repeating(&ANY, 0)];
static FUNCTION: Signature = Signature::new("any", &OVERLOADS, "");
const AGGREGATES: &[&str] = &[
    "any",
    "arg_max",
    "arg_min",
    "avg",
    "count",
    "countif",
    "dcount",
    "dcountif",
    "make_bag",
    "make_list",
    "make_set",
    "makelist",
    "makeset",
    "max",
    "min",
    "percentile",
    "stdev",
    "sum",
    "sumif",
    "take_any",
];

/// Tables of a schema; every name is a function of anything, so that what is measured does not hang on a list of them.
struct Measured(HashMap<String, Fields>);

impl Catalog for Measured {
    fn table(&self, name: &str) -> Option<Fields> {
        self.0.get(name).cloned()
    }
    fn tables(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
    fn function(&self, name: &str) -> Option<&Signature> {
        let plain = name.starts_with(|c: char| c.is_ascii_lowercase());
        (plain && !AGGREGATES.contains(&name)).then_some(&FUNCTION)
    }
    fn aggregate(&self, name: &str) -> Option<&Signature> {
        AGGREGATES.contains(&name).then_some(&FUNCTION)
    }
    fn stored_function(&self, _: &str) -> Option<StoredFunction> {
        None
    }
    fn functions(&self) -> Vec<String> {
        Vec::new()
    }
}

fn tables(schema: &Value) -> HashMap<String, Fields> {
    let columns = |text: &Value| {
        let text = format!("datatable {} []", text.as_str().unwrap_or("()"));
        let bound = bind(&text, &EmptyCatalog, &BindOptions::default());
        bound.statements.into_iter().next().map(|statement| statement.plan.fields)
    };
    let all = schema["tables"].as_object().into_iter().flatten();
    all.filter_map(|(name, text)| Some((name.clone(), columns(text)?))).collect()
}

/// The queries of a file, by name.
fn queries(path: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    if name.ends_with(".kql") {
        return Ok(vec![(name, text)]);
    }
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let row: Value = serde_json::from_str(line)
            .map_err(|error| format!("{}, line {}: {error}", path.display(), at + 1))?;
        if let Some(query) = row["query"].as_str() {
            let id = row["id"].as_str().map_or_else(|| format!("{name}:{}", at + 1), str::to_owned);
            found.push((id, query.to_owned()));
        }
    }
    Ok(found)
}

/// What is measured.
struct Asked {
    corpus: Vec<PathBuf>,
    schema: Option<PathBuf>,
}

impl Asked {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut asked = Self { corpus: Vec::new(), schema: None };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            match argument.as_str() {
                "--corpus" => asked.corpus.push(value.into()),
                "--schema" => asked.schema = Some(value.into()),
                _ => return Err(USAGE.into()),
            }
        }
        if asked.corpus.is_empty() {
            let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/kql");
            for entry in std::fs::read_dir(&own)? {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == "kql") {
                    asked.corpus.push(path);
                }
            }
            asked.schema.get_or_insert_with(|| own.join("schema.json"));
        }
        Ok(asked)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let asked = Asked::read(std::env::args().skip(1))?;
    let schema: Value = match &asked.schema {
        Some(path) => serde_json::from_slice(&std::fs::read(path)?)?,
        None => Value::Null,
    };
    let catalog = Measured(tables(&schema));
    let options =
        BindOptions { now: 638_000_000_000_000_000, check_only: true, ..BindOptions::default() };
    let mut times = Vec::new();
    for path in &asked.corpus {
        for (name, text) in queries(path)? {
            let quickest = (0..ROUNDS)
                .map(|_| {
                    let start = Instant::now();
                    drop(bind(&text, &catalog, &options));
                    start.elapsed()
                })
                .min();
            times.push((quickest.unwrap_or_default(), name));
        }
    }
    times.sort();
    let (Some((median, _)), Some((late, _)), Some((slowest, name))) =
        (times.get(times.len() / 2), times.get(times.len() * 99 / 100), times.last())
    else {
        return Err("there is no query in the corpus".into());
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} queries, {} tables", times.len(), catalog.0.len())?;
    writeln!(out, "median          {median:>12.1?}  at most {MEDIAN_MAX:?}")?;
    writeln!(out, "99th percentile {late:>12.1?}")?;
    writeln!(out, "slowest         {slowest:>12.1?}  at most {SLOWEST_MAX:?}: {name}")?;
    for (time, name) in times.iter().rev().take(SHOWN).skip(1) {
        writeln!(out, "                {time:>12.1?}  {name}")?;
    }
    if *median > MEDIAN_MAX || *slowest > SLOWEST_MAX {
        return Err("slower than it must be".into());
    }
    Ok(())
}
