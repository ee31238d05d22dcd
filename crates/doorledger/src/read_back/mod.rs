//! What a destination shows, compared with what it acknowledged: a service may say that it has an event, and show it to
//! nobody. What the journal counts as acknowledged is noted, and after a grace the destination is asked what it shows of
//! the same hours; so an event that is still on its way to visibility is never missed. Here are the notes and the
//! comparison, as values.
//!
//! Fewer shown than acknowledged is a shortfall. More is none: a request that was repeated doubles events there. An answer
//! that did not come changes nothing of what is known.
//! Deliberately absent: asking (`ask`), the form of question and answer (`destinations`), the alarm (`alarms`).

mod ask;

use std::collections::BTreeMap;

use api::{ReadBackState, ReadBackStatus};
use destinations::{Seen, Unread};
use model::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use ask::ReadBacks;

/// Hours that began longer ago are not compared: Azure gives older events the time of their arrival.
pub(crate) const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(24);
/// A destination is asked so often at most.
const ASKED_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// How far the reading back of one destination is. It survives a restart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Progress {
    /// Where it was asked; see [`destinations::ReadBack::place`].
    place: String,
    /// When the place changed. What was acknowledged before went elsewhere.
    since: Option<Timestamp>,
    noted: Option<Noted>,
    asked: Option<Timestamp>,
    compared: Option<Compared>,
    /// Why the last question had no answer: what happened, and what to do.
    unread: Option<(String, String)>,
}

/// What was acknowledged at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Noted {
    at: Timestamp,
    acknowledged: Acknowledged,
}

/// What the journal counts as acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Acknowledged {
    /// By table and hour, each once.
    counts: Vec<Count>,
    /// Tables that took events and do not tell their hours.
    incomparable: Vec<String>,
}

/// Events of one hour that one table acknowledged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Count {
    table: String,
    hour: Timestamp,
    events: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Compared {
    at: Timestamp,
    /// Hours of tables that could be compared.
    hours: u64,
    shortfalls: Vec<Shortfall>,
    incomparable: Vec<String>,
}

/// An hour of which a table shows fewer events than it acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shortfall {
    /// The table.
    pub(crate) table: String,
    /// When the hour begins, in the events' own time.
    pub(crate) hour: Timestamp,
    /// Events that it acknowledged.
    pub(crate) acknowledged: u64,
    /// Events that it shows.
    pub(crate) seen: u64,
}

impl Progress {
    /// Begins anew where the configuration names another place than it did.
    fn at_place(&mut self, place: &str, now: Timestamp) {
        if self.place != place {
            let since = (!self.place.is_empty()).then_some(now);
            *self = Self { place: place.to_owned(), since, asked: self.asked, ..Self::default() };
        }
    }

    /// What to ask about now, if it is time to ask; notes what is `acknowledged` where nothing is noted.
    fn due(
        &mut self,
        now: Timestamp,
        grace: SignedDuration,
        acknowledged: impl FnOnce() -> Result<Acknowledged, String>,
    ) -> Result<Option<Acknowledged>, String> {
        let is_stale = |noted: &Noted| now.duration_since(noted.at) >= LOOKED_BACK;
        if self.noted.as_ref().is_none_or(is_stale) {
            let mut acknowledged = acknowledged()?;
            acknowledged.counts.retain(|count| self.since.is_none_or(|since| count.hour >= since));
            let is_empty = acknowledged == Acknowledged::default();
            self.noted = (!is_empty).then_some(Noted { at: now, acknowledged });
        }
        let may_ask = self.asked.is_none_or(|asked| now.duration_since(asked) >= ASKED_EVERY);
        let Some(noted) = &self.noted else { return Ok(None) };
        if !may_ask || now.duration_since(noted.at) < grace {
            return Ok(None);
        }
        let mut due = noted.acknowledged.clone();
        due.counts.retain(|count| is_looked_at(count.hour, now));
        self.asked = Some(now);
        Ok(Some(due))
    }

