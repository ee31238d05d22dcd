//! What a commit changes, as Delta's actions and as the record that goes with them.
//! Deliberately absent: committing (`delta`).

use std::collections::HashMap;
use std::sync::Arc;

use deltalake::kernel::{Action, Add, Remove};
use jiff::Timestamp;

use crate::files::DataFile;
use crate::layout::DAY;
use crate::record::{Deed, FileRecord, Found, Told};

/// What a commit changes.
#[derive(Debug, Clone)]
pub(crate) struct Change<'a> {
    /// What it does.
    pub(crate) deed: Deed,
    /// Files that come.
    pub(crate) added: &'a [DataFile],
    /// Files that go.
    pub(crate) removed: &'a [Arc<DataFile>],
    /// Files that stay, as they were found.
    pub(crate) attested: Option<Attested<'a>>,
    /// Why rows go.
    pub(crate) reason: Option<String>,
    /// When.
    pub(crate) now: Timestamp,
}

/// Files that were there before the chain began.
#[derive(Debug, Clone)]
pub(crate) struct Attested<'a> {
    /// With what proves their content now.
    pub(crate) files: &'a [DataFile],
    /// The last of them in the order of their names; `None` if there are no more.
    pub(crate) until: Option<String>,
}

impl Change<'_> {
    /// As Delta's actions.
    pub(crate) fn actions(&self) -> Vec<Action> {
        let now = self.now.as_millisecond();
        let removed = self.removed.iter().map(|file| remove(file, now, self.added.is_empty()));
        let new_rows = self.deed == Deed::Append;
        removed.chain(self.added.iter().map(|file| add(file, now, new_rows))).collect()
    }

    /// As a record, of a log of which `found` is not attested yet.
    pub(crate) fn told(&self, found: Option<&Found>) -> Told {
        let attested = self.attested.as_ref();
        let found = match (found, attested) {
            (Some(found), Some(attested)) => attested
                .until
                .clone()
                .map(|path| Found { attested: Some(path), version: found.version }),
            (found, _) => found.cloned(),
        };
        let files =
            attested.map_or_else(Vec::new, |a| a.files.iter().map(FileRecord::of).collect());
        Told {
            added: self.added.iter().map(FileRecord::of).collect(),
            removed: self.removed.iter().map(|file| FileRecord::of(file)).collect(),
            attested: files,
            reason: self.reason.clone(),
            found,
            ..Told::new(self.deed, self.now)
        }
    }
}

/// The action that adds a file.
fn add(file: &DataFile, now_milliseconds: i64, new_rows: bool) -> Action {
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
fn remove(file: &DataFile, now_milliseconds: i64, rows_vanish: bool) -> Action {
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
