//! The pin: a small file beside the database that says how far the journal was when it last acknowledged something. SQLite
//! drops the end of a damaged write-ahead log without a word; what the pin knows and the database does not is then named,
//! instead of being gone unnoticed.
//!
//! It is written after each commit is durable and before anybody is told, so it is never ahead of a sound file. It is
//! written into the system's memory, where a killed process leaves it; it is made durable by itself at most a second
//! later, whenever the log was copied into the database, and at the end. So a power cut can leave it a second behind,
//! which hides what is damaged of that second and never raises a false alarm.
//!
//! Deliberately absent: repair. What is lost here comes from a backup, or from the provider.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Error;
use crate::block::checksum;
use crate::disk::file_bytes;
use crate::schema::{self, Folder};
use crate::wal::Log;

/// Name of the file within the journal's folder.
pub(crate) const FILE_NAME: &str = "journal.pin";
/// How long the pin may be in the system's memory alone.
pub(crate) const SYNC_AFTER: Duration = Duration::from_secs(1);

/// A record is one sector at most, and the file has two of them, written in turn: one that is torn leaves the other.
const SLOT_BYTES: u64 = 512;
const RECORD_BYTES: usize = 64;
const MAGIC: u64 = u64::from_be_bytes(*b"dljpin01");

/// How far the journal was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pin {
    /// A hash of the journal's name.
    journal: u64,
    /// How many were written before it.
    sequence: u64,
    /// The next offset.
    head: u64,
    /// Events and pieces of rejected input that were ever taken.
    taken: u64,
    /// Which log SQLite wrote, and how many frames it had.
    generation: u64,
    frames: u32,
    /// Whether all of the log was in the database.
    is_copied: bool,
}

/// The file, and what it says.
pub(crate) struct PinFile {
    file: File,
    path: PathBuf,
    wal: PathBuf,
    last: Pin,
    /// Since when the file is not durable.
    unsynced: Option<Instant>,
    /// Whether the last write failed, which is told once.
    is_failing: bool,
}

/// Whether the files hold what the pin in the folder says they do. Nothing is written.
///
/// # Errors
/// [`Error::Lost`] if they do not; [`Error::Corrupt`] if the pin cannot be read.
pub(crate) fn check_files(folder: &Folder) -> Result<Option<Pin>, Error> {
    let path = folder.dir.join(FILE_NAME);
    let Some(pin) = read(&path)? else { return Ok(None) };
    if file_bytes(&folder.database).map_err(Error::io("look at", &folder.database))? == 0 {
        let what = "is missing or empty".to_owned();
        return Err(pin.lost(&folder.database, &what));
    }
    let found = frames_found(&pin, &folder.wal).map_err(Error::io("read", &folder.wal))?;
    match found {
        Some(found) if found < pin.frames => {
            let pages = format!("holds {found} of {} pages that were written to it", pin.frames);
            let what = match schema::last_offset(&folder.database) {
                Some(last) => format!("{pages}, with them the journal ends at offset {last}"),
                None => pages,
            };
            Err(pin.lost(&folder.wal, &what))
        }
        _ => Ok(Some(pin)),
    }
}

/// How many frames fit of the log that the pin speaks of; `None` if the file holds another log, or none that matters.
fn frames_found(pin: &Pin, wal: &Path) -> io::Result<Option<u32>> {
    let Some(mut log) = Log::open(wal)? else { return Ok(None) };
    match log.generation() {
        // Begun anew when a power cut came: everything is in the database.
        None if pin.is_copied => Ok(None),
        None => Ok(Some(0)),
        Some(generation) if generation != pin.generation => Ok(None),
        // A log of which a part is missing would put old pages before the newer ones of the database, even if it was copied.
        Some(_) => log.whole_frames(pin.frames).map(Some),
    }
}

fn read(path: &Path) -> Result<Option<Pin>, Error> {
    let failed = |source| Error::io("read", path)(source);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    // Made, and nothing written yet: then nothing was acknowledged either.
    if file.metadata().map_err(failed)?.len() == 0 {
        return Ok(None);
    }
    let slot = |n: u64| {
        let mut record = [0; RECORD_BYTES];
        match file.read_exact_at(&mut record, n * SLOT_BYTES) {
            Ok(()) => Ok(Pin::decode(&record)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(failed(error)),
        }
    };
    let newest = slot(0)?.into_iter().chain(slot(1)?).max_by_key(|pin| pin.sequence);
    newest.map(Some).ok_or_else(|| Error::Pin { path: path.to_owned() })
}

impl Pin {
    /// Whether a journal of this name that ends here and took so much holds what the pin says.
    ///
    /// # Errors
    /// [`Error::Lost`] if it does not.
    pub(crate) fn check(
        &self,
        folder: &Folder,
        id: &str,
        (head, taken): (u64, u64),
    ) -> Result<(), Error> {
        if self.journal != checksum(id.as_bytes()) || (head >= self.head && taken >= self.taken) {
            return Ok(());
        }
        let what = format!(
            "ends at offset {} and has taken {taken} pieces of input of {}",
            head.saturating_sub(1),
            self.taken
        );
        Err(self.lost(&folder.database, &what))
    }

    /// Why a database is no journal whose tables were in a log that is gone.
    pub(crate) fn explain(&self, folder: &Folder, error: Error) -> Error {
        let is_log_gone = || matches!(Log::open(&folder.wal), Ok(None));
        if matches!(error, Error::Foreign { .. })
            && self.frames > 0
            && !self.is_copied
            && is_log_gone()
        {
            return self.lost(&folder.wal, "is missing or empty");
        }
        error
    }

    fn lost(&self, path: &Path, what: &str) -> Error {
        let acknowledged = self.head.saturating_sub(1);
        Error::Lost { path: path.to_owned(), what: what.to_owned(), acknowledged }
    }

    fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut record = [0; RECORD_BYTES];
        let numbers = [
            MAGIC,
            self.journal,
            self.sequence,
            self.head,
            self.taken,
            self.generation,
            (u64::from(self.frames) << 1) | u64::from(self.is_copied),
        ];
        for (place, number) in record.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
            *place = number.to_le_bytes();
        }
        let (told, sum) = record.split_at_mut(RECORD_BYTES - 8);
        sum.copy_from_slice(&checksum(told).to_le_bytes());
        record
    }

    fn decode(record: &[u8; RECORD_BYTES]) -> Option<Self> {
        let (told, sum) = record.split_at(RECORD_BYTES - 8);
        let numbers: Vec<u64> =
            told.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let [magic, journal, sequence, head, taken, generation, frames] =
            numbers.try_into().ok()?;
        let fits = magic == MAGIC && sum == checksum(told).to_le_bytes();
        fits.then_some(Self {
            journal,
            sequence,
            head,
            taken,
            generation,
            frames: u32::try_from(frames >> 1).ok()?,
            is_copied: frames & 1 == 1,
        })
    }
}

