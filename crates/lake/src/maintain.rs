//! The housekeeping that keeps a lake quick and small over years: small files merged, days dropped whose time is over,
//! files deleted that no longer belong to a table, the log trimmed.
//! Deliberately absent: how each is done to a table's log (`compact`, `delta`).

use std::collections::HashMap;
use std::sync::Arc;

use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::ObjectStoreExt;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::delta::Deed;
use crate::encode::day_of;
use crate::error::chain;
use crate::files::DataFile;
use crate::lake::Lake;
use crate::layout::DAY;
use crate::limits::{LOG_KEPT, VACUUM_ROUNDS};
use crate::table::Table;
use crate::{Error, Result, compact};

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
    for round in 1_u64.. {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(lake.options.maintain_every) => {}
        }
        // Listing a whole table is dear, and nothing presses.
        let clean = round % VACUUM_ROUNDS == 0;
        for table in lake.tables() {
            if let Err(error) = maintain_table(&lake, &table, clean, &cancel).await {
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
        let done = maintain_table(lake, &table, true, &CancellationToken::new()).await?;
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
    cancel: &CancellationToken,
) -> Result<Maintained> {
    table.refresh(lake.options.refresh_age).await?;
    let now = lake.clock.now();
    let mut done =
        Maintained { files_expired: expire(lake, table, now).await?, ..Maintained::default() };
    // The writer goes first: rows that wait for a commit take memory.
    while !cancel.is_cancelled() && lake.tail_bytes() < lake.options.flush_bytes / 2 {
        match compact::step(table, now).await? {
            0 => break,
            merged => done.files_merged += merged,
        }
    }
    if clean {
        done.files_deleted = vacuum(lake, table, now).await?;
        let before = now.as_millisecond() - as_millis(LOG_KEPT);
        done.log_entries_deleted = table.look().await?.trim(before).await?;
    }
    Ok(done)
}

/// Drops the files of days that are older than the table's retention. An event of such a day that arrives late is taken
/// all the same, and dropped by the next round.
async fn expire(lake: &Lake, table: &Table, now: Timestamp) -> Result<usize> {
    let Some(days) = lake.options.retention_of(&table.name) else { return Ok(0) };
    let first_kept =
        day_of(now.as_microsecond()).saturating_sub(i32::try_from(days).unwrap_or(i32::MAX));
    let files = table.view().files.clone();
    let over: Vec<Arc<DataFile>> =
        files.ordered.iter().filter(|file| file.day < first_kept).cloned().collect();
    // If another node changed the same days, the next round sees what is left.
    if over.is_empty() || !table.replace(Deed::Expire, &over, &[], now).await? {
        return Ok(0);
    }
    Ok(over.len())
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
