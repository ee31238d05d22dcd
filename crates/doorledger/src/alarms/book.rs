//! The book of open alarms: findings in, what has changed out. It is the cursor of the alarms' own source, so it becomes
//! durable with the rows that tell of it, and an alarm that was told is not told again after a restart.
//! Deliberately absent: judging, and the journal.

use std::collections::BTreeMap;

use api::{AlarmStatus, Light};
use bytes::Bytes;
use model::{Event, SignedDuration, SourceId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Finding, Notice, Subject};
use crate::read_back::Progress;

/// Alarms that are open at most; what is beyond is told when others have closed.
const OPEN_MAX: usize = 1000;
/// Changes of channels that are remembered at most.
const NOTICES_MAX: usize = 500;
/// An alarm that stays open is told again so often.
const TOLD_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// What is open, and what was seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Book {
    open: BTreeMap<String, Open>,
    /// Up to when events were asked for changes of channels.
    pub(super) asked: Option<Timestamp>,
    notices: Vec<Notice>,
    /// How far reading back is, by destination.
    pub(super) read_backs: BTreeMap<String, Progress>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Open {
    alarm: String,
    subject: Subject,
    light: Light,
    message: String,
    #[serde(default)]
    hint: String,
    opened: Timestamp,
    told: Timestamp,
}

