//! The lake against the books: each event once, by its bytes; none that nobody published; none of days whose time is over.
//! Deliberately absent: counts by hour (`hours`).

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::value::RawValue;

use super::stage::{RETENTION_DAYS, Stage};
use super::truth::{Event, Published, Truth};
use super::{Compared, few};
use crate::Measured;
use crate::process::Program;

/// Journal offsets whose rows are asked for at once: some 30 MB.
const OFFSETS_AT_ONCE: u64 = 15_000;

/// The table of each provider.
pub(super) const AUTH0: &str = "Auth0Logs_CL";
/// See [`AUTH0`].
pub(super) const ONELOGIN: &str = "OneLoginEventsV2_CL";

/// The first day that Auth0's table still has.
pub(super) async fn first_kept(program: &Program, stage: &Stage) -> Result<String> {
    if !stage.expires() {
        return Ok("2000-01-01".to_owned());
    }
    let question =
        format!("print format_datetime(startofday(now()) - {RETENTION_DAYS}d, 'yyyy-MM-dd')");
    let rows = program.query(&question).await?;
    let day = rows.first().and_then(|row| row.first()).and_then(|cell| cell.as_str());
    day.map(str::to_owned).context("no day")
}

/// Compares every row of both tables.
pub(super) async fn compare(program: &Program, stage: &Stage, truth: &Truth) -> Result<Compared> {
    let kept = first_kept(program, stage).await?;
    let mut books = [
        Book::new(&truth.acme, |event| event.day() >= kept.as_str()),
        Book::new(&truth.globex, |_| true),
    ];
    for (table, book) in [AUTH0, ONELOGIN].into_iter().zip(&mut books) {
        let last = program.number(&format!("{table} | summarize tolong(max(_Offset))")).await?;
        let mut from = 0;
        while from <= last {
            let until = from + OFFSETS_AT_ONCE;
            let question = format!(
                "{table} | where _Offset >= {from} and _Offset < {until} | project _EventId, Raw = tostring(RawEvent)"
            );
            for row in program.query(&question).await? {
                let text = |n: usize| row.get(n).and_then(|cell| cell.as_str()).unwrap_or_default();
                book.row(text(0), text(1));
            }
            from = until;
        }
    }
    let dropped = truth.acme.events().iter().filter(|it| it.day() < kept.as_str()).count();
    Ok(told(&books, dropped))
}

fn told(books: &[Book<'_>; 2], dropped: usize) -> Compared {
    let mut compared = Compared::default();
    let mut line = |work: &str, of: fn(&Book<'_>) -> u64, what: String| {
        let count: u64 = books.iter().map(of).sum();
        compared.lines.push(Measured {
            work: work.to_owned(),
            figures: format!("{count}{what}"),
            must: "0",
            reached: count == 0,
        });
    };
    let rows: u64 = books.iter().map(|book| book.rows).sum();
    line("events lost in the lake", |book| book.lost().len() as u64, format!(" of {rows}"));
    line("events doubled in the lake", |book| book.doubled().len() as u64, String::new());
    line(
        "events whose bytes are not those published",
        |book| book.changed.len() as u64,
        String::new(),
    );
    line("events that nobody published", |book| book.unknown.len() as u64, String::new());
    line(
        "rows of days whose time is over",
        |book| book.expired,
        format!(" left, {dropped} dropped by retention"),
    );
    for book in books {
        compared.differences.extend(few("lost in the lake", &book.lost()));
        compared.differences.extend(few("doubled in the lake", &book.doubled()));
        compared.differences.extend(few("changed in the lake", &book.changed));
        compared.differences.extend(few("published by nobody", &book.unknown));
    }
    compared
}

/// What was found of a table, beside what should be.
struct Book<'a> {
    published: &'a Published,
    /// Rows found less events expected, by group.
    balance: Vec<i64>,
    /// The events that the balance counts.
    counts: Box<dyn Fn(&Event) -> bool + 'a>,
    rows: u64,
    expired: u64,
    changed: Vec<String>,
    unknown: Vec<String>,
}

