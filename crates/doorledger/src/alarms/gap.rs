//! A poll told that a stretch of the provider's time is lost to it.
//! Deliberately absent: hours that nobody ever walked; the ledger tells them.

use api::Light;
use model::SignedDuration;

use super::{Facts, Finding, GapFacts, Rule, Subject, moment};

pub(super) const RULE: Rule = Rule { name: "gap_found", find };

/// For so long after it was noted a gap is an alarm; it stays in the ledger for good.
const TOLD: SignedDuration = SignedDuration::from_hours(7 * 24);

fn find(facts: &Facts) -> Vec<Finding> {
    let is_new = |gap: &&GapFacts| facts.now.duration_since(gap.noted) < TOLD && !gap.is_walked;
    facts.gaps.iter().filter(is_new).map(found).collect()
}

fn found(gap: &GapFacts) -> Finding {
    Finding {
        subject: Subject::Source(gap.source.clone()),
        which: gap.stretch.from.to_string(),
        light: Light::Red,
        message: format!(
            "events from {} to {} are missing: {}",
            moment(gap.stretch.from),
            moment(gap.stretch.until),
            gap.cause
        ),
        hint: "import them from an archive, or backfill while the provider still holds them",
    }
}

#[cfg(test)]
mod tests {
    use model::Stretch;

    use super::*;
    use crate::alarms::{test_now, test_source};

    #[test]
    fn a_gap_is_told_until_it_is_walked_or_old() {
        for (days, is_walked, told) in [(0, false, 1), (6, false, 1), (8, false, 0), (1, true, 0)] {
            let noted = test_now() - SignedDuration::from_hours(24 * days);
            let stretch = Stretch { from: noted, until: test_now() };
            let cause = "the cursor is too old".to_owned();
            let gap = GapFacts { source: test_source("poll"), noted, stretch, cause, is_walked };
            let facts = Facts { now: test_now(), gaps: vec![gap], ..Facts::default() };
            assert_eq!(find(&facts).len(), told, "{days} {is_walked}");
        }
    }
}
