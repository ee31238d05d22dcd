//! The program's wall clock, set wrong without rights and without a switch in the program: a small library in C that is
//! loaded before the C library and adds the seconds that stand in a file (`clock.c`).
//! Deliberately absent: the stand-ins' clocks, which stay right; and programs that are linked statically, which nothing can be
//! loaded before.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use model::{Clock as _, SystemClock};
use tokio::process::Command;

use super::dice::Dice;
use crate::Measured;

const SOURCE: &str = include_str!("clock.c");
/// How far ahead the clock goes at most. It must not come to another day, for retention rightly believes a clock that is
/// ahead by hours, and would drop a day early.
const AHEAD_SECONDS_MAX: u64 = 60 * 60;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// The program's clock.
pub(super) struct Clock {
    library: PathBuf,
    file: PathBuf,
    off_max: u64,
    jumps: AtomicU32,
    earliest: AtomicI64,
    latest: AtomicI64,
}

impl Clock {
    /// Builds the library in `folder`, for a clock that goes wrong by `off_max` at most; nothing where there is no C compiler.
    pub(super) async fn make(folder: &Path, off_max: Duration) -> Result<Option<Self>> {
        let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
        std::fs::write(&source, SOURCE).context("write the clock's library")?;
        let words = ["-shared", "-fPIC", "-O1", "-o"];
        let built = Command::new("cc").args(words).arg(&library).arg(&source).output().await;
        if !built.is_ok_and(|built| built.status.success()) {
            return Ok(None);
        }
        let file = folder.join("clock");
        let clock = Self {
            library,
            file,
            off_max: off_max.as_secs(),
            jumps: AtomicU32::new(0),
            earliest: AtomicI64::new(0),
            latest: AtomicI64::new(0),
        };
        clock.set(0)?;
        Ok(Some(clock))
    }

    /// What a process must find in its environment, to have this clock.
    pub(super) fn variables(&self) -> [(&'static str, &Path); 2] {
        [("LD_PRELOAD", &self.library), ("SOAK_CLOCK", &self.file)]
    }

    /// Sets the clock right, or wrong by so many seconds.
    pub(super) fn set(&self, seconds: i64) -> Result<()> {
        // In place: the program has it mapped.
        let mut options = std::fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(false);
        let mut file = options.open(&self.file).context("open the clock")?;
        std::io::Write::write_all(&mut file, &seconds.to_ne_bytes()).context("set the clock")?;
        if seconds != 0 {
            self.jumps.fetch_add(1, Ordering::Relaxed);
            self.earliest.fetch_min(seconds, Ordering::Relaxed);
            self.latest.fetch_max(seconds, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Sets it back, by an hour if it may go so far.
    pub(super) fn set_back(&self) -> Result<()> {
        self.set(-seconds(self.off_max.min(60 * 60)))
    }

    /// Sets it right, behind or ahead, as the dice say.
    pub(super) fn throw(&self, dice: &mut Dice) -> Result<()> {
        let seconds = match dice.below(4) {
            0 => -seconds(1 + dice.below(self.off_max)),
            1 => seconds(dice.below(AHEAD_SECONDS_MAX.min(self.off_max).min(left_of_day()))),
            _ => 0,
        };
        self.set(seconds)
    }

    /// A line of the table.
    pub(super) fn told(&self) -> Measured {
        let minutes = |seconds: &AtomicI64| seconds.load(Ordering::Relaxed) / 60;
        Measured {
            work: "times that the program's wall clock was set wrong, at a start or while it ran"
                .to_owned(),
            figures: format!(
                "{}, from {} to {} minutes",
                self.jumps.load(Ordering::Relaxed),
                minutes(&self.earliest),
                minutes(&self.latest)
            ),
            must: "—",
            reached: true,
        }
    }
}

fn seconds(count: u64) -> i64 {
    i64::try_from(count).unwrap_or_default()
}

/// Seconds until the next day begins.
fn left_of_day() -> u64 {
    let passed = SystemClock.now().as_second().rem_euclid(DAY_SECONDS);
    (DAY_SECONDS - passed).unsigned_abs()
}
