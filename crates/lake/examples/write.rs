//! What it costs to write events into a lake: `cargo run --release -p lake --example write -- --events 100000`.
//! Prints CPU seconds, rows a second and the memory peak of writing, merging and verifying. The events stand in memory and their columns are set from
//! ready-made texts, so that what is measured is the lake and nothing else.
//! Deliberately absent: journal, network and mapping, which have measurements of their own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use identity::Identity;
use journal::{DeadLetter, StoredBatch, StoredEvent};
use lake::{Intake, IntakeError, Lake, LakeOptions, Notary, VerifyOptions, verify};
use model::{
    Column, ColumnMapper, ColumnType, EventContext, RowWriter, SourceId, SystemClock, TableSchema,
    Timestamp, Via,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const fn column(name: &'static str, kind: ColumnType) -> Column {
    Column { name, kind, about: "" }
}

/// As many columns, of the same kinds, as a sign-in log has.
static SIGN_INS: TableSchema = TableSchema {
    name: "SignIns_CL",
    columns: &[
        column("date", ColumnType::DateTime),
        column("type", ColumnType::String),
        column("description", ColumnType::String),
        column("connection", ColumnType::String),
        column("connection_id", ColumnType::String),
        column("client_id", ColumnType::String),
        column("client_name", ColumnType::String),
        column("ip", ColumnType::String),
        column("hostname", ColumnType::String),
        column("user_id", ColumnType::String),
        column("user_name", ColumnType::String),
        column("strategy", ColumnType::String),
        column("user_agent", ColumnType::String),
        column("isMobile", ColumnType::Bool),
        column("category", ColumnType::String),
        column("outcome", ColumnType::String),
        column("log_id", ColumnType::String),
        column("details", ColumnType::Dynamic),
        column("auth0_client", ColumnType::Dynamic),
    ],
};

struct Ready;

impl ColumnMapper for Ready {
    fn table(&self, _provider: &str) -> Option<&'static TableSchema> {
        Some(&SIGN_INS)
    }

    fn columns(&self, raw: &[u8], context: EventContext<'_>, row: &mut dyn RowWriter) {
        let number = raw.len() + context.id.len();
        row.datetime(0, context.received);
        for (column, value) in [
            (1, "s"),
            (3, "Username-Password-Authentication"),
            (4, "con_Hh2oPL3gpq1z2kWm"),
            (5, "kx8dRz1LqMZ0vYw9uT3sBnEaC4fGhJ5i"),
            (6, "Customer portal"),
            (7, "203.0.113.77"),
            (8, "login.example.com"),
            (9, context.id),
            (10, "someone@example.com"),
            (11, "auth0"),
            (12, "Firefox 128.0 / Windows 10"),
            (14, "login"),
            (15, if number.is_multiple_of(7) { "failure" } else { "success" }),
            (16, context.id),
        ] {
            row.string(column, value);
        }
        row.bool(13, false);
        row.dynamic(
            17,
            r#"{"prompts":[{"name":"prompt-authenticate","completedAt":1718000000000}]}"#,
        );
        row.dynamic(18, r#"{"name":"auth0.js","version":"9.24.1"}"#);
    }
}

/// Events in memory, handed out as a journal would.
struct Stock {
    source: Arc<SourceId>,
    events: u64,
    head: watch::Sender<u64>,
    saved: watch::Sender<u64>,
}

impl Stock {
    fn event(offset: u64) -> StoredEvent {
        let started = 1_772_000_000_000_000_i64;
        let time = started + offset.cast_signed() * 40_000;
        let id = format!("90020260305{offset:021}");
        let raw = format!(
            r#"{{"log_id":"{id}","date":{time},"type":"s","session":"{:032x}","padding":"{}"}}"#,
            u128::from(offset).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
            "the scopes and prompts that a real event carries, ".repeat(21)
        );
        StoredEvent { offset, id, time: Timestamp::from_microsecond(time).ok(), raw: raw.into() }
    }
}

impl Intake for Stock {
    fn id(&self) -> &'static str {
        "stock"
    }

    fn start(&self) -> Result<u64, IntakeError> {
        Ok(1)
    }

    fn read(&self, from: u64, bytes_max: usize) -> Result<Vec<StoredBatch>, IntakeError> {
        let until = (from + bytes_max as u64 / 1200).min(self.events + 1);
        if from >= until {
            return Ok(Vec::new());
        }
        Ok(vec![StoredBatch {
            offset: from,
            source: self.source.clone(),
            via: Via::Poll,
            received: Timestamp::UNIX_EPOCH,
            events: (from..until).map(Self::event).collect(),
        }])
    }

    fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    fn advance(&self, offset: u64, _: Vec<DeadLetter>) -> BoxFuture<'_, Result<(), IntakeError>> {
        self.saved.send_replace(offset);
        Box::pin(async { Ok(()) })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--events").skip(1);
    let events: u64 = arguments.next().map_or(Ok(100_000), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    let keys = tempfile::tempdir()?;
    let identity = Arc::new(Identity::open(keys.path())?);
    let mut options = LakeOptions::new(folder.path().display().to_string(), "bench");
    let mut checks = VerifyOptions::new(options.url.clone());
    checks.trusted = vec![identity.public_key()];
    checks.parallel = std::thread::available_parallelism()?.get();
    options.notary = Some(Arc::new(Notary::open(identity, keys.path())?));
    let lake = Lake::open(options, Arc::new(Ready), Arc::new(SystemClock)).await?;
    lake.ensure_table(&SIGN_INS).await?;
    let stock = Arc::new(Stock {
        source: Arc::new(SourceId {
            provider: "auth0".to_owned(),
            tenant: "acme".to_owned(),
            source: "poll".to_owned(),
        }),
        events,
        head: watch::Sender::new(events + 1),
        saved: watch::Sender::new(1),
    });
    let making = cpu_seconds();
    let bytes: usize = (1..=events).map(|offset| Stock::event(offset).raw.len()).sum();
    let making = cpu_seconds() - making;

    let (started, cpu) = (Instant::now(), cpu_seconds());
    let cancel = CancellationToken::new();
    let running = tokio::spawn(lake.clone().run(stock.clone(), cancel.clone()));
    cancel_when_read(&stock, &lake, events).await?;
    cancel.cancel();
    running.await??;
    let (wall, cpu) = (started.elapsed(), cpu_seconds() - cpu - making);
    report("write", events, wall, cpu);
    print(&format!("       {} B an event, {:.0} MB peak", bytes as u64 / events.max(1), peak_mb()));
    let before = lake.status();
    let (started, cpu) = (Instant::now(), cpu_seconds());
    lake.maintain_once().await?;
    report("merge", events, started.elapsed(), cpu_seconds() - cpu);
    let after = lake.status();
    for (name, status) in [("before", before), ("after", after)] {
        let table = &status.tables[0];
        print(&format!(
            "{name}: {} files, {:.1} MB, {} rows, version {}",
            table.files,
            table.bytes as f64 / 1e6,
            table.rows,
            table.version
        ));
    }
    print(&format!("       {:.0} MB peak", peak_mb()));
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let verdicts = verify(&checks, &Arc::default()).await?;
    report("verify", events, started.elapsed(), cpu_seconds() - cpu);
    let findings: usize = verdicts.iter().map(|verdict| verdict.findings.len()).sum();
    print(&format!("       {findings} findings, {:.0} MB peak", peak_mb()));
    Ok(())
}

/// Waits until every event is a row.
async fn cancel_when_read(
    stock: &Stock,
    lake: &Arc<Lake>,
    events: u64,
) -> Result<(), watch::error::RecvError> {
    let shown = || lake.status().tables.iter().map(|t| t.rows + t.tail_rows).sum::<u64>();
    let mut saved = stock.saved.subscribe();
    while shown() < events {
        let pause = tokio::time::timeout(Duration::from_millis(20), saved.changed()).await;
        if let Ok(changed) = pause {
            changed?;
        }
    }
    Ok(())
}

fn report(what: &str, events: u64, wall: Duration, cpu: f64) {
    let seconds = wall.as_secs_f64();
    print(&format!(
        "{what}: {events} events in {seconds:.2} s ({:.0}/s), {cpu:.2} CPU-s, {:.1} µs an event",
        events as f64 / seconds,
        cpu * 1e6 / events.max(1) as f64
    ));
}

#[expect(clippy::print_stdout, reason = "the report is the purpose of this program")]
fn print(line: &str) {
    println!("{line}");
}

/// What this process has used of the processor so far (Linux; 0 elsewhere).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
    // User and system time, in hundredths of a second on every common system.
    (ticks(11) + ticks(12)) / 100.0
}

/// The most memory that this process ever had (Linux; 0 elsewhere).
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let fields: BTreeMap<&str, &str> =
        status.lines().filter_map(|line| line.split_once(':')).collect();
    let peak = fields.get("VmHWM").and_then(|value| value.split_whitespace().next());
    peak.and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1000.0
}
