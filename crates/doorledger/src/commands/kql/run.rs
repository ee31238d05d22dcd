//! `doorledger kql run`: answers queries over tables from files, or over none but those that a query brings itself, and
//! prints a line of JSON for each. Deliberately absent: data folders and servers (`query`).

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use model::{QueryLimits, QueryRequest, SystemClock};
use query::{Engine, EngineOptions, JsonRow, MemoryTables, Tables as _};
use serde_json::{Value, json};

use super::{lines, schema};
use crate::cli::RunKql;
use crate::exit::{Exit, Failure};

/// How large a table's file may be: its rows are held in memory.
const TABLE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Answers every query.
pub(super) async fn run(options: &RunKql) -> Result<()> {
    let schema = schema::read(&options.names)?;
    let mut tables = schema.tables;
    for table in &options.tables {
        let Some((name, path)) = table.split_once('=') else {
            let message = format!("--table {table}: is not NAME=FILE");
            return Err(Failure::error(Exit::Data, message));
        };
        fill(&mut tables, name, Path::new(path))?;
    }
    let clock = Arc::new(SystemClock);
    let engine = Engine::new(Arc::new(tables), schema.functions, clock, EngineOptions::default())
        .context("start the query engine")?;
    let mut out = std::io::stdout().lock();
    let handle = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        lines::each(&options.files, |query| {
            let answer = handle.block_on(answer(&engine, query.text, query.id));
            writeln!(out, "{answer}").context("write the answer")
        })
    })
}

/// `{"id","columns","rows"}` of the last table, or `{"id","error","code"}`.
async fn answer(engine: &Engine, text: String, id: Value) -> Value {
    let request = QueryRequest { text, timespan: None, limits: QueryLimits::default() };
    let failed = |message: &str, code: &str| json!({ "id": id, "error": message, "code": code });
    let body = match api::answer(engine, request, "application/json").await {
        Ok(body) => body,
        Err(problem) => {
            let problem = problem.details();
            return failed(&problem.detail, &problem.code);
        }
    };
    let mut answer: Value = match serde_json::from_slice(&body) {
        Ok(answer) => answer,
        Err(error) => return failed(&format!("the answer is not JSON: {error}"), "internal"),
    };
    if let Some(message) = answer["error"]["message"].as_str() {
        return failed(message, answer["error"]["code"].as_str().unwrap_or_default());
    }
    let last = answer["tables"].as_array_mut().and_then(Vec::pop).unwrap_or_default();
    let part = |name: &str| last.get(name).cloned().unwrap_or_else(|| json!([]));
    json!({ "id": id, "columns": part("columns"), "rows": part("rows") })
}

/// A table from a file of JSON lines, over the columns that a schema declared for it.
fn fill(tables: &mut MemoryTables, name: &str, path: &Path) -> Result<()> {
    let failed =
        |exit, reason: String| Failure::error(exit, format!("{}: {reason}", path.display()));
    let file = File::open(path).map_err(|error| failed(Exit::Io, error.to_string()))?;
    let size = file.metadata().map_err(|error| failed(Exit::Io, error.to_string()))?.len();
    if size > TABLE_BYTES_MAX {
        let reason = format!(
            "is larger than {TABLE_BYTES_MAX} bytes\n  hint: import it, then `query --data`"
        );
        return Err(failed(Exit::Data, reason));
    }
    let mut rows: Vec<JsonRow> = Vec::new();
    for (at, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| failed(Exit::Io, error.to_string()))?;
        if line.trim().is_empty() {
            continue;
        }
        rows.push(serde_json::from_str(&line).map_err(|error| {
            failed(Exit::Data, format!("line {} is not a JSON object: {error}", at + 1))
        })?);
    }
    let fields = tables.columns(name).unwrap_or_else(|| query::columns_of(&rows));
    tables.fill(name, fields, &rows).map_err(|error| failed(Exit::Data, error.to_string()))
}
