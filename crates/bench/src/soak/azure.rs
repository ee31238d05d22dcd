//! What Azure got against the books: each event, in each hour, at both ways in; and what it got twice. Neither of its APIs
//! recognises a request that comes again, so these may be doubled, and nothing else:
//!
//! - the records of a call that was accepted and whose answer was lost (the stand-in counts them when it loses one), and
//! - the records of the calls that were on their way when the program was killed, four at most for each destination.
//!
//! Deliberately absent: the program's own account of deliveries (`hours`).

use std::collections::BTreeMap;

use super::stage::Stage;
use super::truth::{Published, Truth};
use super::{Compared, few};
use crate::Measured;

/// Requests in flight to one destination, as the manual says.
const CALLS_IN_FLIGHT: u64 = 4;

/// A destination: its name, and its tables for either provider.
pub(super) const DESTINATIONS: [(&str, [&str; 2]); 2] = [
    ("ingestion", ["Auth0Logs_CL", "OneLoginEventsV2_CL"]),
    ("collector", ["Auth0AM_CL", "OneLogin_CL"]),
];

/// How many different events have arrived at each table.
pub(super) fn arrived(stage: &Stage) -> u64 {
    stage.azure.account().tables.values().map(|table| table.distinct).sum()
}

/// Compares both destinations.
pub(super) fn compare(stage: &Stage, truth: &Truth, kills: u32) -> Compared {
    let account = stage.azure.account();
    let mut compared = Compared::default();
    for (destination, tables) in DESTINATIONS {
        let (mut missing, mut doubled, mut lost_answers, mut in_flight) = (0, 0, 0, 0);
        for (table, published) in tables.into_iter().zip([&truth.acme, &truth.globex]) {
            let found = account.tables.get(table).copied().unwrap_or_default();
            let balance = Balance::of(published, &stage.azure.ids(table));
            missing += balance.missing.len();
            doubled += found.doubled + balance.strange.len() as u64;
            lost_answers += found.unanswered;
            in_flight = in_flight.max(CALLS_IN_FLIGHT * found.records_max);
            compared.differences.extend(few(&format!("missing at {table}"), &balance.missing));
            compared.differences.extend(few(&format!("strange at {table}"), &balance.strange));
            compared.differences.extend(few(&format!("at {table}"), &balance.hours(published)));
            if found.unknown > 0 {
                compared
                    .differences
                    .push(format!("{} records without an id at {table}", found.unknown));
            }
        }
        compared.lines.push(Measured {
            work: format!("events missing at Azure (`{destination}`)"),
            figures: missing.to_string(),
            must: "0",
            reached: missing == 0,
        });
        let by_kills = doubled.saturating_sub(lost_answers);
        compared.lines.push(Measured {
            work: format!("events twice at Azure (`{destination}`), whose API knows no repetition"),
            figures: format!(
                "{doubled}; {lost_answers} records in calls whose answer was lost, {kills} kills with at most {in_flight} in flight"
            ),
            must: "≤ answers lost + in flight at a kill",
            reached: by_kills <= u64::from(kills) * in_flight,
        });
    }
    compared
}

/// What is at a table, beside what should be.
struct Balance {
    missing: Vec<String>,
    /// Ids of no event, and events that are there under both of their ids.
    strange: Vec<String>,
    per_hour: BTreeMap<String, u64>,
}

impl Balance {
    fn of(published: &Published, ids: &[String]) -> Self {
        let mut balance: Vec<i64> =
            published.groups().iter().map(|count| -i64::from(*count)).collect();
        let (mut strange, mut per_hour) = (Vec::new(), BTreeMap::new());
        for id in ids {
            let Some(event) = published.find(id) else {
                strange.push(format!("{id} is of no event"));
                continue;
            };
            *per_hour.entry(event.hour.clone()).or_insert(0) += 1;
            balance[event.group] += 1;
            if balance[event.group] > 0 {
                strange.push(format!("{id} under two ids"));
            }
        }
        let mut missing = Vec::new();
        for event in published.events() {
            if balance[event.group] < 0 {
                balance[event.group] += 1;
                missing.push(format!("{} of {}", event.id, event.hour));
            }
        }
        Self { missing, strange, per_hour }
    }

    /// The hours of which not as many events arrived as were published.
    fn hours(&self, published: &Published) -> Vec<String> {
        let expected = published.per_hour();
        let differing = expected.iter().filter_map(|(hour, count)| {
            let arrived = self.per_hour.get(hour).copied().unwrap_or_default();
            (arrived != *count).then(|| format!("{hour}: {arrived} arrived of {count}"))
        });
        differing.collect()
    }
}
