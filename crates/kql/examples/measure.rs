//! Measures reading and binding: `measure [FOLDER]`, over every query in the folder's `.kql` files and `.jsonl` files (objects
//! with `query`), with the tables of its `schema.json`; without one, over the project's own. Fails if it is slower than it
//! must be. `cargo xtask bench kql` runs it. Deliberately absent: whether the queries are right (`doorledger kql check`).

use std::collections::HashMap;
use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kql::catalog::{Catalog, EmptyCatalog, StoredFunction};
use kql::plan::Field;
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
struct Measured(HashMap<String, Vec<Field>>);

impl Catalog for Measured {
    fn table(&self, name: &str) -> Option<Vec<Field>> {
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

fn tables(schema: &Value) -> HashMap<String, Vec<Field>> {
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
    let text = std::fs::read_to_string(path)?;
    if name.ends_with(".kql") {
        return Ok(vec![(name, text)]);
    }
    let mut found = Vec::new();
    for line in text.lines().filter(|_| name.ends_with(".jsonl")) {
        let row: Value = serde_json::from_str(line)?;
        if let Some(query) = row["query"].as_str() {
            found.push((row["id"].to_string(), query.to_string()));
        }
    }
    Ok(found)
}

fn main() -> Result<(), Box<dyn Error>> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/kql");
    let folder = std::env::args().nth(1).map_or(own, PathBuf::from);
    let schema = std::fs::read(folder.join("schema.json")).ok();
    let schema: Value = schema.map_or(Ok(Value::Null), |text| serde_json::from_slice(&text))?;
    let catalog = Measured(tables(&schema));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        paths.push(entry?.path());
    }
    let options =
        BindOptions { now: 638_000_000_000_000_000, check_only: true, ..BindOptions::default() };
    let mut times = Vec::new();
    for path in paths.iter().filter(|path| path.is_file()) {
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
    let (Some((median, _)), Some((slowest, name))) = (times.get(times.len() / 2), times.last())
    else {
        return Err("there is no query in the folder".into());
    };
    let count = times.len();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{count} queries read and bound")?;
    writeln!(out, "median {median:?}, must be at most {MEDIAN_MAX:?}")?;
    writeln!(out, "slowest {slowest:?} ({name}), must be at most {SLOWEST_MAX:?}")?;
    if *median > MEDIAN_MAX || *slowest > SLOWEST_MAX {
        return Err("slower than it must be".into());
    }
    Ok(())
}
