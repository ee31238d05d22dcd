//! One table's Delta log: open, create, widen, commit, read anew. The only file that knows how the Delta library is
//! asked.
//! Deliberately absent: data files and rows in memory.

use std::collections::HashMap;

use deltalake::DeltaTableError;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake::kernel::{
    Action, Add, MetadataExt, Protocol, Remove, StructType, Transaction, new_metadata,
};
use deltalake::logstore::LogStoreRef;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::table::state::DeltaTableState;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::files::Files;
use crate::layout::{self, DAY, Layout};
use crate::limits::{CHECKPOINT_COMMITS, LOG_KEPT};
use crate::maintain::Removed;
use crate::place::Place;
use crate::{Error, Result};

/// A table's log at the version that was read last.
pub(crate) struct DeltaLog {
    table: String,
    store: LogStoreRef,
    state: DeltaTableState,
}

/// What a commit does, for Delta's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// New rows.
    Append,
    /// The same rows in better files.
    Compact,
    /// Days whose time is over.
    Expire,
}

impl DeltaLog {
    /// Opens the log of `table`; `None` if there is no such table.
    pub(crate) async fn open(place: &Place, table: &str) -> Result<Option<Self>> {
        let store = place.log_store(table);
        let exists = store.is_delta_table_location().await;
        if !exists.map_err(Error::table(table, "look for"))? {
            return Ok(None);
        }
        let state = match DeltaTableState::try_new(store.as_ref(), None).await {
            Ok(state) => state,
            Err(source) => return Err(damage(place, table, source).await),
        };
        check(place, table).await?;
        Ok(Some(Self { table: table.to_owned(), store, state }))
    }

    /// Opens the log of `table`, made if there is none.
    pub(crate) async fn open_or_create(
        place: &Place,
        table: &str,
        layout: &Layout,
    ) -> Result<Self> {
        if let Some(log) = Self::open(place, table).await? {
            return Ok(log);
        }
        let store = place.log_store(table);
        let created = create(&store, table, layout).await;
        match created {
            Ok(state) => Ok(Self { table: table.to_owned(), store, state }),
            // Another node was faster.
            Err(DeltaTableError::VersionAlreadyExists(_)) => Self::open(place, table)
                .await?
                .ok_or(Error::Stopped { task: "creation of a table" }),
            Err(source) => Err(Error::table(table, "create")(source)),
        }
    }

    /// The columns that the data files have.
    pub(crate) fn schema(&self) -> Result<arrow::datatypes::SchemaRef> {
        layout::from_delta(&self.table, &self.state.schema())
    }

    /// Adds the columns of `layout` that the table lacks.
    pub(crate) async fn widen(&mut self, layout: &Layout) -> Result<()> {
        let old = self.state.schema();
        let wider = layout::to_delta(&self.table, &layout.schema)?;
        let fields: Vec<_> =
            wider.fields().filter(|field| old.field(field.name()).is_none()).cloned().collect();
        if fields.is_empty() {
            return Ok(());
        }
        let wider = with_fields(&old, &fields, &self.table)?;
        let metadata = self.state.metadata().clone().with_schema(&wider);
        let metadata = metadata.map_err(Error::table(&self.table, "widen"))?;
        let operation = DeltaOperation::AddColumn { fields };
        self.commit_actions(vec![Action::Metadata(metadata)], None, operation).await
    }

    /// Commits added and removed files and, with `node`, how far that node's journal is in the table. The commit relies
    /// on the version that was read last: if there is a later one, it is refused ([`came_second`]). The library's own
    /// retries are not used, because they do not notice that two compactions replaced the same files.
    pub(crate) async fn commit(
        &mut self,
        deed: Deed,
        actions: Vec<Action>,
        node: Option<(&str, u64)>,
    ) -> Result<()> {
        let operation = match deed {
            Deed::Append => DeltaOperation::Write {
                mode: SaveMode::Append,
                partition_by: Some(vec![DAY.to_owned()]),
                predicate: None,
            },
            Deed::Compact => DeltaOperation::Optimize {
                predicate: None,
                target_size: i64::try_from(crate::limits::COMPACT_FILE_BYTES).unwrap_or(i64::MAX),
            },
            Deed::Expire => DeltaOperation::Delete { predicate: None },
        };
        self.commit_actions(actions, node, operation).await
    }

