//! A credential is about to expire, where the configuration says when (`secret_expires`).
//! Deliberately absent: asking the provider, which tells nobody.

use api::Light;
use model::SignedDuration;

use super::{Facts, Finding, Rule, moment, span};

pub(super) const RULE: Rule = Rule { name: "secret_expires", find };

const YELLOW: SignedDuration = SignedDuration::from_hours(30 * 24);
const RED: SignedDuration = SignedDuration::from_hours(3 * 24);

fn find(facts: &Facts) -> Vec<Finding> {
    let judge = |(subject, expires): &(super::Subject, model::Timestamp)| {
        let left = expires.duration_since(facts.now);
        (left < YELLOW).then(|| Finding {
            subject: subject.clone(),
            which: String::new(),
            light: if left < RED { Light::Red } else { Light::Yellow },
            message: if left > SignedDuration::ZERO {
                format!("its secret expires in {}", span(left))
            } else {
                format!("its secret has expired on {}", moment(*expires))
            },
            hint: "make a new one at the provider, write it and its `secret_expires` into the configuration",
        })
    };
    facts.secrets.iter().filter_map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::{Subject, test_now};

    #[test]
    fn a_month_before_it_is_told_and_three_days_before_it_is_grave() {
        for (days, expected) in
            [(31, None), (29, Some(Light::Yellow)), (2, Some(Light::Red)), (-1, Some(Light::Red))]
        {
            let expires = test_now() + SignedDuration::from_hours(24 * days);
            let secrets = vec![(Subject::Destination("siem".to_owned()), expires)];
            let facts = Facts { now: test_now(), secrets, ..Facts::default() };
            assert_eq!(find(&facts).first().map(|it| it.light), expected, "{days}");
        }
    }
}
