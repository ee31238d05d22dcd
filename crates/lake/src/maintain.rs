//! The housekeeping that keeps a lake quick and small over years: small files merged, days dropped whose time is over,
//! files deleted that no longer belong to a table, the log trimmed.
//! Deliberately absent: how each is done to a table's log (`compact`, `delta`).

use std::collections::HashMap;
use std::sync::Arc;

use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::ObjectStoreExt;
use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::change::Change;
use crate::clockwatch::{Belief, ClockWatch, retention_from};
use crate::encode::{day_of, day_text};
use crate::error::chain;
use crate::files::DataFile;
use crate::lake::Lake;
use crate::layout::DAY;
use crate::limits::{LOG_KEPT, VACUUM_ROUNDS};
use crate::record::Deed;
use crate::table::Table;
use crate::{Error, Result, archive, attest, compact};

/// What a round of housekeeping did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Maintained {
    /// Small files that were merged.
    pub files_merged: usize,
    /// Files whose days are over.
    pub files_expired: usize,
    /// Files deleted that belonged to no table any more.
    pub files_deleted: usize,
    /// Log entries deleted that a checkpoint covers.
    pub log_entries_deleted: usize,
}

/// Rounds of housekeeping until `cancel`, each after a pause.
pub(crate) async fn run(lake: Arc<Lake>, cancel: CancellationToken) {
    let mut watch = ClockWatch::new(lake.clock.now(), Instant::now());
    for round in 1_u64.. {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(lake.options.maintain_every) => {}
        }
        let belief = watch.look(lake.clock.now(), Instant::now());
        // Listing a whole table is dear, and nothing presses.
        let clean = round % VACUUM_ROUNDS == 0;
        for table in lake.tables() {
            if let Err(error) = maintain_table(&lake, &table, clean, belief, &cancel).await {
                let error = chain(&error);
                tracing::warn!(table = table.name, error, "housekeeping failed; tried again later");
                metrics::counter!("lake_failures_total").increment(1);
                table.set_error(Some(error));
            }
        }
    }
}

/// One round over every table, with everything that there is to do.
pub(crate) async fn once(lake: &Lake) -> Result<Maintained> {
    let mut total = Maintained::default();
    for table in lake.tables() {
        let done =
            maintain_table(lake, &table, true, Belief::WHOLE, &CancellationToken::new()).await?;
        total.files_merged += done.files_merged;
        total.files_expired += done.files_expired;
        total.files_deleted += done.files_deleted;
        total.log_entries_deleted += done.log_entries_deleted;
    }
    Ok(total)
}

async fn maintain_table(
    lake: &Lake,
    table: &Table,
    clean: bool,
    belief: Belief,
    cancel: &CancellationToken,
) -> Result<Maintained> {
    table.refresh(lake.options.refresh_age).await?;
    let now = lake.clock.now();
    let mut done = Maintained {
        files_expired: expire(lake, table, now, belief).await?,
        ..Maintained::default()
    };
    while !cancel.is_cancelled() && attest::step(table, now).await? {}
    // The writer goes first: rows that wait for a commit take memory.
    while !cancel.is_cancelled() && lake.tail_bytes() < lake.options.flush_bytes / 2 {
        match compact::step(table, now).await? {
            0 => break,
            merged => done.files_merged += merged,
        }
    }
    if clean {
        if belief.tells_ages(lake.options.vacuum_grace) {
            done.files_deleted = vacuum(lake, table, now).await?;
        }
        let before = now.as_millisecond() - as_millis(LOG_KEPT);
        // Commits do not wait for the archive.
        if lake.options.notary.is_some() {
            archive::archive(&table.store, &table.name, before).await?;
        }
        done.log_entries_deleted = table.look().await?.trim(before).await?;
    }
    Ok(done)
}

/// Drops the files of days that are older than the table's retention. An event of such a day that arrives late is taken
/// all the same, and dropped by the next round. A clock that the events contradict drops nothing.
async fn expire(lake: &Lake, table: &Table, now: Timestamp, belief: Belief) -> Result<usize> {
    let Some(days) = lake.options.retention_of(&table.name) else { return Ok(0) };
    let from = retention_from(now, newest(lake, now), arriving(lake), belief);
    let first_kept_at = |moment: Timestamp| {
        day_of(moment.as_microsecond()).saturating_sub(i32::try_from(days).unwrap_or(i32::MAX))
    };
    let (first_kept, by_clock) = (first_kept_at(from), first_kept_at(now));
    let files = table.view().files.clone();
    if files.ordered.iter().any(|file| (first_kept..by_clock).contains(&file.day)) {
        tracing::warn!(
            table = table.name, clock = %now, counted_from = %from,
            "the clock is far ahead of the newest event; retention counts from the events"
        );
    }
    let over: Vec<Arc<DataFile>> =
        files.ordered.iter().filter(|file| file.day < first_kept).cloned().collect();
    // If another node changed the same days, the next round sees what is left.
    if over.is_empty() {
        return Ok(0);
    }
    let change = Change {
        deed: Deed::Expire,
        added: &[],
        removed: &over,
        attested: None,
        reason: Some(format!("{days} days are kept: those before {}", day_text(first_kept))),
        now,
    };
    if table.replace(&change).await? { Ok(over.len()) } else { Ok(0) }
}

/// The time of the newest event of any table that is not in the future.
fn newest(lake: &Lake, now: Timestamp) -> Option<Timestamp> {
    let now = now.as_microsecond();
    let newest = |table: &Arc<Table>| {
        let files = table.view().files.clone();
        let times = files.ordered.iter().filter_map(|file| file.stats.time);
        times.map(|(_, latest)| latest).filter(|latest| *latest <= now).max()
    };
    let newest = lake.tables().iter().filter_map(newest).max()?;
    Timestamp::from_microsecond(newest).ok()
}

/// Whether events have come in since the program started.
fn arriving(lake: &Lake) -> bool {
    lake.tables().iter().any(|table| table.view().last_rows.is_some())
}

/// Deletes data files that the table no longer has (or never had: those of a commit that failed), once nobody can be
/// reading or about to commit them.
async fn vacuum(lake: &Lake, table: &Table, now: Timestamp) -> Result<usize> {
    let before = now.as_millisecond() - as_millis(lake.options.vacuum_grace);
    let listed: Vec<_> = table
        .store
        .list(None)
        .try_filter(|meta| {
            let data = meta.location.as_ref().starts_with(&format!("{DAY}="));
            std::future::ready(data && meta.last_modified.timestamp_millis() < before)
        })
        .map_ok(|meta| meta.location)
        .try_collect()
        .await
        .map_err(Error::file("list", &table.name))?;
    // Listed first, looked up after: a file that was committed in between is found in the log.
    let (files, removed) = {
        let log = table.look().await?;
        let files = table.view().files.clone();
        (files, log.removed().await?)
    };
    let mut deleted = 0;
    for path in listed {
        let left_lately = removed.get(path.as_ref()).is_some_and(|at| *at >= before);
        if files.has(path.as_ref()) || left_lately {
            continue;
        }
        match table.store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => deleted += 1,
            Err(source) => {
                return Err(Error::file("delete", format!("{}/{path}", table.name))(source));
            }
        }
    }
    Ok(deleted)
}

fn as_millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// When files left a table, by path, in milliseconds since 1970.
pub(crate) type Removed = HashMap<String, i64>;