impl PinFile {
    /// Opens the file, makes it if need be, and writes how far a journal is that was found in order. `pinned` is what stood
    /// there. Durable when it returns.
    pub(crate) fn open(
        folder: &Folder,
        pinned: Option<Pin>,
        id: &str,
        (head, taken): (u64, u64),
    ) -> Result<Self, Error> {
        let path = folder.dir.join(FILE_NAME);
        let failed = |source| Error::io("write", &path)(source);
        let is_new = !path.try_exists().map_err(failed)?;
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let generation = generation(&folder.wal);
        let (sequence, journal) = (pinned.map_or(0, |pin| pin.sequence), checksum(id.as_bytes()));
        let (frames, is_copied) = pinned
            .filter(|pin| pin.journal == journal && pin.generation == generation)
            .map_or((0, false), |pin| (pin.frames, pin.is_copied));
        let mut pin = Self {
            file,
            wal: folder.wal.clone(),
            last: Pin { journal, sequence, head, taken, generation, frames, is_copied },
            unsynced: None,
            is_failing: false,
            path: path.clone(),
        };
        pin.write().map_err(failed)?;
        pin.file.sync_data().map_err(failed)?;
        pin.unsynced = None;
        if is_new {
            let dir = &folder.dir;
            File::open(dir)
                .and_then(|dir| dir.sync_all())
                .map_err(Error::io("make durable", dir))?;
        }
        Ok(pin)
    }

    /// Notes how far the journal is: its next offset, what it took, and how many frames its log has.
    pub(crate) fn note(&mut self, (head, taken): (u64, u64), frames: u32) {
        // A log that was copied, or is shorter than before, was begun anew.
        if self.last.is_copied || frames < self.last.frames || self.last.generation == 0 {
            self.last.generation = generation(&self.wal);
        }
        self.last = Pin { head, taken, frames, is_copied: false, ..self.last };
        let written = self.write();
        self.tell(written);
    }

    /// Notes that all of the log's frames are in the database, durably: the log may be begun anew from now on.
    pub(crate) fn note_copied(&mut self, frames: u32) {
        self.last = Pin { frames, is_copied: true, ..self.last };
        let written = self.write();
        self.tell(written);
        self.sync();
    }

    /// Whether the file says more than is durable of it.
    pub(crate) fn is_unsynced(&self) -> bool {
        self.unsynced.is_some()
    }

    /// Makes it durable if that was long ago.
    pub(crate) fn sync_if_due(&mut self) {
        if self.unsynced.is_some_and(|since| since.elapsed() >= SYNC_AFTER) {
            self.sync();
        }
    }

    fn sync(&mut self) {
        self.unsynced = None;
        let synced = self.file.sync_data();
        self.tell(synced);
    }

    fn write(&mut self) -> io::Result<()> {
        self.last.sequence += 1;
        self.unsynced.get_or_insert_with(Instant::now);
        self.file.write_all_at(&self.last.encode(), (self.last.sequence % 2) * SLOT_BYTES)
    }

    /// A pin that cannot be written guards nothing, and stops nothing.
    fn tell(&mut self, done: io::Result<()>) {
        if let Err(error) = &done
            && !self.is_failing
        {
            let path = self.path.display();
            tracing::warn!(%path, %error, "the journal's end is not guarded: its pin cannot be written");
        }
        self.is_failing = done.is_err();
    }
}

/// The log that is in the file now; zero, which none is called, if it cannot be told.
fn generation(wal: &Path) -> u64 {
    let log = Log::open(wal).ok().flatten();
    log.and_then(|log| log.generation()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_a_changed_one_is_refused() {
        let pin = Pin {
            journal: 1,
            sequence: u64::MAX,
            head: 3,
            taken: 4,
            generation: 5,
            frames: u32::MAX,
            is_copied: true,
        };
        let record = pin.encode();
        assert_eq!(Pin::decode(&record), Some(pin));
        for position in 0..RECORD_BYTES {
            let mut bad = record;
            bad[position] ^= 16;
            assert_eq!(Pin::decode(&bad), None, "{position}");
        }
        assert_eq!(Pin::decode(&[0; RECORD_BYTES]), None);
    }
}