    /// Takes the answer to what was `due`; there is none to what nobody could be asked.
    fn answered(&mut self, now: Timestamp, due: &Acknowledged, answer: Result<Vec<Seen>, Unread>) {
        match answer {
            Ok(seen) => {
                self.compared = Some(compare(now, due, &seen));
                self.unread = None;
                self.noted = None;
            }
            Err(unread) => self.unread = Some((unread.message, unread.hint)),
        }
    }

    /// Hours that lack events, as far as they are still looked at.
    pub(crate) fn shortfalls(&self, now: Timestamp) -> impl Iterator<Item = &Shortfall> {
        let all = self.compared.iter().flat_map(|compared| &compared.shortfalls);
        all.filter(move |shortfall| is_looked_at(shortfall.hour, now))
    }

    fn status(&self, now: Timestamp) -> ReadBackStatus {
        let compared = self.compared.as_ref();
        let told = |state, message: String, hint: &str| ReadBackStatus {
            state,
            message,
            hint: hint.to_owned(),
            compared: compared.map(|compared| compared.at),
        };
        if let Some((message, hint)) = &self.unread {
            let message = format!("it is not known what it shows: {message}");
            return told(ReadBackState::NotKnown, message, hint);
        }
        let Some(Compared { hours, incomparable, .. }) = compared else {
            let message = "what it acknowledges is compared with what it shows after the grace";
            return told(ReadBackState::Waiting, message.to_owned(), "");
        };
        let lacking = self.shortfalls(now).count();
        let (tables, hint) = match incomparable.as_slice() {
            [] => (String::new(), ""),
            tables => (
                format!(
                    "{} cannot be compared: no column tells the event's own time",
                    tables.join(", ")
                ),
                "name the column in `read_back.time_column`",
            ),
        };
        if *hours == 0 && !tables.is_empty() {
            return told(ReadBackState::NotComparable, tables, hint);
        }
        let aside = if tables.is_empty() { tables } else { format!("; {tables}") };
        if lacking > 0 {
            let message = format!(
                "{lacking} of {hours} hours show fewer events than were acknowledged{aside}"
            );
            return told(ReadBackState::Fewer, message, hint);
        }
        let message =
            format!("every event that was acknowledged is shown, in {hours} hours{aside}");
        told(ReadBackState::Agrees, message, hint)
    }
}

/// Whether an hour that begins then is compared at `now`.
fn is_looked_at(hour: Timestamp, now: Timestamp) -> bool {
    now.duration_since(hour) <= LOOKED_BACK
}

/// Rows without a time of their own may belong to any hour, so they make up for what any hour lacks; a table that has no
/// others does not tell the hours at all.
fn compare(at: Timestamp, due: &Acknowledged, seen: &[Seen]) -> Compared {
    let mut shown: BTreeMap<&str, BTreeMap<Option<Timestamp>, u64>> = BTreeMap::new();
    for Seen { table, hour, events } in seen {
        *shown.entry(table).or_default().entry(*hour).or_default() += events;
    }
    let mut compared =
        Compared { at, incomparable: due.incomparable.clone(), ..Compared::default() };
    for Count { table, hour, events } in &due.counts {
        let empty = BTreeMap::new();
        let hours = shown.get(table.as_str()).unwrap_or(&empty);
        let untimed = hours.get(&None).copied().unwrap_or_default();
        if untimed > 0 && hours.len() == 1 {
            if !compared.incomparable.contains(table) {
                compared.incomparable.push(table.clone());
            }
            continue;
        }
        compared.hours += 1;
        let seen = hours.get(&Some(*hour)).copied().unwrap_or_default();
        if seen.saturating_add(untimed) < *events {
            compared.shortfalls.push(Shortfall {
                table: table.clone(),
                hour: *hour,
                acknowledged: *events,
                seen,
            });
        }
    }
    compared
}

#[cfg(test)]
mod tests;
