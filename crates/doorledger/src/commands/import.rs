//! `doorledger import`: reads exported or archived events from files, in any wire form of their provider, plain or
//! gzipped. They become durable like everything else, and are deduplicated like everything else, so that importing a file
//! twice stores it once.
//! Deliberately absent: decoding (`sources`).

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use http::Method;
use model::limits::BODY_BYTES_MAX;
use model::{Batch, Clock as _, Event, Rejected, SourceId, SystemClock, Via, nearest};
use sources::{Decoded, Provider};

use super::server::Server;
use super::{say, written};
use crate::cli::Import;
use crate::exit::{Exit, Failure};
use crate::node::{self, Store};

/// A file that is one array is read whole, up to this size; lines have no limit together.
const ARRAY_BYTES_MAX: u64 = 1 << 30;
/// How many bytes of lines are decoded together.
const LINES_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How many bytes of events are made durable together: half of what a receiver takes, so that separators fit too.
const BATCH_BYTES_MAX: usize = BODY_BYTES_MAX / 2;

/// What has become of the input so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    stored: u64,
    duplicates: u64,
    rejected: u64,
}

/// Imports every file, in order.
pub(super) async fn run(config: Option<&Path>, options: Import) -> Result<()> {
    let provider = provider(&options.provider)?;
    if let Some(problem) = model::name_problem(&options.tenant) {
        let message = format!("--tenant: {problem}\n  hint: {}", model::NAME_HINT);
        return Err(Failure::error(Exit::Data, message));
    }
    let sink = Sink::open(config, &options).await?;
    let id = SourceId {
        provider: provider.name().to_owned(),
        tenant: options.tenant,
        source: "import".to_owned(),
    };
    let mut total = Count::default();
    for file in &options.files {
        let (sender, mut pieces) = tokio::sync::mpsc::channel(2);
        let path = file.clone();
        let reading = tokio::task::spawn_blocking(move || read_file(&path, provider, &sender));
        while let Some(piece) = pieces.recv().await {
            for batch in batches(piece) {
                let count = sink.take(&id, batch).await?;
                total.stored += count.stored;
                total.duplicates += count.duplicates;
                total.rejected += count.rejected;
            }
        }
        reading
            .await
            .context("read a file")?
            .map_err(|error| Failure::error(Exit::Data, format!("{error:#}")))?;
        say(&format!(
            "{}: in all {} stored, {} there already, {} unreadable",
            file.display(),
            total.stored,
            total.duplicates,
            total.rejected
        ));
    }
    sink.close().await?;
    if total.rejected > 0 {
        say("hint: `doorledger dead-letters list` shows what could not be read");
    }
    Ok(())
}

fn provider(name: &str) -> Result<&'static dyn Provider> {
    sources::find(name).ok_or_else(|| {
        let known: Vec<&str> = sources::ALL.iter().map(|provider| provider.name()).collect();
        let hint =
            nearest(name, known.iter().copied()).map_or_else(|| known.join(", "), str::to_owned);
        Failure::error(
            Exit::Data,
            format!("`{name}` is not a provider\n  hint: did you mean {hint}?"),
        )
    })
}

/// Where events go: into a data folder that nobody serves, or to the server that does.
enum Sink {
    Folder(Box<Store>),
    Server(Server),
}

impl Sink {
    async fn open(config: Option<&Path>, options: &Import) -> Result<Self> {
        let outline = node::outline(&written(config)?, options.data.clone()).await?;
        match Store::open(&outline.settings, outline.domains).await {
            Ok(store) => {
                // What is read now is to be shipped when the server runs, even to a destination that never ran.
                for destination in &outline.destinations {
                    store.register(destination)?;
                }
                Ok(Self::Folder(Box::new(store)))
            }
            Err(node::OpenError::Locked) => Ok(Self::Server(Server::of(&options.server)?)),
            Err(node::OpenError::Other(error)) => Err(error),
        }
    }

    async fn take(&self, id: &SourceId, decoded: Decoded) -> Result<Count> {
        match self {
            Self::Folder(store) => {
                let batch = Batch {
                    source: id.clone(),
                    via: Via::Import,
                    received: SystemClock.now(),
                    events: decoded.events,
                    rejected: decoded.rejected,
                    cursor: None,
                    gap: None,
                    walked: None,
                };
                let taken = store.journal.append(batch).await;
                let taken = taken.map_err(|error| Failure::error(Exit::Io, error.to_string()))?;
                Ok(Count {
                    stored: taken.stored,
                    duplicates: taken.duplicates,
                    rejected: taken.rejected,
                })
            }
            Self::Server(server) => {
                let path = format!("/api/v1/import/{}/{}", id.provider, id.tenant);
                let body = lines(&decoded.events, &decoded.rejected);
                let answer = server.send(Method::POST, &path, "application/json", body).await?;
                let answer: serde_json::Value =
                    serde_json::from_slice(&answer.body).context("read the answer")?;
                let number = |name: &str| answer[name].as_u64().unwrap_or_default();
                Ok(Count {
                    stored: number("stored"),
                    duplicates: number("duplicates"),
                    rejected: number("rejected"),
                })
            }
        }
    }

