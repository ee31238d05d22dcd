//! `doorledger tail`: follows new events. It asks for what has a larger journal offset than the last one shown, so that an
//! event which arrives late is shown all the same.
//! Deliberately absent: events that came before the start.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::print;
use super::server::Server;
use crate::cli::Tail;

/// Between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Events shown after one look; what is beyond comes with the next one.
const LOOK_EVENTS_MAX: u32 = 1_000;

/// Follows until stopped, or until enough was shown.
pub(super) async fn run(options: Tail) -> Result<()> {
    let server = Server::of(&options.server)?;
    let table = options.table;
    let newest = rows(&server, &format!("{table} | summarize max(_Offset)")).await?;
    let mut offset = newest.first().and_then(|row| row[0].as_i64()).unwrap_or_default();
    let mut left = options.events.unwrap_or(u64::MAX);
    while left > 0 {
        let question = format!(
            "{table} | where _Offset > {offset} | sort by _Offset asc | take {} | project _Offset, TimeGenerated, _Tenant, _Source, RawEvent=tostring(RawEvent)",
            u64::from(LOOK_EVENTS_MAX).min(left)
        );
        let found = rows(&server, &question).await?;
        for row in &found {
            offset = row[0].as_i64().context("an event without an offset")?;
            let text = |index: usize| row[index].as_str().unwrap_or_default();
            print(&format!("{}  {}/{}  {}\n", text(1), text(2), text(3), text(4)))?;
        }
        left -= found.len() as u64;
        if found.len() < LOOK_EVENTS_MAX as usize && left > 0 {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
    Ok(())
}

async fn rows(server: &Server, question: &str) -> Result<Vec<Value>> {
    let answer = server.post("/api/v1/query", &json!({ "query": question })).await?;
    Ok(answer["tables"][0]["rows"].as_array().cloned().unwrap_or_default())
}
