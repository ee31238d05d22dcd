//! The ledger against the stand-ins' own accounts, hour by hour and channel by channel. With N events of an hour at a tenant
//! that is polled and pushed, and when all is settled:
//!
//! | of the ledger | must | why |
//! |---|---|---|
//! | stored, over both channels | = N | each event is stored once |
//! | stored and both, of each channel | = N | each channel brings each event, for the first time once |
//! | both, over both channels | = N | the second channel finds what the first had brought |
//! | acknowledged, of each destination | = N | a place and its count are one transaction |
//! | elsewhere, rejected, refused, unsendable | = 0 | nothing is imported, nothing is broken for good |
//! | received by poll | N ≤ … ≤ served | a page that was served may be cut on its way, or killed before it is durable |
//! | received by push | acknowledged ≤ … ≤ acknowledged + unanswered | what got no answer may have been taken |
//!
//! A served page that is not received needs a cause: a body that was cut, or a kill, before which at most two pages of a
//! poll were on their way (one asked for, one being made durable). The signed statements tell the same as the table.
//! Deliberately absent: single events (`lake`, `azure`).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::Value;
use simulator::{Fault, PushedAccount};

use super::azure::DESTINATIONS;
use super::stage::Stage;
use super::truth::Truth;
use super::{Compared, few};
use crate::Measured;
use crate::process::{Program, run_of};

/// Pages of a poll that are on their way: one asked for, one being made durable.
const PAGES_ON_THE_WAY: u64 = 2;
/// Events of a page at most, of either provider.
const PAGE_EVENTS: [u64; 2] = [100, 1_000];

/// By hour: `2026-11-20T10`.
type ByHour = BTreeMap<String, u64>;

/// What a tenant says of itself.
struct Told {
    tenant: &'static str,
    events: ByHour,
    served: ByHour,
    pushed: PushedAccount,
    cut_bodies: u64,
    page_events: u64,
}

/// What the ledger says of an hour.
#[derive(Debug, Default, Clone)]
struct Hour {
    poll: Channel,
    push: Channel,
    /// By destination.
    acknowledged: BTreeMap<String, u64>,
    /// Refused and unsendable, over all destinations.
    undelivered: u64,
    state: String,
}

/// What the ledger says of a channel in an hour.
#[derive(Debug, Default, Clone, Copy)]
struct Channel {
    received: u64,
    stored: u64,
    both: u64,
    other: u64,
    duplicates: u64,
}

/// The ledger of a tenant.
type Ledger = BTreeMap<String, Hour>;

fn accounts(stage: &Stage) -> [Told; 2] {
    let (acme, globex) = (stage.acme.account(), stage.globex.account());
    let cut =
        |faults: &BTreeMap<Fault, u64>| faults.get(&Fault::CutBody).copied().unwrap_or_default();
    [
        Told {
            tenant: "acme",
            cut_bodies: cut(&acme.faults),
            events: acme.per_hour,
            served: acme.served_per_hour,
            pushed: acme.streamed_per_hour,
            page_events: PAGE_EVENTS[0],
        },
        Told {
            tenant: "globex",
            cut_bodies: cut(&globex.faults),
            events: globex.per_hour,
            served: globex.served_per_hour,
            pushed: globex.pushed_per_hour,
            page_events: PAGE_EVENTS[1],
        },
    ]
}

async fn ledger(program: &Program, tenant: &str) -> Result<Ledger> {
    let question = format!(
        "Ledger | where Tenant == '{tenant}' | project format_datetime(TimeGenerated, 'yyyy-MM-ddTHH'), Channel, State, \
         Deliveries, Received, Stored, Both, Elsewhere + Rejected, Duplicates"
    );
    let mut ledger = Ledger::new();
    for row in program.query(&question).await? {
        let text = |n: usize| row.get(n).and_then(Value::as_str).unwrap_or_default();
        let number = |n: usize| row.get(n).and_then(Value::as_u64).unwrap_or_default();
        let hour = ledger.entry(text(0).to_owned()).or_default();
        text(2).clone_into(&mut hour.state);
        let found = Channel {
            received: number(4),
            stored: number(5),
            both: number(6),
            other: number(7),
            duplicates: number(8),
        };
        match text(1) {
            "poll" => hour.poll = found,
            "push" => hour.push = found,
            _ => {}
        }
        for (name, went) in deliveries(row.get(3)) {
            let of = |what: &str| went[what].as_u64().unwrap_or_default();
            *hour.acknowledged.entry(name).or_default() += of("acknowledged");
            hour.undelivered += of("refused") + of("unsendable");
        }
    }
    Ok(ledger)
}

/// The members of a dynamic cell, which may come as a value or as its text.
fn deliveries(cell: Option<&Value>) -> serde_json::Map<String, Value> {
    match cell {
        Some(Value::Object(members)) => members.clone(),
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        _ => serde_json::Map::new(),
    }
}

