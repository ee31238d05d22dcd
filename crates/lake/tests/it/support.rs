//! What the tests share: a journal in memory, a mapper of tiny events, a lake in a folder that vanishes, and questions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{SessionConfig, SessionContext, col};
use futures::future::BoxFuture;
use journal::{DeadLetter, StoredBatch, StoredEvent};
use lake::{Intake, IntakeError, Lake, LakeOptions};
use model::{
    Column, ColumnMapper, ColumnType, EventContext, FixedClock, RowWriter, SourceId, TableSchema,
    Timestamp, Via,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The table of the provider `doors`.
pub(crate) static DOORS: TableSchema = TableSchema {
    name: "Doors_CL",
    columns: &[
        Column { name: "door", kind: ColumnType::String, about: "" },
        Column { name: "opened", kind: ColumnType::Bool, about: "" },
        Column { name: "count", kind: ColumnType::Long, about: "" },
        Column { name: "weight", kind: ColumnType::Real, about: "" },
        Column { name: "seen", kind: ColumnType::DateTime, about: "" },
        Column { name: "more", kind: ColumnType::Dynamic, about: "" },
    ],
};

/// The same table in a later version of the program.
pub(crate) static WIDER_DOORS: TableSchema = TableSchema {
    name: "Doors_CL",
    columns: &[
        Column { name: "colour", kind: ColumnType::String, about: "" },
        Column { name: "door", kind: ColumnType::String, about: "" },
        Column { name: "count", kind: ColumnType::String, about: "" },
    ],
};

/// The table of the provider `keys`.
pub(crate) static KEYS: TableSchema = TableSchema {
    name: "Keys_CL",
    columns: &[Column { name: "key", kind: ColumnType::String, about: "" }],
};

/// Maps flat JSON objects by the names of the columns.
pub(crate) struct FlatMapper(pub(crate) &'static TableSchema);

impl ColumnMapper for FlatMapper {
    fn table(&self, provider: &str) -> Option<&'static TableSchema> {
        match provider {
            "doors" => Some(self.0),
            "keys" => Some(&KEYS),
            _ => None,
        }
    }

    fn columns(&self, raw: &[u8], context: EventContext<'_>, row: &mut dyn RowWriter) {
        let Some(table) = self.table(&context.source.provider) else { return };
        let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(raw) else { return };
        for (name, value) in fields {
            let column = table.columns.iter().position(|column| column.name == name);
            let kind = column.map(|column| table.columns[column].kind);
            match (column, kind, &value) {
                (Some(at), Some(ColumnType::String), Value::String(text)) => row.string(at, text),
                (Some(at), Some(ColumnType::Bool), Value::Bool(flag)) => row.bool(at, *flag),
                (Some(at), Some(ColumnType::Long), Value::Number(number)) if number.is_i64() => {
                    row.long(at, number.as_i64().unwrap());
                }
                (Some(at), Some(ColumnType::Real), Value::Number(number)) => {
                    row.real(at, number.as_f64().unwrap());
                }
                (Some(at), Some(ColumnType::DateTime), Value::String(text)) => {
                    row.datetime(at, text.parse().unwrap());
                }
                (Some(at), Some(ColumnType::Dynamic), value) => row.dynamic(at, &value.to_string()),
                _ if name == "id" || name == "at" => {}
                _ => row.additional(&name, &value.to_string()),
            }
        }
    }
}

/// A journal in memory. Clones share it, as a restarted program shares the file.
#[derive(Clone)]
pub(crate) struct Journal {
    deliveries: Arc<Mutex<Vec<StoredBatch>>>,
    head: watch::Sender<u64>,
    saved: watch::Sender<u64>,
    pub(crate) dead: Arc<Mutex<BTreeMap<u64, String>>>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self {
            deliveries: Arc::default(),
            head: watch::Sender::new(0),
            saved: watch::Sender::new(0),
            dead: Arc::default(),
        }
    }

    /// Appends events of `provider`, given as JSON texts; `id` and `at` are read from them.
    pub(crate) fn append(&self, provider: &str, texts: &[impl AsRef<[u8]>]) {
        let mut deliveries = self.deliveries.lock().unwrap();
        let first = *self.head.borrow();
        let events: Vec<StoredEvent> = texts
            .iter()
            .zip(first..)
            .map(|(text, offset)| {
                let parsed: Value = serde_json::from_slice(text.as_ref()).unwrap_or_default();
                StoredEvent {
                    offset,
                    id: parsed["id"].as_str().unwrap_or_default().to_owned(),
                    time: parsed["at"].as_str().map(|at| at.parse().unwrap()),
                    raw: Bytes::copy_from_slice(text.as_ref()),
                }
            })
            .collect();
        let source = SourceId {
            provider: provider.to_owned(),
            tenant: "acme".to_owned(),
            source: "poll".to_owned(),
        };
        let end = first + events.len() as u64;
        deliveries.push(StoredBatch {
            offset: first,
            source: Arc::new(source),
            via: Via::Poll,
            received: now(),
            events,
        });
        self.head.send_replace(end);
    }

    /// Everything that the journal holds.
    pub(crate) fn all(&self) -> Vec<StoredBatch> {
        self.deliveries.lock().unwrap().clone()
    }

    /// Waits until the lake has said that it has everything.
    pub(crate) async fn settled(&self) {
        let head = *self.head.borrow();
        let mut saved = self.saved.subscribe();
        let waited = saved.wait_for(|saved| *saved >= head);
        tokio::time::timeout(Duration::from_secs(20), waited).await.unwrap().unwrap();
    }

    /// Where the lake says it is.
    pub(crate) fn saved(&self) -> u64 {
        *self.saved.borrow()
    }
}

