//! The judgement of hours: values in, values out. An hour of a tenant is proved if polls of the tenant have walked all of
//! it without a break, and nothing was pushed in it that they did not find.
//! Deliberately absent: where accounts are kept (`journal`) and how the judgement is told (`statement`, `table`).

use std::collections::{BTreeMap, BTreeSet};

use journal::{Account, Counts, Delivered, Delivery, RecordedGap, Walked};
use model::{SignedDuration, SourceId, Stretch, Stretches, Timestamp, Via};
use serde::{Deserialize, Serialize};

/// How far behind the present a poll may be before what it has not yet read counts as a gap.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(2);

/// Hours of a tenant that are judged at a time: ten years and some.
const HOURS_MAX: i64 = 100_000;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Why a stretch is missing of which nobody told why.
const NOT_WALKED: &str = "no poll walked it";
/// Why the last stretch is missing.
const BEHIND: &str = "the poll has not come so far";

/// What is known of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Everything that the provider's API listed of it is here.
    Proved,
    /// It is not over, or the polls are about to read it.
    Open,
    /// The polls walked it, but events of it came by push that they did not find.
    Unmatched,
    /// The walk has a hole in it.
    Gap,
    /// No poll ever walked it.
    NotProved,
}

impl State {
    /// Its name in tables and documents.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Open => "open",
            Self::Unmatched => "unmatched",
            Self::Gap => "gap",
            Self::NotProved => "not_proved",
        }
    }
}

/// A stretch that no walk covers, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenGap {
    /// The first moment of it.
    pub(crate) from: Timestamp,
    /// The first moment after it.
    pub(crate) until: Timestamp,
    /// Why.
    pub(crate) cause: String,
}

/// What is proved of a tenant, and what is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proof {
    /// Provider time that the tenant's polls have walked, all of them together.
    pub(crate) walked: Stretches,
    /// What is missing between the first and the last moment of it, and up to the present.
    pub(crate) gaps: Vec<OpenGap>,
    /// From the first to the last hour of which anything is known; `None` if nothing is.
    pub(crate) hours: Option<Stretch>,
}

/// One hour of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hour {
    /// When it begins.
    pub(crate) hour: Timestamp,
    /// The judgement.
    pub(crate) state: State,
    /// Why it is not proved; empty otherwise.
    pub(crate) cause: String,
    /// What came in, by source and channel.
    pub(crate) accounts: BTreeMap<(SourceId, Channel), Counts>,
    /// What went out, by source and reader.
    pub(crate) deliveries: BTreeMap<(SourceId, String), Delivered>,
}

/// A way in, in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    /// Asked for.
    Poll,
    /// Sent to us.
    Push,
    /// Read from files.
    Import,
}

impl Channel {
    /// Its name in tables and documents.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Push => "push",
            Self::Import => "import",
        }
    }
}

impl From<Via> for Channel {
    fn from(via: Via) -> Self {
        match via {
            Via::Poll => Self::Poll,
            Via::Push => Self::Push,
            Via::Import => Self::Import,
        }
    }
}

impl Hour {
    /// All of its accounts together, of one channel.
    pub(crate) fn by(&self, channel: Channel) -> Counts {
        let of_channel = self.accounts.iter().filter(|((_, by), _)| *by == channel);
        of_channel.fold(Counts::default(), |mut sum, (_, counts)| {
            sum += *counts;
            sum
        })
    }

    /// Different events that came by a channel.
    pub(crate) fn distinct(&self, channel: Channel) -> u64 {
        let counts = self.by(channel);
        counts.stored + counts.both + counts.elsewhere
    }

    /// Different events that came by poll and by push.
    pub(crate) fn both(&self) -> u64 {
        self.accounts.values().map(|counts| counts.both).sum()
    }

    /// Different events that came by push, and not by poll.
    pub(crate) fn push_only(&self) -> u64 {
        self.distinct(Channel::Push).saturating_sub(self.both())
    }
}

/// What is proved of a tenant, from what its sources walked and which gaps they reported.
pub(crate) fn proof(walks: &[&Walked], reported: &[&RecordedGap], now: Timestamp) -> Proof {
    let walked: Stretches = walks.iter().flat_map(|it| it.walked.as_slice()).copied().collect();
    let mut hours: Stretches = walks.iter().filter_map(|it| it.hours).collect();
    let mut missing: Vec<OpenGap> = Vec::new();
    // Told causes first: the rest of each hole has none.
    let mut explained = Stretches::default();
    for gap in reported {
        let stretch = Stretch { from: gap.gap.from, until: gap.gap.until };
        for open in walked.missing(&stretch).as_slice() {
            for new in explained.missing(open).as_slice() {
                missing.push(open_gap(*new, &gap.gap.cause));
            }
            explained.add(*open);
        }
        hours.add(stretch);
    }
    if let Some(extent) = walked.extent() {
        for hole in walked.missing(&extent).as_slice() {
            let rest = explained.missing(hole);
            missing.extend(rest.as_slice().iter().map(|hole| open_gap(*hole, NOT_WALKED)));
        }
        let behind = Stretch { from: extent.until, until: now };
        if now.duration_since(extent.until) > OPEN_FOR {
            let rest = explained.missing(&behind);
            missing.extend(rest.as_slice().iter().map(|rest| open_gap(*rest, BEHIND)));
        }
        hours.add(Stretch { from: extent.from, until: extent.until.max(now) });
    }
    missing.sort_by_key(|gap| (gap.from, gap.until));
    Proof { walked, gaps: missing, hours: hours.extent() }
}