    async fn close(self) -> Result<()> {
        match self {
            Self::Folder(store) => store.close().await,
            Self::Server(_) => Ok(()),
        }
    }
}

/// Events and unreadable pieces as one body, a line between each two; an event may itself span lines.
fn lines(events: &[Event], rejected: &[Rejected]) -> Bytes {
    let mut body = Vec::new();
    for raw in events.iter().map(|event| &event.raw).chain(rejected.iter().map(|piece| &piece.raw))
    {
        body.extend_from_slice(raw);
        body.push(b'\n');
    }
    body.into()
}

/// Cuts what was decoded into batches of a size that journal and server take.
fn batches(decoded: Decoded) -> Vec<Decoded> {
    let mut batches = vec![Decoded { events: Vec::new(), rejected: decoded.rejected }];
    let mut bytes = 0;
    for event in decoded.events {
        if bytes > 0 && bytes + event.raw.len() > BATCH_BYTES_MAX {
            batches.push(Decoded::default());
            bytes = 0;
        }
        bytes += event.raw.len();
        if let Some(last) = batches.last_mut() {
            last.events.push(event);
        }
    }
    batches
}

/// Reads one file piece by piece: lines some megabytes at a time, an array whole.
fn read_file(
    path: &PathBuf,
    provider: &dyn Provider,
    pieces: &tokio::sync::mpsc::Sender<Decoded>,
) -> Result<()> {
    let shown = path.display();
    let input: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("open {shown}"))?)
    };
    let mut input = BufReader::with_capacity(1 << 16, input);
    let gzip =
        input.fill_buf().with_context(|| format!("read {shown}"))?.starts_with(&[0x1f, 0x8b]);
    let plain: Box<dyn Read> =
        if gzip { Box::new(MultiGzDecoder::new(input)) } else { Box::new(input) };
    let mut plain = BufReader::with_capacity(1 << 16, plain);
    // If the receiving end is gone, the command has failed already and says why.
    let give =
        |bytes: Vec<u8>| drop(pieces.blocking_send(provider.read_export(&Bytes::from(bytes))));
    if is_one_value(&mut plain).with_context(|| format!("read {shown}"))? {
        let mut whole = Vec::new();
        plain
            .take(ARRAY_BYTES_MAX + 1)
            .read_to_end(&mut whole)
            .with_context(|| format!("read {shown}"))?;
        anyhow::ensure!(
            whole.len() as u64 <= ARRAY_BYTES_MAX,
            "{shown} is one JSON value of more than {ARRAY_BYTES_MAX} bytes; cut it into lines"
        );
        give(whole);
        return Ok(());
    }
    let mut piece = Vec::new();
    loop {
        let read = plain.read_until(b'\n', &mut piece).with_context(|| format!("read {shown}"))?;
        if piece.len() >= LINES_BYTES_MAX || (read == 0 && !piece.is_empty()) {
            give(std::mem::take(&mut piece));
        }
        if read == 0 {
            return Ok(());
        }
    }
}

/// Whether the input is one array or one object over many lines, rather than an object a line.
fn is_one_value(input: &mut BufReader<Box<dyn Read>>) -> std::io::Result<bool> {
    let start = input.fill_buf()?;
    let first_line = start
        .split(|byte| *byte == b'\n')
        .find(|line| !line.trim_ascii().is_empty())
        .unwrap_or_default();
    let first_line = first_line.trim_ascii();
    let is_whole_line =
        start.contains(&b'\n') && first_line.ends_with(b"}") && first_line.len() > 1;
    Ok(first_line.starts_with(b"[")
        || (first_line.starts_with(b"{") && !is_whole_line && start.contains(&b'\n')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        let boxed: Box<dyn Read> = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        assert_eq!(is_one_value(&mut BufReader::new(boxed)).unwrap(), expected, "{text}");
    }

    #[test]
    fn lines_and_whole_values_are_told_apart() {
        check("{\"a\":1}\n{\"a\":2}\n", false);
        check("{\"a\":1}", false);
        check("\n\n  [\n {}]", true);
        check("[{}]\n", true);
        check("{\n  \"a\": 1\n}\n", true);
        check("", false);
    }

    #[test]
    fn batches_keep_order_and_size() {
        let event = |number: usize| Event {
            id: number.to_string(),
            time: None,
            raw: vec![b'x'; BATCH_BYTES_MAX / 2].into(),
        };
        let decoded = Decoded { events: (0..5).map(event).collect(), rejected: Vec::new() };
        let ids: Vec<Vec<String>> = batches(decoded)
            .into_iter()
            .map(|batch| batch.events.into_iter().map(|event| event.id).collect())
            .collect();
        assert_eq!(ids, [vec!["0", "1"], vec!["2", "3"], vec!["4"]]);
    }
}
