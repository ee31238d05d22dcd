//! `doorledger status`: how each source and destination is doing, asked of a running server.
//! Deliberately absent: finding it out (`crate::report`).

use anyhow::{Context as _, Result};
use api::{AlarmStatus, Light, ReadBackStatus, Status, Trouble};
use comfy_table::{ContentArrangement, Table, presets};
use model::Timestamp;
use serde::Serialize;

use super::print;
use super::server::Server;
use crate::cli;
use crate::exit::{Exit, Failure};

/// Asks and prints. A red status is a finding: exit code 1.
pub(super) async fn run(options: cli::Status) -> Result<()> {
    let answer = Server::of(&options.server)?.get("/api/v1/status").await?;
    let status: Status = serde_json::from_value(answer.clone()).context("read the status")?;
    if options.json {
        print(&format!("{answer:#}\n"))?;
    } else {
        print(&shown(&status))?;
    }
    if status.light == Light::Red {
        Err(Failure::error(Exit::Findings, "the status is red"))
    } else {
        Ok(())
    }
}

fn shown(status: &Status) -> String {
    let mut text = format!(
        "{}  doorledger {}, since {}\n",
        word(&status.light),
        status.version,
        status.started
    );
    for reason in &status.reasons {
        text.push_str(&format!("  {reason}\n"));
    }
    let mut sources = table([
        "source",
        "state",
        "last event",
        "lag",
        "stored",
        "duplicates",
        "unreadable",
        "gaps",
    ]);
    for source in &status.sources {
        sources.add_row([
            source.source.to_string(),
            word(&source.state),
            moment(source.last_event),
            source.lag_seconds.map_or_else(String::new, span),
            source.stored_events.to_string(),
            source.duplicate_events.to_string(),
            source.rejected_events.to_string(),
            source.gaps.to_string(),
        ]);
    }
    let destinations = destinations(status);
    text.push_str(&format!("{sources}\n{destinations}\n"));
    text.push_str(&format!(
        "journal  {} of {} MiB, next offset {}, {} dead letters\n",
        status.journal.bytes >> 20,
        status.journal.bytes_max >> 20,
        status.journal.head_offset,
        status.journal.dead_letters
    ));
    text.push_str(&format!(
        "lake     committed to offset {}, {} events in memory\n",
        status.lake.committed_offset, status.lake.uncommitted_events
    ));
    for alarm in &status.alarms {
        text.push_str(&alarmed(alarm));
    }
    for destination in &status.destinations {
        let told = destination.read_back.as_ref();
        text.push_str(&told.map_or_else(String::new, |told| read_back(&destination.name, told)));
    }
    let troubles = status.sources.iter().map(|source| (source.source.to_string(), &source.trouble));
    let troubles = troubles.chain(status.destinations.iter().map(|d| (d.name.clone(), &d.trouble)));
    for (name, trouble) in troubles {
        text.push_str(&trouble.as_ref().map_or_else(String::new, |trouble| told(&name, trouble)));
    }
    text
}

/// The destinations as a table.
pub(super) fn destinations(status: &Status) -> Table {
    let mut destinations =
        table(["destination", "state", "backlog", "oldest", "sent", "dead letters"]);
    for destination in &status.destinations {
        destinations.add_row([
            match destination.kind.as_str() {
                "" => destination.name.clone(),
                kind => format!("{} ({kind})", destination.name),
            },
            word(&destination.state),
            destination.backlog_events.to_string(),
            destination.oldest_unsent_seconds.map_or_else(String::new, span),
            destination.sent_events.to_string(),
            destination.dead_letters.to_string(),
        ]);
    }
    destinations
}

fn alarmed(alarm: &AlarmStatus) -> String {
    let source = alarm.source.as_ref().map(ToString::to_string);
    let about = source.or_else(|| alarm.destination.clone()).unwrap_or_default();
    format!(
        "alarm    {} {about}: {} (since {}, {})\n  hint: {}\n",
        word(&alarm.light),
        alarm.message,
        moment(Some(alarm.opened)),
        alarm.alarm,
        alarm.hint
    )
}

fn read_back(name: &str, told: &ReadBackStatus) -> String {
    let hint =
        if told.hint.is_empty() { String::new() } else { format!("\n  hint: {}", told.hint) };
    format!("read back {name}: {}{hint}\n", told.message)
}

fn told(name: &str, trouble: &Trouble) -> String {
    let hint =
        if trouble.hint.is_empty() { String::new() } else { format!("\n  hint: {}", trouble.hint) };
    format!("{name}: {} ({}){hint}\n", trouble.message, trouble.code)
}

pub(super) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table
}

/// The word under which a state stands in JSON, for people too: `caught_up` → `caught up`.
fn word(state: &impl Serialize) -> String {
    let value = serde_json::to_value(state).unwrap_or_default();
    value.as_str().unwrap_or_default().replace('_', " ")
}

pub(super) fn moment(moment: Option<Timestamp>) -> String {
    moment.map_or_else(String::new, |moment| moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

/// Seconds as a person says them.
pub(super) fn span(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3_600.0),
        s => format!("{:.0} d", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_say_them() {
        for (seconds, expected) in [
            (0.4, "0 s"),
            (119.0, "119 s"),
            (600.0, "10 min"),
            (10_000.0, "3 h"),
            (900_000.0, "10 d"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }
}
