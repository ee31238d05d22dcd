//! A gap for the demonstration: the data folder of an instance that stood still for so long that the tenant had let go of
//! events in the meantime. The poll finds that out by itself when it goes on at the old cursor.
//! Deliberately absent: writing a gap. The one that is shown is the poll's own finding.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use journal::{Journal, Options, StoredIds, StoredIdsError};
use model::{Batch, Clock, Cursor, SignedDuration, SourceId, Stretch, Via};

use super::HISTORY_DAYS;

/// Days before the present at which the earlier run began, and ended.
const RUN_DAYS: (i64, i64) = (HISTORY_DAYS + 3, HISTORY_DAYS + 1);

/// Leaves a cursor and the proof of an earlier run, unless the folder has a journal already.
pub(super) async fn plant(data: &Path, clock: Arc<dyn Clock>) -> Result<()> {
    let folder = data.join("journal");
    if folder.try_exists().context("look at the data folder")? {
        return Ok(());
    }
    let now = clock.now();
    let days_ago = |days: i64| now - SignedDuration::from_hours(24 * days);
    let (from, until) = (days_ago(RUN_DAYS.0), days_ago(RUN_DAYS.1));
    let opened = tokio::task::spawn_blocking(move || {
        Journal::open(&folder, Options::default(), clock, Arc::new(NoEvents))
    });
    let journal = opened.await.context("open the journal")??;
    // The form of Auth0's ids: a prefix, the second of arrival, 39 digits more.
    let cursor = format!("900{}{}", until.strftime("%Y%m%d%H%M%S"), "1".repeat(39));
    let batch = Batch {
        source: SourceId {
            provider: "auth0".to_owned(),
            tenant: "acme".to_owned(),
            source: "poll".to_owned(),
        },
        via: Via::Poll,
        received: until,
        events: Vec::new(),
        rejected: Vec::new(),
        cursor: Some(Cursor(cursor)),
        gap: None,
        walked: Some(Stretch { from, until }),
    };
    let appended = journal.append(batch).await;
    journal.close().await;
    appended.map(drop).context("leave the trace of an earlier run")
}

/// The lake of a folder in which no event is.
struct NoEvents;

impl StoredIds for NoEvents {
    fn ids_of_day(&self, _: i32) -> Result<Vec<u128>, StoredIdsError> {
        Ok(Vec::new())
    }
}