/// What is not equal yet, and a number that grows as long as something comes nearer.
pub(super) async fn look(program: &Program, stage: &Stage) -> Result<(Vec<String>, u64)> {
    let (mut differences, mut progress) = (Vec::new(), 0);
    for told in accounts(stage) {
        let ledger = ledger(program, told.tenant).await?;
        for hour in ledger.values() {
            let channels = [hour.poll, hour.push];
            progress += channels.iter().map(|it| it.stored + it.both).sum::<u64>();
            progress += hour.acknowledged.values().sum::<u64>();
        }
        differences.extend(unequal(&told, &ledger));
    }
    Ok((differences, progress))
}

/// Compares everything.
pub(super) async fn compare(
    program: &Program,
    stage: &Stage,
    truth: &Truth,
    kills: u32,
) -> Result<Compared> {
    let mut compared = Compared::default();
    let before = accounts(stage);
    let mut ledgers = Vec::new();
    for told in &before {
        ledgers.push(ledger(program, told.tenant).await?);
    }
    // Polls go on: what was served before the ledger was read is the least that it can know, what was served after it the
    // most.
    let after = accounts(stage);
    let (mut hours, mut differing) = (0, Vec::new());
    let mut bounds = Bounds::default();
    for ((before, after), ledger) in before.iter().zip(&after).zip(&ledgers) {
        hours += before.events.len();
        differing.extend(unequal(before, ledger));
        bounds.check(before, after, ledger, (!stage.is_full()).then_some(kills));
    }
    for (published, told) in [&truth.acme, &truth.globex].into_iter().zip(&before) {
        if published.per_hour() != told.events {
            differing
                .push(format!("{}: the stand-in's account contradicts its events", told.tenant));
        }
    }
    compared.lines.push(line(
        "hours in which the ledger (stored, by poll, by push, by both, delivered) differs from the stand-ins' account",
        "0",
        format!("{} of {hours} hours of 2 tenants and 2 destinations", differing.len()),
        differing.is_empty(),
    ));
    compared.differences.extend(few("ledger", &differing));
    bounds.tell(&mut compared);
    let statements = statements(program, stage, &before, &ledgers).await?;
    compared.lines.push(line(
        "signed statements (`completeness`) that differ from the ledger, or whose signature does not hold",
        "0",
        format!("{} of {}", statements.1.len(), statements.0),
        statements.1.is_empty(),
    ));
    compared.differences.extend(few("statement", &statements.1));
    compared.lines.push(states(&before, &ledgers));
    Ok(compared)
}

fn line(work: &str, must: &'static str, figures: String, reached: bool) -> Measured {
    Measured { work: work.to_owned(), figures, must, reached }
}

/// Where what must be equal is not.
fn unequal(told: &Told, ledger: &Ledger) -> Vec<String> {
    let hours: BTreeSet<&String> = told.events.keys().chain(ledger.keys()).collect();
    let nothing = Hour::default();
    let mut differing = Vec::new();
    for name in hours {
        let hour = ledger.get(name).unwrap_or(&nothing);
        let events = told.events.get(name).copied().unwrap_or_default();
        let (poll, push) = (hour.poll, hour.push);
        let mut equal = vec![
            ("stored", poll.stored + push.stored, events),
            ("by poll", poll.stored + poll.both, events),
            ("by push", push.stored + push.both, events),
            ("by both", poll.both + push.both, events),
            ("elsewhere or rejected", poll.other + push.other, 0),
            ("undelivered", hour.undelivered, 0),
            ("received by poll", poll.received, poll.stored + poll.both + poll.duplicates),
            ("received by push", push.received, push.stored + push.both + push.duplicates),
        ];
        for (destination, _) in DESTINATIONS {
            let sent = hour.acknowledged.get(destination).copied().unwrap_or_default();
            equal.push((destination, sent, events));
        }
        let wrong: Vec<String> = equal
            .into_iter()
            .filter(|(_, found, expected)| found != expected)
            .map(|(what, found, expected)| format!("{what} {found}, not {expected}"))
            .collect();
        if !wrong.is_empty() {
            differing.push(format!("{} {name}: {}", told.tenant, wrong.join("; ")));
        }
    }
    differing
}

/// What can only be told within bounds.
#[derive(Default)]
struct Bounds {
    wrong: Vec<String>,
    served: u64,
    polled: u64,
    acknowledged: u64,
    unanswered: u64,
    pushed: u64,
}

