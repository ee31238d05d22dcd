//! How fast the journal takes events, each batch durable before its answer, while a reader follows:
//!
//! `cargo run --release -p journal --example append -- --batch 50 --appenders 32 --seconds 10 --dir DIR`
//!
//! `--known N` first fills the index with so many ids; `--duplicates N` sends every Nth batch twice.
//! Deliberately absent: HTTP, and reading the lake's ids from Parquet; the whole product is measured by `xtask bench`.
#![expect(clippy::print_stdout, reason = "a measurement is there to be printed")]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use journal::{Journal, Options, ReaderStart, StoredIds, StoredIdsError, id_hash};
use model::{Batch, Clock, Event, SourceId, SystemClock, Timestamp, Via};

const EVENT_BYTES: usize = 750;
const SHAPES: u64 = 4096;
const READ_BYTES: usize = 4 * 1024 * 1024;

struct Settings {
    batch: u64,
    appenders: u64,
    seconds: u64,
    known: u64,
    duplicates: u64,
    dir: PathBuf,
}

/// A lake that holds so many events of today.
struct Lake {
    known: u64,
}

impl StoredIds for Lake {
    fn ids_of_day(&self, _: i32) -> Result<Vec<u128>, StoredIdsError> {
        Ok((0..self.known).map(|n| id_hash("auth0", "acme", &format!("known{n}"))).collect())
    }
}

#[derive(Default)]
struct Counts {
    stop: AtomicBool,
    ended: AtomicBool,
    stored: AtomicU64,
    duplicates: AtomicU64,
    read: AtomicU64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let settings = settings()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure(settings))
}