impl Book {
    /// Takes what the rules found at `now`: the rows that tell what is new. An alarm that got graver is told at once.
    pub(super) fn update(
        &mut self,
        now: Timestamp,
        findings: impl IntoIterator<Item = (&'static str, Finding)>,
    ) -> Vec<Event> {
        let mut found: BTreeMap<String, (&'static str, Finding)> = findings
            .into_iter()
            .map(|(alarm, finding)| (key(alarm, &finding), (alarm, finding)))
            .collect();
        let mut rows = Vec::new();
        let gone: Vec<String> =
            self.open.keys().filter(|key| !found.contains_key(*key)).cloned().collect();
        for key in gone {
            rows.extend(self.open.remove(&key).map(|open| open.row(&key, "closed", now)));
        }
        for (key, open) in &mut self.open {
            let Some((_, finding)) = found.remove(key) else { continue };
            let is_graver = finding.light > open.light;
            open.light = finding.light;
            open.message = finding.message;
            if is_graver || now.duration_since(open.told) >= TOLD_AGAIN {
                open.told = now;
                rows.push(open.row(key, "open", now));
            }
        }
        for (key, (alarm, finding)) in found {
            if self.open.len() >= OPEN_MAX {
                tracing::warn!(alarm, "more alarms are open than can be told");
                break;
            }
            let open = Open {
                alarm: alarm.to_owned(),
                subject: finding.subject,
                light: finding.light,
                message: finding.message,
                hint: finding.hint.to_owned(),
                opened: now,
                told: now,
            };
            rows.push(open.row(&key, "opened", now));
            self.open.insert(key, open);
        }
        rows
    }

    /// Remembers changes of channels, each once, until they are no alarm any more.
    ///
    /// What is asked for twice is recognised first, and forgotten only then.
    pub(super) fn notice(&mut self, noticed: Vec<Notice>, keep_after: Timestamp) {
        for notice in noticed {
            if !self.notices.iter().any(|known| known.event_id == notice.event_id) {
                self.notices.push(notice);
            }
        }
        self.notices.retain(|notice| notice.seen > keep_after);
        let over = self.notices.len().saturating_sub(NOTICES_MAX);
        self.notices.drain(..over);
    }

    pub(super) fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// What is open, the gravest first.
    pub(super) fn status(&self) -> Vec<AlarmStatus> {
        let told = |open: &Open| {
            let (source, destination) = match &open.subject {
                Subject::Source(id) => (Some(id.clone()), None),
                Subject::Destination(name) => (None, Some(name.clone())),
            };
            AlarmStatus {
                alarm: open.alarm.clone(),
                source,
                destination,
                light: open.light,
                message: open.message.clone(),
                hint: open.hint.clone(),
                opened: open.opened,
            }
        };
        let mut status: Vec<AlarmStatus> = self.open.values().map(told).collect();
        status.sort_by_key(|alarm| std::cmp::Reverse(alarm.light));
        status
    }
}

impl Open {
    fn row(&self, key: &str, state: &str, now: Timestamp) -> Event {
        let none =
            SourceId { provider: String::new(), tenant: String::new(), source: String::new() };
        let (id, destination) = match &self.subject {
            Subject::Source(id) => (id, ""),
            Subject::Destination(name) => (&none, name.as_str()),
        };
        let mut fields = json!({
            "time": now, "alarm": self.alarm, "state": state, "severity": self.light,
            "provider": id.provider, "tenant": id.tenant, "source": id.source,
            "destination": destination, "message": self.message, "hint": self.hint,
            "alarm_id": format!("{key}@{}", self.opened), "opened": self.opened,
        });
        if state == "closed" {
            fields["closed"] = json!(now);
        }
        let raw = Bytes::from(fields.to_string());
        Event { id: format!("{key}@{}/{state}/{now}", self.opened), time: Some(now), raw }
    }
}

fn key(alarm: &str, finding: &Finding) -> String {
    let subject = match &finding.subject {
        Subject::Source(id) => id.to_string(),
        Subject::Destination(name) => format!("destination/{name}"),
    };
    format!("{alarm}:{subject}:{}", finding.which)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::{test_now, test_source};

    fn finding(source: &str, light: Light) -> (&'static str, Finding) {
        let finding = Finding {
            subject: Subject::Source(test_source(source)),
            which: String::new(),
            light,
            message: "is silent".to_owned(),
            hint: "look",
        };
        ("source_silent", finding)
    }

    fn told(rows: &[Event]) -> Vec<String> {
        let row = |event: &Event| {
            let fields: serde_json::Value = serde_json::from_slice(&event.raw).unwrap();
            let text = |name: &str| fields[name].as_str().unwrap().to_owned();
            format!("{} {} {}", text("source"), text("state"), text("severity"))
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn an_alarm_is_told_when_it_opens_daily_when_graver_and_when_it_closes() {
        let mut book = Book::default();
        for (hours, findings, expected) in [
            (0, vec![finding("a", Light::Yellow)], vec!["a opened yellow"]),
            (1, vec![finding("a", Light::Yellow)], vec![]),
            (
                2,
                vec![finding("a", Light::Red), finding("b", Light::Red)],
                vec!["a open red", "b opened red"],
            ),
            (25, vec![finding("a", Light::Red), finding("b", Light::Red)], vec![]),
            (
                26,
                vec![finding("a", Light::Yellow), finding("b", Light::Red)],
                vec!["a open yellow", "b open red"],
            ),
            (27, vec![finding("b", Light::Red)], vec!["a closed yellow"]),
            (28, vec![], vec!["b closed red"]),
            (29, vec![], vec![]),
        ] {
            let now = test_now() + SignedDuration::from_hours(hours);
            assert_eq!(told(&book.update(now, findings)), expected, "hour {hours}");
            // A restart in between changes nothing.
            let text = serde_json::to_string(&book).unwrap();
            book = serde_json::from_str(&text).unwrap();
        }
    }

    #[test]
    fn rows_of_one_alarm_have_one_id_and_rows_of_the_next_another() {
        let mut book = Book::default();
        let at = |hours: i64| test_now() + SignedDuration::from_hours(hours);
        let mut ids = Vec::new();
        for (hours, findings) in
            [(0, vec![finding("a", Light::Red)]), (1, vec![]), (2, vec![finding("a", Light::Red)])]
        {
            for row in book.update(at(hours), findings) {
                let fields: serde_json::Value = serde_json::from_slice(&row.raw).unwrap();
                ids.push(fields["alarm_id"].clone());
            }
        }
        assert_eq!(ids[0], ids[1]);
        assert_ne!(ids[1], ids[2]);
    }

    #[test]
    fn a_change_is_noticed_once_also_if_it_is_asked_for_again() {
        let mut book = Book::default();
        let seen = |hours: i64| Notice {
            source: test_source("poll"),
            event_id: "1".to_owned(),
            at: test_now(),
            seen: test_now() + SignedDuration::from_hours(hours),
            what: "Delete a log stream".to_owned(),
            who: String::new(),
        };
        book.notice(vec![seen(0)], test_now() - SignedDuration::from_hours(1));
        assert_eq!(book.notices(), [seen(0)]);
        // Asked again after a long downtime: it is not new, and no longer worth keeping.
        book.notice(vec![seen(30)], test_now() + SignedDuration::from_hours(6));
        assert_eq!(book.notices(), []);
    }

    #[test]
    fn no_more_are_open_than_can_be() {
        let mut book = Book::default();
        let many = (0..=OPEN_MAX).map(|n| finding(&format!("s{n}"), Light::Yellow));
        assert_eq!(book.update(test_now(), many).len(), OPEN_MAX);
    }
}
