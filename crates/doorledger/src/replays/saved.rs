//! The file of a replay: what was asked for, how far each table is, and which events beyond that are acknowledged.
//! Deliberately absent: what is done with it (`run`).

use std::io::{Read as _, Write as _};
use std::path::Path;

use api::{ReplayProgress, ReplayState};
use model::Timestamp;
use serde::{Deserialize, Serialize};

use super::settled::SettledEvents;

/// The largest file that is read: a page's ids are far less.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Files of replays that have ended, beyond which the oldest goes.
const ENDED_MAX: usize = 100;

/// A replay as it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saved {
    /// What others see of it.
    pub(super) progress: ReplayProgress,
    /// Whether nobody said until when, so that it was the moment of its start.
    pub(super) until_now: bool,
    /// The tables, in the order in which they are sent.
    pub(super) tables: Vec<Table>,
}

/// How far a table is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    /// Its name.
    pub(super) name: String,
    /// Everything before this moment is settled; `None` once all of it is.
    pub(super) at: Option<Timestamp>,
    /// And so are these events, of this moment and later.
    pub(super) settled: SettledEvents,
}

impl Saved {
    /// One that has not begun.
    pub(super) fn new(progress: ReplayProgress, until_now: bool, tables: Vec<String>) -> Self {
        let since = progress.since;
        let table = |name| Table { name, at: Some(since), settled: SettledEvents::default() };
        Self { tables: tables.into_iter().map(table).collect(), progress, until_now }
    }
}

/// Writes it, whole or not at all. Blocks.
pub(super) fn write(folder: &Path, saved: &Saved) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let (path, draft) = (folder.join(name(saved)), folder.join(format!("{}.new", name(saved))));
    let mut file = std::fs::File::create(&draft)?;
    file.write_all(&serde_json::to_vec(saved)?)?;
    file.sync_data()?;
    std::fs::rename(&draft, &path)?;
    std::fs::File::open(folder)?.sync_all()
}

/// Every replay of the folder. One that was running when the process ended counts as interrupted. What cannot be read is
/// left out, and told. Blocks.
pub(super) fn read_all(folder: &Path) -> Vec<Saved> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    let paths = paths.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let mut all: Vec<Saved> = Vec::new();
    for path in paths {
        match read(&path) {
            Ok(mut saved) => {
                if saved.progress.state == ReplayState::Running {
                    saved.progress.state = ReplayState::Stopped;
                }
                all.push(saved);
            }
            Err(error) => tracing::warn!(path = %path.display(), %error, "not a replay"),
        }
    }
    forget_oldest(folder, &mut all);
    all
}

fn forget_oldest(folder: &Path, all: &mut Vec<Saved>) {
    all.sort_by_key(|saved| std::cmp::Reverse(saved.progress.started));
    let mut ended = 0;
    all.retain(|saved| {
        ended += usize::from(saved.progress.state != ReplayState::Stopped);
        let stays = saved.progress.state == ReplayState::Stopped || ended <= ENDED_MAX;
        // One that cannot be removed is tried again at the next start.
        stays || std::fs::remove_file(folder.join(name(saved))).is_err()
    });
}

fn read(path: &Path) -> std::io::Result<Saved> {
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut text)?;
    let mut saved: Saved = serde_json::from_slice(&text)?;
    let again: u64 = saved.tables.iter_mut().map(|table| table.settled.forget_unowned()).sum();
    if again > 0 {
        let path = path.display();
        tracing::warn!(%path, again, "an earlier version did not note whose events it had sent last: these are sent again");
        saved.progress.sent = saved.progress.sent.saturating_sub(again);
    }
    Ok(saved)
}

/// The file's name. A destination's name may hold what a file's may not.
fn name(saved: &Saved) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    format!("{}.json", saved.progress.id.chars().map(plain).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use destinations::Outgoing;
    use model::SourceId;

    use super::*;

    fn saved(number: i64, state: ReplayState) -> Saved {
        let at = Timestamp::from_second(number).unwrap();
        let progress = ReplayProgress {
            id: format!("to/../{number}"),
            to: "to".to_owned(),
            since: at,
            until: at,
            condition: None,
            state,
            events: 3,
            sent: 1,
            refused: 0,
            started: at,
            latest: None,
            left_out: Vec::new(),
            trouble: None,
        };
        Saved::new(progress, true, vec!["Auth0Logs_CL".to_owned()])
    }

    #[test]
    fn what_is_written_is_read_and_what_was_running_was_interrupted() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("replays");
        assert_eq!(read_all(&folder), []);
        let mut running = saved(1, ReplayState::Running);
        let source = SourceId {
            provider: "auth0".to_owned(),
            tenant: "acme".to_owned(),
            source: "poll".to_owned(),
        };
        running.tables[0].settled.insert(&Outgoing {
            source: Arc::new(source),
            domain: None,
            offset: 7,
            id: "900".to_owned(),
            time: None,
            received: Timestamp::UNIX_EPOCH,
            raw: Bytes::new(),
        });
        write(&folder, &running).unwrap();
        write(&folder, &saved(2, ReplayState::Done)).unwrap();
        std::fs::write(folder.join("broken.json"), "{").unwrap();
        running.progress.state = ReplayState::Stopped;
        assert_eq!(read_all(&folder), [saved(2, ReplayState::Done), running]);
    }

    #[test]
    fn the_oldest_that_have_ended_are_forgotten_and_none_that_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &saved(0, ReplayState::Stopped)).unwrap();
        for number in 1..=ENDED_MAX as i64 + 1 {
            write(folder.path(), &saved(number, ReplayState::Cancelled)).unwrap();
        }
        for _ in 0..2 {
            let read = read_all(folder.path());
            let oldest: Vec<i64> =
                read.iter().rev().take(2).map(|it| it.progress.started.as_second()).collect();
            assert_eq!((read.len(), oldest), (ENDED_MAX + 1, vec![0, 2]));
        }
    }
}