    async fn commit_actions(
        &mut self,
        actions: Vec<Action>,
        node: Option<(&str, u64)>,
        operation: DeltaOperation,
    ) -> Result<()> {
        let mut properties = CommitProperties::default()
            .with_max_retries(0)
            .with_create_checkpoint(true)
            .with_cleanup_expired_logs(Some(false));
        if let Some((node, offset)) = node {
            properties = properties
                .with_application_transaction(Transaction::new(node, offset.cast_signed()));
        }
        let commit = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(&self.state), self.store.clone(), operation)
            .await
            .map_err(Error::table(&self.table, "commit to"))?;
        self.state = commit.snapshot();
        Ok(())
    }

    /// Reads what others have committed since. Says whether there was anything.
    pub(crate) async fn refresh(&mut self) -> Result<bool> {
        let before = self.state.version();
        self.state
            .update(self.store.as_ref(), None)
            .await
            .map_err(Error::table(&self.table, "read the log of"))?;
        let store = self.store.object_store(None);
        for version in before + 1..=self.state.version() {
            check_entry(store.as_ref(), &self.table, &format!("{version:020}.json")).await?;
        }
        Ok(self.state.version() != before)
    }

    /// The offset after the last row of `node` that the table holds.
    pub(crate) async fn offset_of(&self, node: &str) -> Result<Option<u64>> {
        let version = self.state.transaction_version(self.store.as_ref(), node).await;
        let version = version.map_err(Error::table(&self.table, "read the log of"))?;
        Ok(version.map(i64::cast_unsigned))
    }

    /// When files left the table, as far as the log still tells: it forgets after a week.
    pub(crate) async fn removed(&self) -> Result<Removed> {
        self.state
            .all_tombstones(self.store.as_ref())
            .map_ok(|gone| {
                (gone.path().into_owned(), gone.deletion_timestamp().unwrap_or(i64::MAX))
            })
            .try_collect()
            .await
            .map_err(Error::table(&self.table, "read the log of"))
    }

    /// The table's files; `older` saves reading again what it has.
    pub(crate) fn files(&self, older: &Files) -> Files {
        Files::read(self.state.log_data().iter(), older)
    }

    /// The version that was read last.
    pub(crate) fn version(&self) -> u64 {
        self.state.version()
    }

    /// Deletes log entries that a checkpoint covers and that are older than `before` (milliseconds since 1970).
    pub(crate) async fn trim(&self, before_milliseconds: i64) -> Result<usize> {
        deltalake::checkpoints::cleanup_expired_logs_for(
            self.state.version(),
            self.store.as_ref(),
            before_milliseconds,
            None,
        )
        .await
        .map_err(Error::table(&self.table, "trim the log of"))
    }
}

/// Whether a commit was refused because somebody else's came first (or seemingly so: see `Table::replace`).
pub(crate) fn came_second(error: &Error) -> bool {
    let Error::Table { source, .. } = error else { return false };
    matches!(
        source.as_ref(),
        DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::CommitConflict(_)
                    | TransactionError::MaxCommitAttempts(_)
                    | TransactionError::VersionAlreadyExists(_)
            }
    )
}

