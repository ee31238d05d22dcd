//! Destinations that are no longer configured. Somebody may have renamed one, or left it out by mistake: what it had not got
//! is kept, with its place, until it is configured again or somebody says that it is to be given up.
//! Deliberately absent: destinations that are configured (`ship`).

use api::{DestinationState, DestinationStatus, Forgotten, Trouble};
use journal::{Journal, ReaderState};
use model::Problem;

use crate::ship::Shipper;

/// A destination that the journal knows and the configuration does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Removed {
    /// Its name.
    pub(crate) name: String,
    /// How far it is.
    pub(crate) reader: ReaderState,
}

/// Every destination that is not among the configured ones.
pub(crate) fn all<'a>(
    readers: Vec<ReaderState>,
    configured: impl Iterator<Item = &'a str> + Clone,
) -> Vec<Removed> {
    let removed = |reader: ReaderState| {
        let name = reader.name.strip_prefix(Shipper::READER_PREFIX)?.to_owned();
        (!configured.clone().any(|known| known == name)).then_some(Removed { name, reader })
    };
    readers.into_iter().filter_map(removed).collect()
}

/// At start: tells of each that still has something to get, and gives up the others, for which nothing is kept.
pub(crate) fn look<'a>(
    journal: &Journal,
    configured: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), journal::Error> {
    for Removed { name, reader } in all(journal.readers()?, configured) {
        if reader.backlog_events == 0 {
            journal.remove_reader(&reader.name)?;
            tracing::info!(destination = name, "no longer configured, and nothing is left for it");
        } else {
            let hint = hint(&name);
            let unsent = reader.backlog_events;
            tracing::warn!(
                destination = name,
                unsent,
                hint,
                "no longer configured; what it has not got is kept"
            );
        }
    }
    Ok(())
}

/// Gives one up. The outer error is the journal's, the inner one what is wrong with the wish.
pub(crate) fn forget<'a>(
    journal: &Journal,
    configured: impl Iterator<Item = &'a str> + Clone,
    name: &str,
) -> Result<Result<Forgotten, Problem>, journal::Error> {
    if configured.clone().any(|known| known == name) {
        let hint = "remove it first: on the page Applications, or from the configuration file and with a new start";
        return Ok(Err(Problem::new("name", format!("`{name}` is configured"), hint)));
    }
    let removed = all(journal.readers()?, configured);
    let Some(found) = removed.iter().find(|removed| removed.name == name) else {
        let names: Vec<&str> = removed.iter().map(|removed| removed.name.as_str()).collect();
        let hint = match names.as_slice() {
            [] => "no destination was removed".to_owned(),
            names => format!("removed are: {}", names.join(", ")),
        };
        return Ok(Err(Problem::new(
            "name",
            format!("`{name}` is not a removed destination"),
            hint,
        )));
    };
    journal.remove_reader(&found.reader.name)?;
    let unsent_events = found.reader.backlog_events;
    tracing::info!(destination = name, unsent = unsent_events, "given up");
    Ok(Ok(Forgotten { unsent_events }))
}

impl Removed {
    /// As `status` shows it.
    pub(crate) fn status(
        &self,
        oldest_unsent_seconds: Option<f64>,
        dead_letters: u64,
    ) -> DestinationStatus {
        let unsent = self.reader.backlog_events;
        DestinationStatus {
            name: self.name.clone(),
            kind: String::new(),
            state: DestinationState::Removed,
            backlog_events: unsent,
            oldest_unsent_seconds,
            sent_events: 0,
            dead_letters,
            last_success: None,
            trouble: Some(Trouble {
                code: "destination.removed".to_owned(),
                message: format!(
                    "no longer configured; {unsent} events that it has not got fill the journal"
                ),
                hint: hint(&self.name),
                since: None,
            }),
            read_back: None,
        }
    }
}

fn hint(name: &str) -> String {
    format!(
        "configure it again under this name, or give them up with `doorledger destinations forget {name}`"
    )
}
