//! A poll is so far behind that the provider will soon delete what was not read yet.
//! Deliberately absent: tenants whose retention is not told; nobody knows how long theirs keep.

use api::Light;
use model::{SignedDuration, Timestamp};

use super::{Facts, Finding, Rule, SourceFacts, Subject, span};

pub(super) const RULE: Rule = Rule { name: "retention_near", find };

/// Below this part of the retention it is time to act: six hours of one day, a week of thirty.
const YELLOW: f64 = 0.25;
/// Below this part little can be saved by waiting: an hour and a quarter of one day.
const RED: f64 = 0.05;

fn find(facts: &Facts) -> Vec<Finding> {
    facts.sources.iter().filter_map(|source| judge(source, facts.now)).collect()
}

/// How long the oldest event that was not read stays at the provider. Negative: so long ago it was deleted.
pub(super) fn remaining(source: &SourceFacts, now: Timestamp) -> Option<SignedDuration> {
    let behind = now.duration_since(source.reached?).max(SignedDuration::ZERO);
    source.retention?.checked_sub(behind)
}

fn judge(source: &SourceFacts, now: Timestamp) -> Option<Finding> {
    let left = remaining(source, now)?;
    let part = left.as_secs_f64() / source.retention?.as_secs_f64().max(1.0);
    (part < YELLOW).then(|| Finding {
        subject: Subject::Source(source.id.clone()),
        which: String::new(),
        light: if part < RED { Light::Red } else { Light::Yellow },
        message: if left > SignedDuration::ZERO {
            format!("in {} the provider deletes what was not read yet", span(left))
        } else {
            "the provider deletes what was not read yet".to_owned()
        },
        hint: "look in `doorledger status` why it is behind; `doorledger backfill` reads in parallel",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::{test_now, test_source};

    #[test]
    fn the_part_of_the_retention_that_is_left_decides() {
        let hours = SignedDuration::from_hours;
        for (retention, behind, expected) in [
            (24, 1, None),
            (24, 17, None),
            (24, 19, Some(Light::Yellow)),
            (24, 23, Some(Light::Red)),
            (24, 30, Some(Light::Red)),
            (720, 30, None),
            (720, 600, Some(Light::Yellow)),
        ] {
            let source = SourceFacts {
                id: test_source("poll"),
                reached: test_now().checked_sub(hours(behind)).ok(),
                is_polled: true,
                is_paused: false,
                resumed: None,
                last_event: None,
                last_received: None,
                retention: Some(hours(retention)),
                hours: Vec::new(),
            };
            let found = judge(&source, test_now()).map(|finding| finding.light);
            assert_eq!(found, expected, "{behind} of {retention} h");
        }
    }
}