async fn measure(settings: Settings) -> Result<(), Box<dyn Error>> {
    let options = Options { disk_bytes_max: 20 << 30, ..Options::default() };
    let lake = Arc::new(Lake { known: settings.known });
    let journal = Journal::open(&settings.dir, options, Arc::new(SystemClock), lake)?;
    journal.register_reader("lake", ReaderStart::Head)?;
    let shapes = Arc::new(shapes());
    // The first touch of the day loads what is known; that is not what is measured.
    journal.append(batch(&shapes, "warm-up", 0, 1)).await?;
    let counts = Arc::new(Counts::default());
    let reader = tokio::spawn(follow(journal.clone(), Arc::clone(&counts)));
    let (cpu, started) = (cpu_seconds()?, Instant::now());
    let appenders: Vec<_> = (0..settings.appenders)
        .map(|n| {
            let (journal, counts) = (journal.clone(), Arc::clone(&counts));
            let load = Load {
                shapes: Arc::clone(&shapes),
                source: format!("a{n}"),
                batch: settings.batch,
                duplicates: settings.duplicates,
            };
            tokio::spawn(append(journal, counts, load))
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(settings.seconds)).await;
    counts.stop.store(true, Ordering::SeqCst);
    let mut waits = Vec::new();
    for appender in appenders {
        waits.extend(appender.await??);
    }
    counts.ended.store(true, Ordering::SeqCst);
    let seconds = started.elapsed().as_secs_f64();
    let cpu = cpu_seconds()? - cpu;
    let stored = counts.stored.load(Ordering::SeqCst) as f64;
    waits.sort_unstable();
    let wait = |share: f64| {
        let at = ((waits.len() as f64 * share) as usize).min(waits.len() - 1);
        waits[at].as_secs_f64() * 1000.0
    };
    println!(
        "{} appenders, batches of {}: {:.0} events/s, {:.0} appends/s; p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, \
         max {:.1} ms; {:.2} CPU-s per million events; {} duplicates; {:.0} MB in use; {} MB of memory",
        settings.appenders,
        settings.batch,
        stored / seconds,
        waits.len() as f64 / seconds,
        wait(0.5),
        wait(0.99),
        wait(0.999),
        wait(1.0),
        cpu / stored * 1e6,
        counts.duplicates.load(Ordering::SeqCst),
        journal.size_bytes() as f64 / 1e6,
        resident_megabytes()?,
    );
    let threads: Vec<String> =
        cpu_by_thread()?.iter().map(|(name, cpu)| format!("{name} {cpu:.2}")).collect();
    println!("CPU-s by threads: {}", threads.join(", "));
    reader.await?.map_err(|error| -> Box<dyn Error> { error })?;
    println!("read {} of {} events", counts.read.load(Ordering::SeqCst), stored);
    journal.close().await;
    Ok(())
}

/// What one appender sends.
struct Load {
    shapes: Arc<Vec<String>>,
    source: String,
    batch: u64,
    duplicates: u64,
}

async fn append(
    journal: Journal,
    counts: Arc<Counts>,
    load: Load,
) -> Result<Vec<Duration>, journal::AppendError> {
    let mut waits = Vec::new();
    for n in 0_u64.. {
        let again = load.duplicates > 0 && n % load.duplicates == 0 && n > 0;
        let batch = batch(&load.shapes, &load.source, n - u64::from(again), load.batch);
        let started = Instant::now();
        let appended = journal.append(batch).await?;
        waits.push(started.elapsed());
        counts.stored.fetch_add(appended.stored, Ordering::Relaxed);
        counts.duplicates.fetch_add(appended.duplicates, Ordering::Relaxed);
        if counts.stop.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(waits)
}

/// Reads everything, as the lake does, and lets it be removed.
async fn follow(journal: Journal, counts: Arc<Counts>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut head = journal.head();
    let mut next = *head.borrow();
    loop {
        // Asked before reading: what was appended by then is read below.
        let ended = counts.ended.load(Ordering::SeqCst);
        let from = next;
        let reading = journal.clone();
        let batches = tokio::task::spawn_blocking(move || reading.read(from, READ_BYTES)).await??;
        let events: usize = batches.iter().map(|batch| batch.events.len()).sum();
        counts.read.fetch_add(events as u64, Ordering::Relaxed);
        next += events as u64;
        if events > 0 {
            journal.advance("lake", next, Vec::new()).await?;
        } else if ended {
            return Ok(());
        } else {
            // Woken by the next commit, or now and then to see whether it is over.
            drop(tokio::time::timeout(Duration::from_millis(100), head.changed()).await);
        }
    }
}

/// Events of today that look like those of Auth0.
fn batch(shapes: &[String], source: &str, number: u64, size: u64) -> Batch {
    let received = SystemClock.now();
    let events = (0..size).map(|n| event(shapes, source, number * size + n, received)).collect();
    Batch {
        source: SourceId {
            provider: "auth0".to_owned(),
            tenant: "acme".to_owned(),
            source: "stream".to_owned(),
        },
        via: Via::Push,
        received,
        events,
        rejected: Vec::new(),
        cursor: None,
        gap: None,
        walked: None,
    }
}

fn event(shapes: &[String], source: &str, n: u64, time: Timestamp) -> Event {
    let id = format!("90020260301{source}{n:020}");
    let shape = &shapes[(n.wrapping_mul(0x9e37_79b9) % SHAPES) as usize];
    let mut raw = Vec::with_capacity(EVENT_BYTES + 64);
    raw.extend_from_slice(b"{\"log_id\":\"");
    raw.extend_from_slice(id.as_bytes());
    raw.extend_from_slice(shape.as_bytes());
    Event { id, time: Some(time), raw: Bytes::from(raw) }
}

/// What follows the id in an event. Made beforehand, so that making them is not what is measured.
fn shapes() -> Vec<String> {
    (0..SHAPES).map(shape).collect()
}

fn shape(n: u64) -> String {
    let noise = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut text = format!(
        "\",\"type\":\"s\",\"description\":\"Successful login\",\"connection\":\"Username-Password\",\
         \"connection_id\":\"con_{noise:016x}\",\"client_id\":\"{:032x}\",\"client_name\":\"Portal\",\
         \"ip\":\"10.{}.{}.{}\",\"user_agent\":\"Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0 Safari/537.36\",\
         \"hostname\":\"acme.eu.auth0.com\",\"user_id\":\"auth0|{:024x}\",\"user_name\":\"person{}@example.com\",\
         \"details\":{{\"session\":\"{:032x}{:016x}\",\"trace\":\"",
        u128::from(noise) * 7,
        noise & 255,
        noise >> 8 & 255,
        noise >> 16 & 255,
        u128::from(noise.rotate_left(17)) * 3,
        noise % 10_000,
        u128::from(noise) * 0xdead_beef,
        noise.rotate_left(33),
    );
    let filler = EVENT_BYTES.saturating_sub(text.len() + 50);
    text.extend((0..filler).map(|at| char::from(b'a' + (noise.rotate_left(at as u32) % 26) as u8)));
    text.push_str("\"}}");
    text
}

fn settings() -> Result<Settings, Box<dyn Error>> {
    let mut settings = Settings {
        batch: 50,
        appenders: 32,
        seconds: 10,
        known: 0,
        duplicates: 0,
        dir: std::env::temp_dir().join("journal-append"),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or("every option needs a value")?;
        match name.as_str() {
            "--batch" => settings.batch = value.parse()?,
            "--appenders" => settings.appenders = value.parse()?,
            "--seconds" => settings.seconds = value.parse()?,
            "--known" => settings.known = value.parse()?,
            "--duplicates" => settings.duplicates = value.parse()?,
            "--dir" => settings.dir = value.into(),
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(settings)
}

/// User and system time of this process so far. Linux counts it in hundredths of a second.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}

/// The same for each kind of thread.
fn cpu_by_thread() -> Result<std::collections::BTreeMap<String, f64>, Box<dyn Error>> {
    let mut kinds = std::collections::BTreeMap::new();
    for thread in std::fs::read_dir("/proc/self/task")? {
        let stat = std::fs::read_to_string(thread?.path().join("stat"))?;
        let name = stat.split(['(', ')']).nth(1).unwrap_or_default().to_owned();
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let cpu = (fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0;
        *kinds.entry(name).or_insert(0.0) += cpu;
    }
    Ok(kinds)
}

fn resident_megabytes() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    Ok(line.split_whitespace().nth(1).unwrap_or("0").parse::<u64>()? / 1024)
}
