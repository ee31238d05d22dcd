//! `doorledger dead-letters`: what could not be read or delivered, asked of a running server.
//! Deliberately absent: what a replay does (`crate::replay`).

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};

use super::server::Server;
use super::{print, say};
use crate::cli::DeadLetters;

/// Lists, shows or replays.
pub(super) async fn run(command: DeadLetters) -> Result<()> {
    match command {
        DeadLetters::List { server, limit, json } => {
            let answer =
                Server::of(&server)?.get(&format!("/api/v1/dead-letters?limit={limit}")).await?;
            if json { print(&format!("{answer:#}\n")) } else { print_list(&answer) }
        }
        DeadLetters::Show { server, id } => {
            let answer = Server::of(&server)?.get(&format!("/api/v1/dead-letters/{id}")).await?;
            print(&format!("{answer:#}\n"))
        }
        DeadLetters::Replay { server, ids } => {
            let which = if ids.is_empty() { json!({ "all": true }) } else { json!({ "ids": ids }) };
            let answer = Server::of(&server)?.post("/api/v1/dead-letters/replay", &which).await?;
            print(&format!("{answer:#}\n"))
        }
    }
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
