//! In words: what Azure never got since the Data Collector was switched off, what of it is at hand, what the provider still
//! holds, and what is lost for good.
//! Deliberately absent: finding out what is at hand, which whoever has the data folder does.

use model::Timestamp;

/// The day on which the HTTP Data Collector API stopped taking events, as Microsoft announced it.
pub const RETIRED: &str = "2026-09-14";

/// Events that a data folder holds of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// How many, since the API was switched off.
    pub events: u64,
    /// The oldest and the latest of them, in provider time; `None` if there are none.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// What is known when the loss is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// Whose events.
    pub provider: &'static str,
    /// Now.
    pub now: Timestamp,
    /// How many days the provider keeps events; `None` if nobody said.
    pub retention_days: Option<u16>,
    /// What is at hand; `None` if no data folder was looked at.
    pub held: Option<Held>,
}

/// Sentences, one a line.
#[must_use]
pub fn lost(loss: &Loss) -> Vec<String> {
    let Ok(retired) = format!("{RETIRED}T00:00:00Z").parse::<Timestamp>() else {
        return Vec::new();
    };
    if loss.now <= retired {
        return vec![format!(
            "The HTTP Data Collector API takes events until {RETIRED}; nothing is lost if this table is moved before."
        )];
    }
    let mut told = vec![format!(
        "Since {RETIRED} Azure has got nothing through the HTTP Data Collector API: that is {} days up to today.",
        days(retired, loss.now)
    )];
    let reaches = loss.retention_days.map(|kept| {
        let hours = i64::from(kept) * 24;
        loss.now.checked_sub(jiff::Span::new().hours(hours)).unwrap_or(retired)
    });
    told.push(retention(loss, reaches));
    match loss.held.map(|held| (held.events, held.span)) {
        None => told.push(
            "What doorledger holds was not looked at: name its data folder with --data.".to_owned(),
        ),
        Some((events, Some((oldest, latest)))) => told.push(format!(
            "doorledger holds {events} events of that time, from {} to {}: `doorledger replay --to DESTINATION --since {RETIRED}` sends them.",
            moment(oldest),
            moment(latest)
        )),
        Some((_, None)) => told.push("doorledger holds no event of that time.".to_owned()),
    }
    let held_from = loss.held.and_then(|held| held.span).map(|(oldest, _)| oldest);
    told.push(gone(retired, reaches, held_from));
    told
}

fn retention(loss: &Loss, reaches: Option<Timestamp>) -> String {
    match (loss.retention_days, reaches) {
        (Some(kept), Some(from)) => format!(
            "{} keeps events for {kept} days, and so still holds those from {} on: `doorledger backfill` reads them.",
            loss.provider,
            moment(from)
        ),
        _ if loss.provider == "auth0" => {
            "How long Auth0 keeps events depends on the plan, 1 to 30 days: say it with --retention-days. `doorledger backfill` reads what there is.".to_owned()
        }
        _ => "How long OneLogin keeps events is not published: say it with --retention-days if you know. `doorledger backfill` reads what there is.".to_owned(),
    }
}

/// What nobody has any more: from the switch-off to the earlier of what is held and what the provider still has.
fn gone(retired: Timestamp, reaches: Option<Timestamp>, held: Option<Timestamp>) -> String {
    let Some(begin) = [reaches, held].into_iter().flatten().min() else {
        return format!(
            "What the provider has dropped since {RETIRED} is lost for good, unless it was exported or sent elsewhere: `doorledger import` reads such files."
        );
    };
    if begin <= retired {
        return "Nothing of that time is lost for good, unless the ledger shows a gap in what was collected.".to_owned();
    }
    format!(
        "Lost for good, unless it was exported or sent elsewhere: {RETIRED} to {}, {} days. `doorledger import` reads such files.",
        moment(begin),
        days(retired, begin)
    )
}

fn days(from: Timestamp, until: Timestamp) -> i64 {
    until.duration_since(from).as_hours() / 24
}

fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
