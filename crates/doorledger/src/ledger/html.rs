//! A statement as a page: one file without scripts or anything from elsewhere, made to be printed.
//! Deliberately absent: signing (`statement`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::Timestamp;

use super::State;
use super::statement::{Statement, ToldHour, totals};

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;color:#1a1a1a;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}p{margin:.25rem 0}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
th,td{padding:.2rem .5rem;text-align:right;border-bottom:1px solid #ddd}th:first-child,td:first-child,td.t,th.t{text-align:left}\
th{background:#f4f4f4}td.c{text-align:center}.hours{font-family:ui-monospace,monospace;letter-spacing:.1em;white-space:nowrap}\
.small{font-size:.8rem;color:#555;overflow-wrap:anywhere}@media print{body{margin:0;max-width:none;font-size:10pt}\
tr{break-inside:avoid}thead{display:table-header-group}}@page{size:A4;margin:15mm}";

/// What stands for an hour's state in the row of its day.
const fn mark(state: State) -> char {
    match state {
        State::Proved => '\u{25a0}',
        State::Open => '\u{2026}',
        State::Unmatched => '!',
        State::Gap => '\u{2715}',
        State::NotProved => '\u{25a1}',
    }
}

/// The page, without its signature.
pub(super) fn page(statement: &Statement, key: &str) -> String {
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _written = write_page(&mut page, statement, key);
    page
}

fn write_page(page: &mut String, statement: &Statement, key: &str) -> std::fmt::Result {
    let Statement { provider, tenant, month, .. } = statement;
    let title = escaped(&format!("Completeness of {provider}/{tenant} in {month}"));
    write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head><body>\n"
    )?;
    writeln!(page, "<h1>{title}</h1>\n<p>{}</p>", escaped(&verdict(statement)))?;
    writeln!(page, "<p class=\"small\">{}</p>", escaped(&statement.meaning))?;
    write_totals(page, statement)?;
    write_gaps(page, statement)?;
    write_days(page, statement)?;
    write_destinations(page, statement)?;
    writeln!(
        page,
        "<h2>Made</h2>\n<p class=\"small\">{} by doorledger {} on node {} ({}). Signed by {}. To check this file: <code>doorledger verify --statement FILE</code></p>",
        statement.made,
        escaped(&statement.program),
        escaped(&statement.node),
        escaped(&statement.clock),
        escaped(key)
    )?;
    write!(page, "</body></html>")
}

/// The judgement of the month in a sentence.
pub(crate) fn verdict(statement: &Statement) -> String {
    let count = |state: State| statement.totals.hours.get(state.name()).copied().unwrap_or(0);
    let all: u64 = statement.totals.hours.values().sum();
    let (proved, open) = (count(State::Proved), count(State::Open));
    let missing = all - proved - open;
    let rest = if open > 0 { format!(", {open} still open") } else { String::new() };
    if missing == 0 {
        format!("{proved} of {all} hours are proved{rest}; nothing is missing.")
    } else {
        format!("{proved} of {all} hours are proved{rest}; {missing} are not.")
    }
}

fn write_totals(page: &mut String, statement: &Statement) -> std::fmt::Result {
    let totals = &statement.totals;
    writeln!(
        page,
        "<h2>Events</h2>\n<table><thead><tr><th>Stored</th><th>Came by poll</th><th>by push</th><th>by both</th><th>by push alone</th><th>by import</th><th>Duplicates</th><th>Unreadable</th></tr></thead>\n\
         <tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr></table>",
        totals.stored,
        totals.polled,
        totals.pushed,
        totals.both,
        totals.push_only,
        totals.imported,
        totals.duplicates,
        totals.rejected
    )
}

fn write_gaps(page: &mut String, statement: &Statement) -> std::fmt::Result {
    if statement.gaps.is_empty() {
        return writeln!(page, "<h2>Gaps</h2>\n<p>None.</p>");
    }
    writeln!(
        page,
        "<h2>Gaps</h2>\n<table><thead><tr><th>From</th><th class=\"t\">Until</th><th class=\"t\">Cause</th></tr></thead>"
    )?;
    for gap in &statement.gaps {
        writeln!(
            page,
            "<tr><td>{}</td><td class=\"t\">{}</td><td class=\"t\">{}</td></tr>",
            minute(gap.from),
            minute(gap.until),
            escaped(&gap.cause)
        )?;
    }
    writeln!(page, "</table>")
}

fn write_days(page: &mut String, statement: &Statement) -> std::fmt::Result {
    writeln!(
        page,
        "<h2>Days</h2>\n<p class=\"small\">{} proved, {} gap, {} not proved, ! pushed alone, {} open, · nothing known; hours of UTC</p>\n\
         <table><thead><tr><th>Day</th><th class=\"t\">Hours 0 to 23</th><th>Stored</th><th>Poll</th><th>Push</th><th>Both</th><th>Duplicates</th><th>Unreadable</th></tr></thead>",
        mark(State::Proved),
        mark(State::Gap),
        mark(State::NotProved),
        mark(State::Open)
    )?;
    let mut days: BTreeMap<String, Vec<ToldHour>> = BTreeMap::new();
    for hour in &statement.hours {
        days.entry(hour.hour.strftime("%Y-%m-%d").to_string()).or_default().push(hour.clone());
    }
    for (day, hours) in days {
        let sums = totals(&hours);
        writeln!(
            page,
            "<tr><td>{day}</td><td class=\"t hours\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            marks(&hours),
            sums.stored,
            sums.polled,
            sums.pushed,
            sums.both,
            sums.duplicates,
            sums.rejected
        )?;
    }
    writeln!(page, "</table>")
}

/// One sign for each hour of a day.
pub(crate) fn marks(hours: &[ToldHour]) -> String {
    let hour_of = |hour: &ToldHour| hour.hour.as_second().div_euclid(3600).rem_euclid(24);
    let sign = |wanted: i64| {
        hours.iter().find(|hour| hour_of(hour) == wanted).map_or('\u{b7}', |hour| mark(hour.state))
    };
    (0..24).map(sign).collect()
}

fn write_destinations(page: &mut String, statement: &Statement) -> std::fmt::Result {
    if statement.destinations.is_empty() {
        return Ok(());
    }
    writeln!(
        page,
        "<h2>Delivered</h2>\n<table><thead><tr><th>Destination</th><th>Acknowledged</th><th>Refused</th><th>Not sendable</th></tr></thead>"
    )?;
    for (name, went) in &statement.destinations {
        writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(name),
            went.acknowledged,
            went.refused,
            went.unsendable
        )?;
    }
    writeln!(page, "</table>")
}

fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
