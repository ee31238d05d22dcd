//! A destination shows fewer events than it acknowledged: it said that it had them, and they are not there.
//! Deliberately absent: asking it and comparing (`read_back`); a destination that cannot be asked is no finding.

use std::collections::BTreeMap;

use api::Light;
use model::Timestamp;

use super::{Facts, Finding, ReadBackFacts, Rule, Subject, moment};
use crate::read_back::Shortfall;

pub(super) const RULE: Rule = Rule { name: "sent_not_seen", find };

const HINT: &str = "look whether the data collection rule's transformation drops rows, whether the table is on a plan that \
                    can be queried, whether `read_back` may read the whole table, and whether rule and \
                    `read_back.workspace_id` mean one workspace; then send the hours again: `doorledger replay`";

fn find(facts: &Facts) -> Vec<Finding> {
    facts.read_backs.iter().flat_map(|destination| judge(destination, facts.now)).collect()
}

/// One finding for each table, however many of its hours lack events: it is one fault.
fn judge(destination: &ReadBackFacts, now: Timestamp) -> Vec<Finding> {
    let mut tables: BTreeMap<&str, Vec<&Shortfall>> = BTreeMap::new();
    for shortfall in destination.progress.shortfalls(now) {
        tables.entry(&shortfall.table).or_default().push(shortfall);
    }
    let finding = |(table, hours): (&str, Vec<&Shortfall>)| Finding {
        subject: Subject::Destination(destination.name.clone()),
        which: table.to_owned(),
        light: Light::Red,
        message: told(table, &hours),
        hint: HINT,
    };
    tables.into_iter().map(finding).collect()
}

fn told(table: &str, hours: &[&Shortfall]) -> String {
    let first = hours.iter().min_by_key(|shortfall| shortfall.hour);
    let first = first.map_or_else(String::new, |Shortfall { hour, acknowledged, seen, .. }| {
        format!(
            "of {acknowledged} events that it acknowledged for {table} of the hour from {}, {seen} are to be seen",
            moment(*hour)
        )
    });
    if hours.len() < 2 {
        return first;
    }
    let sum = |count: fn(&Shortfall) -> u64| hours.iter().map(|it| count(it)).sum::<u64>();
    let (acknowledged, seen) = (sum(|it| it.acknowledged), sum(|it| it.seen));
    format!("{first}; in all {} hours that lack events, {seen} of {acknowledged}", hours.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_back::Progress;

    /// Progress that has found this, as it is stored.
    fn progress(shortfalls: &[(&str, &str, u64, u64)]) -> Progress {
        let of = |(table, hour, acknowledged, seen): &(&str, &str, u64, u64)| {
            serde_json::json!({
                "table": table, "hour": format!("2026-11-21T{hour}:00Z"), "acknowledged": acknowledged, "seen": seen,
            })
        };
        let shortfalls: Vec<_> = shortfalls.iter().map(of).collect();
        serde_json::from_value(serde_json::json!({
            "compared": {"at": "2026-11-21T12:00:00Z", "hours": 9, "shortfalls": shortfalls, "incomparable": []},
        }))
        .unwrap()
    }

    fn found(shortfalls: &[(&str, &str, u64, u64)], now: &str) -> Vec<String> {
        let read_back = ReadBackFacts { name: "siem".to_owned(), progress: progress(shortfalls) };
        let facts =
            Facts { now: now.parse().unwrap(), read_backs: vec![read_back], ..Facts::default() };
        find(&facts).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_table_is_told_once_with_its_first_hour_and_all_of_them() {
        let noon = "2026-11-21T12:30:00Z";
        assert_eq!(found(&[], noon).len(), 0);
        assert_eq!(
            found(&[("A_CL", "10:00", 5, 4)], noon),
            [
                "of 5 events that it acknowledged for A_CL of the hour from 2026-11-21 10:00:00Z, 4 are to be seen"
            ]
        );
        let both = [("A_CL", "11:00", 7, 0), ("A_CL", "10:00", 5, 4), ("B_CL", "10:00", 1, 0)];
        let told = found(&both, noon);
        assert_eq!(told.len(), 2);
        assert!(told[0].contains("from 2026-11-21 10:00:00Z, 4 are to be seen; in all 2 hours that lack events, 4 of 12"), "{told:?}");
        assert!(told[1].contains("of 1 events that it acknowledged for B_CL"), "{told:?}");
        // A day later nobody looks at those hours any more.
        assert_eq!(found(&both, "2026-11-22T11:30:00Z").len(), 0);
        assert_eq!(found(&both, "2026-11-22T10:30:00Z").len(), 1);
    }
}