fn open_gap(stretch: Stretch, cause: &str) -> OpenGap {
    OpenGap { from: stretch.from, until: stretch.until, cause: cause.to_owned() }
}

/// Judges every hour of `wanted` of which anything is known. Accounts and deliveries are those of the tenant.
pub(crate) fn hours(
    proof: &Proof,
    accounts: &[&Account],
    deliveries: &[&Delivery],
    wanted: &Stretch,
    now: Timestamp,
) -> Vec<Hour> {
    let Some(known) = proof.hours.and_then(|known| known.overlap(wanted)) else {
        return Vec::new();
    };
    let mut found: BTreeMap<Timestamp, Hour> = BTreeMap::new();
    let mut starts: BTreeSet<Timestamp> = accounts.iter().map(|it| it.hour).collect();
    starts.extend(deliveries.iter().map(|it| it.hour));
    // Hours in which nothing happened are proved or missing like any others.
    let judged: Stretches = proof
        .walked
        .as_slice()
        .iter()
        .copied()
        .chain(proof.gaps.iter().map(|gap| Stretch { from: gap.from, until: gap.until }))
        .collect();
    for stretch in judged.within(&known).as_slice() {
        starts.extend(hours_of(stretch));
    }
    for hour in starts.into_iter().filter(|hour| *hour >= wanted.from && *hour < wanted.until) {
        let (accounts, deliveries) = (BTreeMap::new(), BTreeMap::new());
        let new = Hour { hour, state: State::Open, cause: String::new(), accounts, deliveries };
        found.insert(hour, new);
    }
    for account in accounts {
        if let Some(hour) = found.get_mut(&account.hour) {
            let key = (account.source.clone(), Channel::from(account.via));
            *hour.accounts.entry(key).or_default() += account.counts;
        }
    }
    for delivery in deliveries {
        if let Some(hour) = found.get_mut(&delivery.hour) {
            let key = (delivery.source.clone(), delivery.reader.clone());
            *hour.deliveries.entry(key).or_default() += delivery.delivered;
        }
    }
    let mut hours: Vec<Hour> = found.into_values().collect();
    for hour in &mut hours {
        (hour.state, hour.cause) = judge(proof, hour, now);
    }
    hours
}

/// The hours that a stretch touches.
fn hours_of(stretch: &Stretch) -> impl Iterator<Item = Timestamp> {
    let first = stretch.from.as_second().div_euclid(3600);
    let last = (stretch.until.as_microsecond() - 1).div_euclid(3_600_000_000);
    let last = last.min(first.saturating_add(HOURS_MAX));
    (first..=last).filter_map(|hour| Timestamp::from_second(hour.saturating_mul(3600)).ok())
}

fn judge(proof: &Proof, hour: &Hour, now: Timestamp) -> (State, String) {
    let until = hour.hour.checked_add(HOUR).unwrap_or(Timestamp::MAX);
    let stretch = Stretch { from: hour.hour, until };
    if proof.walked.covers(&stretch) {
        return match hour.push_only() {
            0 => (State::Proved, String::new()),
            alone => {
                let events = if alone == 1 { "event" } else { "events" };
                let cause = format!("{alone} {events} came by push that no poll found");
                (State::Unmatched, cause)
            }
        };
    }
    let gap = proof.gaps.iter().find(|gap| {
        let gap = Stretch { from: gap.from, until: gap.until };
        gap.overlap(&stretch).is_some()
    });
    if let Some(gap) = gap {
        return (State::Gap, gap.cause.clone());
    }
    let end = proof.walked.extent().map(|extent| extent.until);
    if end.is_some_and(|end| end < until && now.duration_since(end) <= OPEN_FOR) {
        return (State::Open, "the poll is about to read it".to_owned());
    }
    if until > now {
        return (State::Open, "it is not over".to_owned());
    }
    let cause = match proof.walked.extent() {
        Some(_) => "it is before all that was polled",
        None => "the tenant was never polled",
    };
    (State::NotProved, cause.to_owned())
}

