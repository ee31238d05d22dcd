//! `doorledger dead-letters`: what could not be read or delivered, asked of a running server.
//! Deliberately absent: what a replay does (`crate::replay`).

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};
use url::Url;

use super::server::Server;
use super::{print, say};
use crate::cli::{DeadLetters, LetterFilter};
use crate::ship::Shipper;

/// Lists, shows, replays or discards.
pub(super) async fn run(command: DeadLetters) -> Result<()> {
    match command {
        DeadLetters::List { server, filter, limit, json } => {
            let mut path = Url::parse("http://server/api/v1/dead-letters")?;
            path.query_pairs_mut()
                .append_pair("limit", &limit.to_string())
                .extend_pairs(fields(&filter).iter().map(|(name, value)| (*name, value.as_str())));
            let path = format!("{}?{}", path.path(), path.query().unwrap_or_default());
            let answer = Server::of(&server)?.get(&path).await?;
            if json { print(&format!("{answer:#}\n")) } else { print_list(&answer) }
        }
        DeadLetters::Show { server, id } => {
            let answer = Server::of(&server)?.get(&format!("/api/v1/dead-letters/{id}")).await?;
            print(&format!("{answer:#}\n"))
        }
        DeadLetters::Replay { server, filter, ids } => {
            let which = which(&filter, ids);
            let answer = Server::of(&server)?.post("/api/v1/dead-letters/replay", &which).await?;
            print(&format!("{answer:#}\n"))
        }
        DeadLetters::Discard { server, filter, why, all: _, ids } => {
            let wanted = json!({ "which": which(&filter, ids), "why": why });
            let answer = Server::of(&server)?.post("/api/v1/dead-letters/discard", &wanted).await?;
            print(&format!("{answer:#}\n"))
        }
    }
}

/// What a filter asks, as the server names it.
fn fields(filter: &LetterFilter) -> Vec<(&'static str, String)> {
    // A destination's letters have its reader's name for their origin.
    let origin = filter.destination.as_deref().map(Shipper::reader);
    let fields =
        [("origin", origin), ("source", filter.source.clone()), ("reason", filter.reason.clone())];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn which(filter: &LetterFilter, ids: Vec<u64>) -> Value {
    if !ids.is_empty() {
        return json!({ "ids": ids });
    }
    let filter = fields(filter).into_iter().map(|(name, value)| (name.to_owned(), value.into()));
    let all = [("all".to_owned(), Value::from(true))];
    Value::Object(all.into_iter().chain(filter).collect())
}

fn print_list(answer: &Value) -> Result<()> {
    let letters = answer["letters"].as_array().cloned().unwrap_or_default();
    if letters.is_empty() {
        say("no dead letters");
        return Ok(());
    }
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["id", "at", "from", "event", "reason"]);
    for letter in &letters {
        let text = |name: &str| match &letter[name] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        table.add_row([text("id"), text("at"), text("origin"), text("event_id"), text("reason")]);
    }
    print(&format!("{table}\n"))
}