impl Intake for Journal {
    fn id(&self) -> &str {
        "0000000000aa0000000000000000"
    }

    fn start(&self) -> Result<u64, IntakeError> {
        Ok(*self.saved.borrow())
    }

    fn read(&self, from: u64, bytes_max: usize) -> Result<Vec<StoredBatch>, IntakeError> {
        let mut found = Vec::new();
        let mut bytes = 0;
        for delivery in self.deliveries.lock().unwrap().iter() {
            let mut delivery = delivery.clone();
            delivery.events.retain(|event| event.offset >= from);
            if delivery.events.is_empty() {
                continue;
            }
            let mut size: usize = delivery.events.iter().map(|event| event.raw.len()).sum();
            while bytes + size > bytes_max && delivery.events.len() > 1 {
                size -= delivery.events.pop().map_or(0, |event| event.raw.len());
            }
            bytes += size;
            found.push(delivery);
            if bytes >= bytes_max / 2 {
                break;
            }
        }
        Ok(found)
    }

    fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    fn advance(
        &self,
        offset: u64,
        dead: Vec<DeadLetter>,
    ) -> BoxFuture<'_, Result<(), IntakeError>> {
        let told = dead.into_iter().map(|letter| (letter.offset.unwrap(), letter.reason));
        self.dead.lock().unwrap().extend(told);
        self.saved.send_replace(offset);
        Box::pin(async { Ok(()) })
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-03-05T12:00:00Z".parse().unwrap()
}

pub(crate) fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(now()))
}

/// Options of a lake in `folder` that commits as soon as it can.
pub(crate) fn options(folder: &TempDir) -> LakeOptions {
    let mut options = LakeOptions::new(folder.path().to_str().unwrap(), "node-1");
    options.flush_age = Duration::ZERO;
    options.refresh_age = Duration::ZERO;
    options
}

/// Opens a lake with the mapper of `doors`.
pub(crate) async fn open(options: LakeOptions) -> Arc<Lake> {
    Lake::open(options, Arc::new(FlatMapper(&DOORS)), clock()).await.unwrap()
}

/// Runs the writer until the journal is in the lake, then stops it.
pub(crate) async fn drain(lake: &Arc<Lake>, journal: &Journal) {
    let cancel = CancellationToken::new();
    let running = tokio::spawn(lake.clone().run(Arc::new(journal.clone()), cancel.clone()));
    journal.settled().await;
    cancel.cancel();
    running.await.unwrap().unwrap();
}

/// The rows of `columns`, as texts joined by `|`, sorted.
pub(crate) async fn ask(
    lake: &Arc<Lake>,
    table: &str,
    columns: &[&str],
    filter: Option<Expr>,
) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in batches(lake, table, columns, filter).await {
        let options = FormatOptions::default();
        let formatters: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let values: Vec<String> =
                formatters.iter().map(|column| column.value(row).to_string()).collect();
            rows.push(values.join("|"));
        }
    }
    rows.sort();
    rows
}

/// The answer itself.
pub(crate) async fn batches(
    lake: &Arc<Lake>,
    table: &str,
    columns: &[&str],
    filter: Option<Expr>,
) -> Vec<RecordBatch> {
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2));
    let provider = lake.table_provider(table).expect("the table exists");
    let mut frame = context.read_table(provider).unwrap();
    if let Some(filter) = filter {
        frame = frame.filter(filter).unwrap();
    }
    // Column names keep their case.
    let columns = columns.iter().map(|name| col(format!("\"{name}\""))).collect::<Vec<_>>();
    frame.select(columns).unwrap().collect().await.unwrap()
}