async fn create(
    store: &LogStoreRef,
    table: &str,
    layout: &Layout,
) -> Result<DeltaTableState, DeltaTableError> {
    let schema = layout::to_delta(table, &layout.schema)
        .map_err(|error| DeltaTableError::Generic(crate::error::chain(&error)))?;
    let hours = LOG_KEPT.as_secs() / 3600;
    let configuration = HashMap::from([
        ("delta.checkpointInterval", CHECKPOINT_COMMITS.to_string()),
        ("delta.logRetentionDuration", format!("interval {hours} hours")),
        ("delta.dataSkippingStatsColumns", layout::STATISTICS.join(",")),
        ("delta.enableExpiredLogCleanup", "false".to_owned()),
    ]);
    let metadata = new_metadata(&schema, [DAY], configuration)?;
    let protocol: Protocol =
        serde_json::from_str(r#"{"minReaderVersion":1,"minWriterVersion":2}"#)?;
    let operation = DeltaOperation::Create {
        mode: SaveMode::ErrorIfExists,
        location: store.root_url().clone(),
        protocol: protocol.clone(),
        metadata: metadata.clone(),
    };
    let commit = CommitBuilder::default()
        .with_actions(vec![Action::Protocol(protocol), Action::Metadata(metadata)])
        .with_max_retries(0)
        .build(None, store.clone(), operation)
        .await?;
    Ok(commit.snapshot())
}

fn with_fields(
    old: &StructType,
    more: &[deltalake::kernel::StructField],
    table: &str,
) -> Result<StructType> {
    StructType::try_new(old.fields().chain(more).cloned())
        .map_err(|source| Error::Encode { table: table.to_owned(), source: source.into() })
}

/// Why the table's log cannot be read: the file that is to blame, if one can be found.
async fn damage(place: &Place, table: &str, source: DeltaTableError) -> Error {
    match check(place, table).await {
        Err(error) => error,
        Ok(()) => Error::table(table, "open")(source),
    }
}

/// Reads every entry of the log that a reader has to replay. The library passes over an entry that ends in the middle,
/// and with it over the rows that it tells of.
async fn check(place: &Place, table: &str) -> Result<()> {
    let store = place.table_store(table);
    let listed: Vec<_> = store
        .list(Some(&Path::from("_delta_log")))
        .try_collect()
        .await
        .map_err(Error::file("list", format!("{table}/_delta_log")))?;
    let names = || listed.iter().filter_map(|meta| meta.location.filename());
    let version = |name: &str| name.get(..20)?.parse::<u64>().ok();
    let checkpoint = names().filter(|name| name.contains(".checkpoint.")).filter_map(version).max();
    for name in names().filter(|name| name.len() == 25 && name.ends_with(".json")) {
        if version(name).is_some_and(|version| checkpoint.is_none_or(|first| version > first)) {
            check_entry(store.as_ref(), table, name).await?;
        }
    }
    Ok(())
}

async fn check_entry(store: &dyn ObjectStore, table: &str, name: &str) -> Result<()> {
    let path = Path::from(format!("_delta_log/{name}"));
    let read = async { store.get(&path).await?.bytes().await };
    let source: Box<dyn std::error::Error + Send + Sync> = match read.await {
        Ok(bytes) => match bad_line(&bytes) {
            Some(reason) => reason.into(),
            None => return Ok(()),
        },
        // A checkpoint has covered it meanwhile.
        Err(object_store::Error::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(Error::file("read", format!("{table}/{path}"))(error)),
    };
    Err(Error::DamagedLog { table: table.to_owned(), path: format!("{table}/{path}"), source })
}

fn bad_line(bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() {
        return Some("the file is empty".to_owned());
    }
    bytes.split(|byte| *byte == b'\n').enumerate().find_map(|(number, line)| {
        let blank = line.iter().all(u8::is_ascii_whitespace);
        let error = serde_json::from_slice::<serde::de::IgnoredAny>(line).err()?;
        (!blank).then(|| format!("line {}: {error}", number + 1))
    })
}

/// The action that adds a file.
pub(crate) fn add(file: &crate::files::DataFile, now_milliseconds: i64, new_rows: bool) -> Action {
    Action::Add(Add {
        path: file.path.clone(),
        partition_values: partition(file.day),
        size: file.bytes.cast_signed(),
        modification_time: now_milliseconds,
        data_change: new_rows,
        stats: Some(file.stats.to_json()),
        ..Add::default()
    })
}

/// The action that removes a file.
pub(crate) fn remove(
    file: &crate::files::DataFile,
    now_milliseconds: i64,
    rows_vanish: bool,
) -> Action {
    Action::Remove(Remove {
        path: file.path.clone(),
        data_change: rows_vanish,
        deletion_timestamp: Some(now_milliseconds),
        extended_file_metadata: Some(true),
        partition_values: Some(partition(file.day)),
        size: Some(file.bytes.cast_signed()),
        ..Remove::default()
    })
}

fn partition(day: i32) -> HashMap<String, Option<String>> {
    HashMap::from([(DAY.to_owned(), Some(crate::encode::day_text(day)))])
}