impl Bounds {
    /// `kills`: how often pages were lost by a kill; `None` if they were lost in another way, too.
    fn check(&mut self, before: &Told, after: &Told, ledger: &Ledger, kills: Option<u32>) {
        let of = |hours: &ByHour, name: &String| hours.get(name).copied().unwrap_or_default();
        let (mut served, mut polled) = (0, 0);
        for (name, hour) in ledger {
            let (events, most) = (of(&before.events, name), of(&after.served, name));
            if hour.poll.received < events || hour.poll.received > most {
                let received = hour.poll.received;
                self.wrong.push(format!(
                    "{} {name}: {received} by poll, {events} events, {most} served",
                    before.tenant
                ));
            }
            let (least, maybe) =
                (of(&before.pushed.acknowledged, name), of(&before.pushed.unanswered, name));
            let received = hour.push.received;
            if received < least || received > least + maybe {
                self.wrong.push(format!(
                    "{} {name}: {received} by push, {least} acknowledged, {maybe} unanswered",
                    before.tenant
                ));
            }
            served += of(&before.served, name);
            polled += hour.poll.received;
            self.pushed += received;
            self.acknowledged += least;
            self.unanswered += maybe;
        }
        if let Some(kills) = kills {
            let causes = before.cut_bodies + PAGES_ON_THE_WAY * (u64::from(kills) + 1);
            let lost = served.saturating_sub(polled);
            if lost > causes * before.page_events {
                self.wrong.push(format!(
                    "{}: {lost} events were served and not received, for which there are only {causes} causes",
                    before.tenant
                ));
            }
        }
        self.served += served;
        self.polled += polled;
    }

    fn tell(&self, compared: &mut Compared) {
        compared.lines.push(line(
            "hours in which what was received is out of the bounds that the accounts allow",
            "0",
            format!(
                "{}; by poll {} of {} served, by push {}, of which {} acknowledged and up to {} of {} unanswered",
                self.wrong.len(),
                self.polled,
                self.served,
                self.pushed,
                self.acknowledged,
                self.pushed.saturating_sub(self.acknowledged),
                self.unanswered,
            ),
            self.wrong.is_empty(),
        ));
        compared.differences.extend(few("bounds", &self.wrong));
    }
}

/// The signed statements of all months: how many, and where they are wrong.
async fn statements(
    program: &Program,
    stage: &Stage,
    told: &[Told; 2],
    ledgers: &[Ledger],
) -> Result<(usize, Vec<String>)> {
    let (mut count, mut wrong) = (0, Vec::new());
    for (told, ledger) in told.iter().zip(ledgers) {
        let months: BTreeSet<&str> = told.events.keys().filter_map(|hour| hour.get(..7)).collect();
        for month in months {
            count += 1;
            let path = format!("/api/v1/ledger?tenant={}&month={month}&format=json", told.tenant);
            let document = program.get(&path).await?;
            let file = stage.folder.join(format!("statement-{}-{month}.json", told.tenant));
            std::fs::write(&file, &document).context("write a statement")?;
            let file = file.display().to_string();
            let (holds, said) = run_of(&stage.program, &["verify", "--statement", &file]).await?;
            if !holds {
                wrong.push(format!("{} {month}: {said}", told.tenant));
            }
            let signed: Value = serde_json::from_str(&document).context("read a statement")?;
            for hour in signed["statement"]["hours"].as_array().into_iter().flatten() {
                wrong.extend(differs(told, ledger, hour));
            }
        }
    }
    Ok((count, wrong))
}

/// Where an hour of a statement differs from the ledger.
fn differs(told: &Told, ledger: &Ledger, stated: &Value) -> Option<String> {
    let name = stated["hour"].as_str().and_then(|hour| hour.get(..13))?;
    let hour = ledger.get(name)?;
    let (poll, push) = (hour.poll, hour.push);
    let mut equal = vec![
        ("polled", poll.stored + poll.both),
        ("pushed", push.stored + push.both),
        ("both", poll.both + push.both),
        ("stored", poll.stored + push.stored),
        ("push_only", 0),
    ];
    // Polls go on, and find again what they know: that is in the later of the two.
    let duplicates = stated["duplicates"].as_u64().unwrap_or_default();
    if duplicates < poll.duplicates + push.duplicates {
        equal.push(("duplicates", poll.duplicates + push.duplicates));
    }
    for (destination, sent) in &hour.acknowledged {
        if stated["destinations"][destination]["acknowledged"].as_u64() != Some(*sent) {
            return Some(format!("{} {name}: {stated}", told.tenant));
        }
    }
    let is_wrong =
        equal.iter().any(|(member, expected)| stated[*member].as_u64() != Some(*expected));
    is_wrong.then(|| format!("{} {name}: {stated}", told.tenant))
}

/// How many hours are proved. After a soak nothing may be missing or unmatched.
fn states(told: &[Told; 2], ledgers: &[Ledger]) -> Measured {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (told, ledger) in told.iter().zip(ledgers) {
        for hour in told.events.keys().filter_map(|name| ledger.get(name)) {
            *counts.entry(hour.state.as_str()).or_default() += 1;
        }
    }
    let shown: Vec<String> =
        counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let is_well = !counts.contains_key("gap") && !counts.contains_key("unmatched");
    line("states of the hours with events", "no gap, none unmatched", shown.join(", "), is_well)
}
