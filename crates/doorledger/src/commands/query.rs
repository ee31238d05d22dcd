//! `doorledger query`: asks a running server, or reads a data folder directly, and prints the answer.
//! Deliberately absent: KQL.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use comfy_table::{ContentArrangement, Table, presets};
use http::Method;
use serde_json::{Value, json};

use super::server::Server;
use super::{print, say, written};
use crate::cli::{Format, Query};
use crate::exit::{Exit, Failure};
use crate::node;

/// The longest question that is read from standard input.
const QUESTION_BYTES_MAX: u64 = 1024 * 1024;

/// Asks and prints.
pub(super) async fn run(config: Option<&Path>, options: Query) -> Result<()> {
    let text = question(options.text)?;
    let accept = match options.format {
        Format::Table | Format::Json => "application/json",
        Format::Csv => "text/csv",
        Format::Ndjson => "application/x-ndjson",
    };
    let body = match &options.data {
        Some(folder) => {
            let outline = node::outline(&written(config)?, Some(folder.clone())).await?;
            node::ask_folder(outline, &text, accept).await?
        }
        None => {
            let server = Server::of(&options.server)?;
            let question = Bytes::from(json!({ "query": text }).to_string());
            server.send(Method::POST, "/api/v1/query", accept, question).await?.body
        }
    };
    if options.format == Format::Table {
        print_tables(&body)
    } else {
        print(&String::from_utf8_lossy(&body))
    }
}

pub(super) fn question(text: String) -> Result<String> {
    if text != "-" {
        return Ok(text);
    }
    let mut text = String::new();
    std::io::stdin()
        .take(QUESTION_BYTES_MAX)
        .read_to_string(&mut text)
        .context("read the question")?;
    Ok(text)
}

/// Prints each table of a JSON answer with aligned columns.
fn print_tables(body: &[u8]) -> Result<()> {
    let answer: Value = serde_json::from_slice(body).context("read the answer")?;
    let mut rows_told = Vec::new();
    for table in answer["tables"].as_array().into_iter().flatten() {
        let columns = table["columns"].as_array().cloned().unwrap_or_default();
        let rows = table["rows"].as_array().cloned().unwrap_or_default();
        let mut drawn = Table::new();
        drawn
            .load_preset(presets::UTF8_HORIZONTAL_ONLY)
            .set_content_arrangement(ContentArrangement::Dynamic);
        drawn.set_header(columns.iter().map(|column| column["name"].as_str().unwrap_or_default()));
        for row in &rows {
            drawn.add_row(row.as_array().into_iter().flatten().map(cell));
        }
        print(&format!("{drawn}\n"))?;
        rows_told.push(rows.len());
    }
    let told: Vec<String> = rows_told
        .iter()
        .map(|rows| format!("{rows} {}", if *rows == 1 { "row" } else { "rows" }))
        .collect();
    say(&told.join(", "));
    match answer["error"]["message"].as_str() {
        Some(message) => {
            Err(Failure::error(Exit::Data, format!("the answer is not whole: {message}")))
        }
        None => Ok(()),
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