impl<'a> Book<'a> {
    fn new(published: &'a Published, counts: impl Fn(&Event) -> bool + 'a) -> Self {
        let mut balance = vec![0; published.groups().len()];
        for event in published.events().iter().filter(|event| counts(event)) {
            balance[event.group] -= 1;
        }
        Self {
            published,
            balance,
            counts: Box::new(counts),
            rows: 0,
            expired: 0,
            changed: Vec::new(),
            unknown: Vec::new(),
        }
    }

    fn row(&mut self, id: &str, raw: &str) {
        self.rows += 1;
        let Some(event) = self.published.find(id) else { return self.unknown.push(id.to_owned()) };
        if !(self.counts)(event) {
            self.expired += 1;
            return;
        }
        self.balance[event.group] += 1;
        let is_one = event.listed == raw.as_bytes() || event.pushed == raw.as_bytes();
        if !is_one && !self.is_joined(event, raw) {
            self.changed.push(format!("{id}: {raw}"));
        }
    }

    /// Whether a row is the pushed telling with the members behind it that only the API tells, of events that cannot be told
    /// apart.
    fn is_joined(&self, event: &Event, raw: &str) -> bool {
        let Some(found) = members(raw.as_bytes()) else { return false };
        let id = found.get("id").map_or("", |id| id.get().trim_matches('"'));
        let Some(listed) = self.published.find(id).filter(|it| it.group == event.group) else {
            return false;
        };
        let (Some(pushed), Some(listed)) = (members(&event.pushed), members(&listed.listed)) else {
            return false;
        };
        let is_told = |value: &str| !matches!(value, "null" | "\"\"");
        let names: std::collections::BTreeSet<&String> =
            pushed.keys().chain(listed.keys()).collect();
        names.len() == found.len()
            && names.into_iter().all(|name| {
                let value = |told: &BTreeMap<String, &RawValue>| {
                    told.get(name).map(|it| it.get().to_owned())
                };
                let (first, second) = (value(&pushed), value(&listed));
                let expected = match (first, second) {
                    (Some(first), Some(second)) if !is_told(&first) && is_told(&second) => {
                        Some(second)
                    }
                    (Some(first), _) => Some(first),
                    (None, second) => second,
                };
                value(&found) == expected
            })
    }

    fn lost(&self) -> Vec<String> {
        self.uneven(|balance| balance < 0)
    }

    fn doubled(&self) -> Vec<String> {
        self.uneven(|balance| balance > 0)
    }

    /// The groups whose rows are not as many as their events, by the id of one of these.
    fn uneven(&self, is_meant: fn(i64) -> bool) -> Vec<String> {
        let mut told = vec![false; self.balance.len()];
        let mut uneven = Vec::new();
        for event in self.published.events() {
            let balance = self.balance[event.group];
            if is_meant(balance) && !std::mem::replace(&mut told[event.group], true) {
                for _ in 0..balance.unsigned_abs() {
                    uneven.push(format!("{} of {}", event.id, event.hour));
                }
            }
        }
        uneven
    }
}

/// The members of an object, their values as they are written.
fn members(raw: &[u8]) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_slice(raw).ok()
}

/// How many commits of each kind the Delta logs of a lake hold.
pub(super) fn deeds(lake: &Path) -> Result<Vec<(&'static str, usize)>> {
    const OPERATIONS: [(&str, &str); 3] = [
        ("append", "\"operation\":\"WRITE\""),
        ("compact", "\"operation\":\"OPTIMIZE\""),
        ("expire", "\"operation\":\"DELETE\""),
    ];
    let mut found = OPERATIONS.map(|(name, _)| (name, 0));
    for table in [AUTH0, ONELOGIN] {
        let log = lake.join(table).join("_delta_log");
        for entry in std::fs::read_dir(&log).with_context(|| format!("list {}", log.display()))? {
            let path = entry.context("list a log")?.path();
            if path.extension().is_some_and(|it| it == "json") {
                let text = std::fs::read_to_string(&path).context("read a commit")?;
                for ((_, count), (_, operation)) in found.iter_mut().zip(OPERATIONS) {
                    *count += usize::from(text.contains(operation));
                }
            }
        }
    }
    Ok(found.to_vec())
}
