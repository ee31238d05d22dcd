//! SQLite's write-ahead log as its file format (section 4) lays it out: which generation it is, and how many of its frames
//! fit. SQLite itself reads up to the first frame that does not fit and says nothing about the rest.
//! Deliberately absent: what the frames hold, and writing.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

/// The header: magic number, version, size of a page, number of the checkpoint, two salts, two sums.
pub(crate) const HEADER_BYTES: usize = 32;
/// What stands before each page: its number, the size of the database after a commit, the salts, two sums.
pub(crate) const FRAME_HEADER_BYTES: usize = 24;

/// The magic number of a log whose sums are made of little-endian words; with a one at its end, of big-endian words.
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;
/// Sizes of pages that SQLite knows.
const PAGE_BYTES: std::ops::RangeInclusive<u32> = 512..=65_536;

/// A log, opened for looking.
pub(crate) struct Log {
    file: BufReader<File>,
    /// `None` if the header does not fit.
    header: Option<Header>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    is_big_endian: bool,
    page_bytes: usize,
    /// Both salts: each time the log is begun anew it has others.
    generation: u64,
    sums: Sums,
}

/// The running checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sums(u32, u32);

impl Log {
    /// Opens the log in this file; `None` if there is none, or nothing in it.
    pub(crate) fn open(path: &Path) -> io::Result<Option<Self>> {
        let mut file = match File::open(path) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut header = [0; HEADER_BYTES];
        let read = read_up_to(&mut file, &mut header)?;
        let whole = read == HEADER_BYTES;
        Ok((read > 0).then(|| Self { file, header: Header::of(&header).filter(|_| whole) }))
    }

    /// By what this log is told from those that were in the file before it; `None` if its header does not fit: SQLite takes
    /// nothing from such a log.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.header.map(|header| header.generation)
    }

    /// How many frames from the first on fit, at most so many.
    pub(crate) fn whole_frames(&mut self, frames_max: u32) -> io::Result<u32> {
        let Some(header) = self.header else { return Ok(0) };
        let mut sums = header.sums;
        let mut frame = vec![0; FRAME_HEADER_BYTES + header.page_bytes];
        for frames in 0..frames_max {
            if read_up_to(&mut self.file, &mut frame)? < frame.len() {
                return Ok(frames);
            }
            let (told, page) = frame.split_at(FRAME_HEADER_BYTES);
            let (covered, _) = told.split_at(8);
            sums = sums.over(covered, header.is_big_endian).over(page, header.is_big_endian);
            let is_of_this_log = number(told, 8).zip(number(told, 12)).map(joined);
            let expected = number(told, 16).zip(number(told, 20));
            if is_of_this_log != Some(header.generation) || expected != Some((sums.0, sums.1)) {
                return Ok(frames);
            }
        }
        Ok(frames_max)
    }
}

impl Header {
    fn of(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let at = |position| number(bytes, position);
        let magic = at(0)?;
        let page_bytes = at(8)?;
        let is_big_endian = magic == MAGIC | 1;
        let sums = Sums(0, 0).over(bytes.get(..24)?, is_big_endian);
        let fits = (magic == MAGIC || is_big_endian)
            && at(4)? == VERSION
            && page_bytes.is_power_of_two()
            && PAGE_BYTES.contains(&page_bytes)
            && sums == Sums(at(24)?, at(28)?);
        let page_bytes = usize::try_from(page_bytes).ok()?;
        let generation = joined((at(16)?, at(20)?));
        fits.then_some(Self { is_big_endian, page_bytes, generation, sums })
    }
}

impl Sums {
    /// Takes in more bytes, a multiple of eight.
    fn over(self, bytes: &[u8], is_big_endian: bool) -> Self {
        let Self(mut first, mut second) = self;
        let (words, _) = bytes.as_chunks::<4>();
        let (pairs, _) = words.as_chunks::<2>();
        for [one, two] in pairs {
            let (one, two) = if is_big_endian {
                (u32::from_be_bytes(*one), u32::from_be_bytes(*two))
            } else {
                (u32::from_le_bytes(*one), u32::from_le_bytes(*two))
            };
            first = first.wrapping_add(one).wrapping_add(second);
            second = second.wrapping_add(two).wrapping_add(first);
        }
        Self(first, second)
    }
}

/// The big-endian number at this position.
fn number(bytes: &[u8], position: usize) -> Option<u32> {
    bytes.get(position..)?.first_chunk().copied().map(u32::from_be_bytes)
}

fn joined((first, second): (u32, u32)) -> u64 {
    (u64::from(first) << 32) | u64::from(second)
}

/// Fills the buffer as far as the file goes; how far that is.
fn read_up_to(file: &mut impl io::Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use tempfile::TempDir;

    use super::*;

    /// A log as SQLite writes it, of so many commits, copied while it is open.
    fn log(dir: &TempDir, commits: usize) -> std::path::PathBuf {
        let database = dir.path().join("x.sqlite");
        let connection = Connection::open(&database).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        for _ in 0..commits {
            connection.execute_batch("INSERT INTO t VALUES (randomblob(9000))").unwrap();
        }
        let copy = dir.path().join("copy");
        std::fs::copy(dir.path().join("x.sqlite-wal"), &copy).unwrap();
        copy
    }

    #[test]
    fn every_frame_that_sqlite_wrote_fits_and_none_behind_a_change() {
        let dir = TempDir::new().unwrap();
        let path = log(&dir, 5);
        let good = std::fs::read(&path).unwrap();
        let all = u32::try_from((good.len() - HEADER_BYTES) / (FRAME_HEADER_BYTES + 4096)).unwrap();
        assert!(all > 5);
        let frames = || Log::open(&path).unwrap().unwrap().whole_frames(u32::MAX).unwrap();
        assert_eq!(frames(), all);
        assert_eq!(Log::open(&path).unwrap().unwrap().whole_frames(2).unwrap(), 2);
        for position in (0..good.len()).step_by(997) {
            let mut bad = good.clone();
            bad[position] ^= 4;
            std::fs::write(&path, &bad).unwrap();
            let before = position.saturating_sub(HEADER_BYTES) / (FRAME_HEADER_BYTES + 4096);
            assert_eq!(frames(), u32::try_from(before).unwrap(), "{position}");
            std::fs::write(&path, &good[..position]).unwrap();
            let cut = Log::open(&path).unwrap().map_or(0, |mut log| log.whole_frames(all).unwrap());
            assert_eq!(cut, u32::try_from(before).unwrap(), "{position}");
        }
    }

    #[test]
    fn no_log_is_none_and_a_broken_header_has_no_generation() {
        let dir = TempDir::new().unwrap();
        assert!(Log::open(&dir.path().join("nothing")).unwrap().is_none());
        let path = log(&dir, 1);
        assert!(Log::open(&path).unwrap().unwrap().generation().is_some());
        for bytes in [&b"x"[..], &[0; 100]] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(Log::open(&path).unwrap().unwrap().generation(), None);
        }
    }
}