#[cfg(test)]
mod tests {
    use model::Gap;

    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-06-{text}Z").parse().unwrap()
    }

    fn stretch(from: &str, until: &str) -> Stretch {
        Stretch { from: at(from), until: at(until) }
    }

    fn source(name: &str) -> SourceId {
        SourceId { provider: "auth0".into(), tenant: "acme".into(), source: name.into() }
    }

    fn walked(name: &str, walked: &[Stretch]) -> Walked {
        Walked { source: source(name), walked: walked.iter().copied().collect(), hours: None }
    }

    fn gap(from: &str, until: &str, cause: &str) -> RecordedGap {
        let gap = Gap { from: at(from), until: at(until), cause: cause.to_owned() };
        RecordedGap { source: source("poll"), noted: at("02T00:00:00"), gap }
    }

    fn account(hour: &str, name: &str, via: Via, counts: Counts) -> Account {
        Account { hour: at(hour), source: source(name), via, counts }
    }

    /// Hour and state of each, and gaps with their causes.
    #[track_caller]
    fn check(
        walks: &[Walked],
        gaps: &[RecordedGap],
        accounts: &[Account],
        now: &str,
        expected: &[&str],
    ) {
        let walks: Vec<&Walked> = walks.iter().collect();
        let mut proof = proof(&walks, &gaps.iter().collect::<Vec<_>>(), at(now));
        let of_accounts: Stretches = accounts
            .iter()
            .map(|it| Stretch { from: it.hour, until: it.hour + HOUR })
            .chain(proof.hours)
            .collect();
        proof.hours = of_accounts.extent();
        let wanted = stretch("01T00:00:00", "30T00:00:00");
        let accounts: Vec<&Account> = accounts.iter().collect();
        let judged = hours(&proof, &accounts, &[], &wanted, at(now));
        let mut told: Vec<String> = judged
            .iter()
            .map(|it| format!("{} {} {}", it.hour.strftime("%d %H"), it.state.name(), it.cause))
            .map(|line| line.trim_end().to_owned())
            .collect();
        told.extend(proof.gaps.iter().map(|gap| {
            let time = |time: Timestamp| time.strftime("%d %H:%M").to_string();
            format!("gap {} .. {}: {}", time(gap.from), time(gap.until), gap.cause)
        }));
        assert_eq!(told, expected);
    }

    #[test]
    fn an_hour_is_proved_when_all_of_it_was_walked() {
        let walks = [walked("poll", &[stretch("10T01:00:00", "10T03:30:00")])];
        let expected = ["10 01 proved", "10 02 proved", "10 03 open the poll is about to read it"];
        check(&walks, &[], &[], "10T03:40:00", &expected);
    }

    #[test]
    fn a_poll_that_has_stopped_leaves_a_gap_behind_it() {
        let walks = [walked("poll", &[stretch("10T01:00:00", "10T02:00:00")])];
        let behind = "the poll has not come so far";
        let expected = [
            "10 01 proved".to_owned(),
            format!("10 02 gap {behind}"),
            format!("10 03 gap {behind}"),
            format!("10 04 gap {behind}"),
            format!("gap 10 02:00 .. 10 04:30: {behind}"),
        ];
        check(&walks, &[], &[], "10T04:30:00", &expected.each_ref().map(String::as_str));
    }

    #[test]
    fn holes_have_their_causes_until_a_later_walk_closes_them() {
        let mut walks = vec![walked(
            "poll",
            &[stretch("10T01:00:00", "10T02:00:00"), stretch("10T05:00:00", "10T06:00:00")],
        )];
        let gaps = [gap("10T02:00:00", "10T04:00:00", "retention")];
        let expected = [
            "10 01 proved",
            "10 02 gap retention",
            "10 03 gap retention",
            "10 04 gap no poll walked it",
            "10 05 proved",
            "gap 10 02:00 .. 10 04:00: retention",
            "gap 10 04:00 .. 10 05:00: no poll walked it",
        ];
        check(&walks, &gaps, &[], "10T06:00:00", &expected);
        walks.push(walked("poll.backfill", &[stretch("10T01:30:00", "10T05:10:00")]));
        let expected =
            ["10 01 proved", "10 02 proved", "10 03 proved", "10 04 proved", "10 05 proved"];
        check(&walks, &gaps, &[], "10T06:00:00", &expected);
    }

    #[test]
    fn what_was_pushed_alone_is_not_proved_and_not_passed_over() {
        let one = |both| Counts { received: 1, stored: 1 - both, both, ..Counts::default() };
        let pushed = [account("10T01:00:00", "stream", Via::Push, one(0))];
        check(&[], &[], &pushed, "10T09:00:00", &["10 01 not_proved the tenant was never polled"]);
        let walks = [walked("poll", &[stretch("10T01:00:00", "10T03:00:00")])];
        let expected = ["10 01 unmatched 1 event came by push that no poll found", "10 02 proved"];
        check(&walks, &[], &pushed, "10T03:00:00", &expected);
        let polled = account("10T01:00:00", "poll", Via::Poll, one(1));
        let [pushed] = pushed;
        check(&walks, &[], &[pushed, polled], "10T03:00:00", &["10 01 proved", "10 02 proved"]);
    }
}
