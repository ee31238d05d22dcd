//! A destination is behind: what waits for it has waited for long.
//! Deliberately absent: why; its own trouble stands in the status.

use api::Light;
use model::SignedDuration;

use super::{DestinationFacts, Facts, Finding, Rule, Subject, span};

pub(super) const RULE: Rule = Rule { name: "destination_behind", find };

/// A quarter of an hour is more than any retry takes that passes by itself.
const YELLOW: SignedDuration = SignedDuration::from_mins(15);
/// After so long somebody is missing the events there.
const RED: SignedDuration = SignedDuration::from_hours(4);

fn find(facts: &Facts) -> Vec<Finding> {
    facts.destinations.iter().filter_map(judge).collect()
}

fn judge(destination: &DestinationFacts) -> Option<Finding> {
    let age = destination.oldest_unsent.filter(|age| *age >= YELLOW)?;
    Some(Finding {
        subject: Subject::Destination(destination.name.clone()),
        which: String::new(),
        light: if age >= RED { Light::Red } else { Light::Yellow },
        message: format!(
            "{} events wait, the oldest for {}",
            destination.backlog_events,
            span(age)
        ),
        hint: "look in `doorledger status` what the destination answers; nothing is lost meanwhile",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_the_oldest_decides() {
        for (minutes, expected) in [
            (None, None),
            (Some(14), None),
            (Some(15), Some(Light::Yellow)),
            (Some(239), Some(Light::Yellow)),
            (Some(240), Some(Light::Red)),
        ] {
            let oldest_unsent = minutes.map(SignedDuration::from_mins);
            let facts =
                DestinationFacts { name: "siem".to_owned(), oldest_unsent, backlog_events: 7 };
            assert_eq!(judge(&facts).map(|found| found.light), expected, "{minutes:?}");
        }
    }
}
