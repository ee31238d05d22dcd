//! Somebody created, changed or deleted a log stream (Auth0) or a broadcaster (OneLogin): the way by which events leave the
//! tenant. The tenant's own log says so. An attacker does it to be unseen; a colleague may just have done his work.
//! Deliberately absent: whether the stream was ours. The event tells its id, the configuration does not know it.

use api::Light;
use model::SignedDuration;

use super::{Facts, Finding, Rule, Subject, moment};

pub(super) const RULE: Rule = Rule { name: "channel_changed", find };

/// For so long after it was seen a change is an alarm.
pub(super) const TOLD: SignedDuration = SignedDuration::from_hours(24);

/// What happened longer ago is history when it comes in: a backfill must not raise alarms about last month.
pub(super) const OLD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What to ask the tables for; `since` is what was asked before. The place of each column is known to `watch`.
pub(super) const QUESTION: &str = "
union
  (Auth0Logs_CL
   | where _TimeReceived > since and EventType == 'sapi' and Description has 'log stream'
   | project _Provider, _Tenant, _Source, _EventId, TimeGenerated, What = Description, Who = ActorUsername),
  (OneLoginEventsV2_CL
   | where _TimeReceived > since and EventTypeId in (410.0, 411.0, 412.0)
   | project _Provider, _Tenant, _Source, _EventId, TimeGenerated,
             What = case(EventTypeId == 410.0, 'Broadcaster created', EventTypeId == 411.0, 'Broadcaster updated', 'Broadcaster deleted'),
             Who = ActorUserName)
| take 500";

fn find(facts: &Facts) -> Vec<Finding> {
    let is_new = |notice: &&super::Notice| facts.now.duration_since(notice.seen) < TOLD;
    facts.notices.iter().filter(is_new).map(found).collect()
}

fn found(notice: &super::Notice) -> Finding {
    let deleted = notice.what.to_lowercase().contains("delete");
    let who = if notice.who.is_empty() { "somebody" } else { notice.who.as_str() };
    Finding {
        subject: Subject::Source(notice.source.clone()),
        which: notice.event_id.clone(),
        light: if deleted { Light::Red } else { Light::Yellow },
        message: format!("{} at {} by {who}", notice.what, moment(notice.at)),
        hint: "ask whoever did it; compare the tenant's streams with what should be there",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::{Notice, test_now, test_source};

    #[test]
    fn a_change_is_told_for_a_day_and_a_deletion_is_grave() {
        for (hours, what, expected) in [
            (0, "Update a log stream", Some(Light::Yellow)),
            (23, "Delete a log stream", Some(Light::Red)),
            (23, "Broadcaster deleted", Some(Light::Red)),
            (24, "Delete a log stream", None),
        ] {
            let notice = Notice {
                source: test_source("poll"),
                event_id: "1".to_owned(),
                at: test_now() - SignedDuration::from_hours(hours + 48),
                seen: test_now() - SignedDuration::from_hours(hours),
                what: what.to_owned(),
                who: String::new(),
            };
            let facts = Facts { now: test_now(), notices: vec![notice], ..Facts::default() };
            assert_eq!(find(&facts).first().map(|it| it.light), expected, "{what} {hours}");
        }
    }
}
