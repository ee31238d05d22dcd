//! One table's Delta log: open, create, widen, commit, read anew. The only file that knows how the Delta library is
//! asked.
//! Deliberately absent: data files and rows in memory.

use std::collections::HashMap;
use std::sync::Arc;

use deltalake::DeltaTableError;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake::kernel::{Action, MetadataExt, Protocol, StructType, Transaction, new_metadata};
use deltalake::logstore::LogStoreRef;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::table::state::DeltaTableState;
use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::change::Change;
use crate::digest::Digest;
use crate::entries::{check, check_entry, entry_path};
use crate::files::Files;
use crate::layout::{self, DAY, Layout};
use crate::limits::{CHECKPOINT_COMMITS, LOG_KEPT};
use crate::maintain::Removed;
use crate::notary::Notary;
use crate::place::Place;
use crate::record::{Deed, Found, RECORD, Record, Told};
use crate::sealing::SealingStore;
use crate::{Error, Result};

/// A table's log at the version that was read last.
pub(crate) struct DeltaLog {
    table: String,
    store: LogStoreRef,
    state: DeltaTableState,
    /// `None` if nobody signs.
    seal: Option<Seal>,
}

/// What a log needs so that its next entry can be chained to the last one.
struct Seal {
    notary: Arc<Notary>,
    store: Arc<SealingStore>,
    tip: Tip,
}

/// The last entry of a log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tip {
    /// The digest of its bytes; `None` if it is gone.
    pub(crate) digest: Option<Digest>,
    /// What was taken as found and is not attested yet.
    pub(crate) found: Option<Found>,
    /// Who signed it, if anybody did.
    pub(crate) key: Option<String>,
}

impl Tip {
    fn of(version: u64, bytes: Option<&[u8]>) -> Self {
        let record = bytes.and_then(|bytes| Record::parse(bytes).ok());
        Self {
            digest: bytes.map(Digest::of),
            found: match &record {
                Some(record) => record.found.clone(),
                None => Some(Found { version, attested: None }),
            },
            key: record.map(|record| record.key),
        }
    }
}

impl DeltaLog {
    /// Opens the log of `table`; `None` if there is no such table.
    pub(crate) async fn open(
        place: &Place,
        table: &str,
        notary: Option<&Arc<Notary>>,
    ) -> Result<Option<Self>> {
        let (store, sealing) = place.log_store(table, notary);
        let exists = store.is_delta_table_location().await;
        if !exists.map_err(Error::table(table, "look for"))? {
            return Ok(None);
        }
        let state = match DeltaTableState::try_new(store.as_ref(), None).await {
            Ok(state) => state,
            Err(source) => return Err(damage(place, table, source).await),
        };
        check(place, table).await?;
        let mut log = Self { table: table.to_owned(), store, state, seal: None };
        if let (Some(notary), Some(store)) = (notary, sealing) {
            let tip = log.tip_at(log.state.version()).await?;
            log.seal = Some(Seal { notary: notary.clone(), store, tip });
        }
        Ok(Some(log))
    }

    /// Opens the log of `table`, made if there is none.
    pub(crate) async fn open_or_create(
        place: &Place,
        table: &str,
        layout: &Layout,
        notary: Option<&Arc<Notary>>,
        now: Timestamp,
    ) -> Result<Self> {
        if let Some(log) = Self::open(place, table, notary).await? {
            return Ok(log);
        }
        let (store, sealing) = place.log_store(table, notary);
        let record = notary.map(|notary| {
            Told::new(Deed::Create, now).record(table, 0, None, &notary.public_key())
        });
        match create(&store, table, layout, record.as_ref()).await {
            Ok(state) => {
                let mut log = Self { table: table.to_owned(), store, state, seal: None };
                if let (Some(notary), Some(store)) = (notary, sealing) {
                    let digest = store.written(&entry_path(0));
                    let tip = Tip { digest, ..Tip::default() };
                    log.seal = Some(Seal { notary: notary.clone(), store, tip });
                }
                Ok(log)
            }
            // Another node was faster.
            Err(DeltaTableError::VersionAlreadyExists(_)) => Self::open(place, table, notary)
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
    pub(crate) async fn widen(&mut self, layout: &Layout, now: Timestamp) -> Result<()> {
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
        let told = self
            .seal
            .as_ref()
            .map(|seal| Told { found: seal.tip.found.clone(), ..Told::new(Deed::Widen, now) });
        self.commit_actions(vec![Action::Metadata(metadata)], told, None, operation).await
    }

    /// Commits added and removed files and, with `node`, how far that node's journal is in the table. The commit relies
    /// on the version that was read last: if there is a later one, it is refused ([`came_second`]). The library's own
    /// retries are not used, because they do not notice that two compactions replaced the same files.
    pub(crate) async fn commit(
        &mut self,
        change: &Change<'_>,
        node: Option<(&str, u64)>,
    ) -> Result<()> {
        let operation = match change.deed {
            Deed::Create | Deed::Widen | Deed::Append | Deed::Attest => DeltaOperation::Write {
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
        let told = self.seal.as_ref().map(|seal| change.told(seal.tip.found.as_ref()));
        self.commit_actions(change.actions(), told, node, operation).await
    }

    async fn commit_actions(
        &mut self,
        actions: Vec<Action>,
        told: Option<Told>,
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
        let version = self.state.version() + 1;
        let found = told.as_ref().and_then(|told| told.found.clone());
        if let (Some(seal), Some(told)) = (&self.seal, told) {
            let key = seal.notary.public_key();
            let record = told.record(&self.table, version, seal.tip.digest, &key);
            let record = serde_json::to_value(record).map_err(Error::encode(&self.table))?;
            properties = properties.with_metadata([(RECORD.to_owned(), record)]);
        }
        let commit = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(&self.state), self.store.clone(), operation)
            .await
            .map_err(Error::table(&self.table, "commit to"))?;
        self.state = commit.snapshot();
        if let Some(seal) = &mut self.seal {
            let digest = seal.store.written(&entry_path(version));
            let key = Some(seal.notary.public_key().to_string());
            seal.tip = Tip { digest, found, key };
        }
        Ok(())
    }

    async fn tip_at(&self, version: u64) -> Result<Tip> {
        let path = entry_path(version);
        let store = self.store.object_store(None);
        let read = async { store.get(&path).await?.bytes().await };
        match read.await {
            Ok(bytes) => Ok(Tip::of(version, Some(&bytes))),
            Err(object_store::Error::NotFound { .. }) => Ok(Tip::of(version, None)),
            Err(error) => Err(Error::file("read", format!("{}/{path}", self.table))(error)),
        }
    }

    /// The last entry, if entries are signed.
    pub(crate) fn tip(&self) -> Option<&Tip> {
        self.seal.as_ref().map(|seal| &seal.tip)
    }

    /// Where the log lies.
    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.object_store(None)
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
        if self.seal.is_some() && self.state.version() != before {
            let tip = self.tip_at(self.state.version()).await?;
            if let Some(seal) = &mut self.seal {
                seal.tip = tip;
            }
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
    record: Option<&Record>,
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
    let mut properties = CommitProperties::default();
    if let Some(record) = record {
        let record = serde_json::to_value(record)?;
        properties = properties.with_metadata([(RECORD.to_owned(), record)]);
    }
    let commit = CommitBuilder::from(properties)
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
