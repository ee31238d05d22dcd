//! `doorledger completeness`: the statement of a tenant's month, from a running server or a data folder: as a table for
//! people, or signed, as JSON or a page.
//! Deliberately absent: making and signing it (`crate::ledger`).

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use comfy_table::{ContentArrangement, Table, presets};
use http::Method;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::server::Server;
use super::{print, written};
use crate::cli::{Completeness, StatementFormat};
use crate::ledger::{Shown, Statement, ToldHour, marks, totals, verdict};
use crate::node;

/// Asks and prints.
pub(super) async fn run(config: Option<&Path>, options: Completeness) -> Result<()> {
    let form = match options.format {
        StatementFormat::Table | StatementFormat::Json => Shown::Json,
        StatementFormat::Html => Shown::Html,
    };
    let document = match &options.data {
        Some(folder) => {
            let outline = node::outline(&written(config)?, Some(folder.clone())).await?;
            node::statement_of_folder(outline, &options.tenant, &options.month, form).await?
        }
        None => ask(&options, form).await?,
    };
    let text = String::from_utf8_lossy(&document);
    if options.format != StatementFormat::Table {
        return print(&text);
    }
    let signed: Value = serde_json::from_str(&text).context("read the statement")?;
    let statement: Statement = serde_json::from_value(
        signed.get("statement").cloned().context("the answer is not a statement")?,
    )
    .context("read the statement")?;
    print(&shown(&statement, options.hours))
}

async fn ask(options: &Completeness, form: Shown) -> Result<Bytes> {
    let format = match form {
        Shown::Json => "json",
        Shown::Html => "html",
    };
    let mut query = Serializer::new(String::new());
    query.append_pair("tenant", &options.tenant);
    query.append_pair("month", &options.month);
    query.append_pair("format", format);
    let path = format!("/api/v1/ledger?{}", query.finish());
    let server = Server::of(&options.server)?;
    Ok(server.send(Method::GET, &path, "*/*", Bytes::new()).await?.body)
}

fn shown(statement: &Statement, hourly: bool) -> String {
    let Statement { provider, tenant, month, .. } = statement;
    let mut text = format!("{provider}/{tenant} in {month}: {}\n", verdict(statement));
    let mut table = table([
        if hourly { "hour" } else { "day" },
        if hourly { "state" } else { "hours 0 to 23" },
        "stored",
        "poll",
        "push",
        "both",
        "push alone",
        "import",
        "duplicates",
        "unreadable",
    ]);
    if hourly {
        for hour in &statement.hours {
            let when = hour.hour.strftime("%Y-%m-%d %H:00").to_string();
            table.add_row(row(
                when,
                hour.state.name().replace('_', " "),
                std::slice::from_ref(hour),
            ));
        }
    } else {
        let mut days: BTreeMap<String, Vec<ToldHour>> = BTreeMap::new();
        for hour in &statement.hours {
            days.entry(hour.hour.strftime("%Y-%m-%d").to_string()).or_default().push(hour.clone());
        }
        for (day, hours) in days {
            table.add_row(row(day, marks(&hours), &hours));
        }
    }
    text.push_str(&format!("{table}\n"));
    if !hourly {
        text.push_str(
            "\u{25a0} proved  \u{2715} gap  \u{25a1} not proved  ! pushed alone  \u{2026} open  \u{b7} nothing known\n",
        );
    }
    for gap in &statement.gaps {
        text.push_str(&format!("gap  {} to {}: {}\n", gap.from, gap.until, gap.cause));
    }
    for (name, went) in &statement.destinations {
        text.push_str(&format!(
            "{name}  {} acknowledged, {} refused, {} not sendable\n",
            went.acknowledged, went.refused, went.unsendable
        ));
    }
    text
}

fn row(when: String, state: String, hours: &[ToldHour]) -> Vec<String> {
    let sums = totals(hours);
    let mut row = vec![when, state];
    let numbers = [
        sums.stored,
        sums.polled,
        sums.pushed,
        sums.both,
        sums.push_only,
        sums.imported,
        sums.duplicates,
        sums.rejected,
    ];
    row.extend(numbers.iter().map(u64::to_string));
    row
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table
}
