//! What a soak is asked to do, from the words of a command line.
//! Deliberately absent: doing it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process::beside;

/// Kills, if nothing else is said.
const KILLS_DEFAULT: u32 = 500;
/// How long a disk is full, if nothing else is said.
const FULL_MINUTES_DEFAULT: u64 = 10;
/// Events a second at the Auth0 stand-in, if nothing else is said.
const RATE_DEFAULT: u32 = 200;
/// How far the program's clock goes wrong.
const CLOCK_OFF_DEFAULT: Duration = Duration::from_secs(6 * 60 * 60);
/// Events that the Auth0 stand-in has when it starts.
const HISTORY_DEFAULT: usize = 20_000;

/// A soak.
#[derive(Debug, Clone)]
pub struct Options {
    /// The binary that has to stand it.
    pub program: PathBuf,
    /// What all chance comes from.
    pub seed: u64,
    /// Events that happen each second at the Auth0 stand-in; at OneLogin a quarter of them.
    pub rate: u32,
    /// Events that the Auth0 stand-in has when it starts; OneLogin a quarter of them.
    pub history: usize,
    /// How far the program's wall clock goes wrong at most.
    pub clock_off: Duration,
    /// What is done to the program.
    pub trial: Trial,
}

/// What is done to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// It is killed again and again.
    Kills {
        /// So often.
        count: u32,
        /// No longer than this; what is first ends it.
        within: Option<Duration>,
        /// Whether some lives are long enough for commits of the lake, for compaction and retention.
        long_lives: bool,
    },
    /// No file of it may grow for so long.
    DiskFull {
        /// How long.
        lasts: Duration,
    },
}

impl Options {
    /// Reads the words of a command line.
    pub(crate) fn read(words: &[String]) -> Result<Self> {
        let (mut kills, mut minutes, mut is_full) = (None, None, false);
        let mut options = Self {
            program: beside(),
            seed: 1,
            rate: RATE_DEFAULT,
            history: HISTORY_DEFAULT,
            clock_off: CLOCK_OFF_DEFAULT,
            trial: Trial::DiskFull { lasts: Duration::ZERO },
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--disk-full" {
                is_full = true;
                continue;
            }
            let value = words.next().with_context(|| format!("{word}: a value is missing"))?;
            let wrong = || format!("{word} {value}: not a number");
            match word.as_str() {
                "--kills" => kills = Some(value.parse().with_context(wrong)?),
                "--minutes" => minutes = Some(value.parse().with_context(wrong)?),
                "--rate" => options.rate = value.parse().with_context(wrong)?,
                "--seed" => options.seed = value.parse().with_context(wrong)?,
                "--history" => options.history = value.parse().with_context(wrong)?,
                "--program" => options.program = PathBuf::from(value),
                _ => bail!(
                    "no option `{word}`; there are: --kills N, --minutes M, --rate EVENTS_A_SECOND, --seed S, \
                     --history EVENTS, --disk-full, --program FILE"
                ),
            }
        }
        let within = minutes.map(|minutes: u64| Duration::from_secs(60 * minutes));
        options.trial = match (is_full, kills) {
            (true, Some(_)) => {
                bail!("--disk-full and --kills are two soaks; run one after the other")
            }
            (true, None) => {
                let default = Duration::from_secs(60 * FULL_MINUTES_DEFAULT);
                Trial::DiskFull { lasts: within.unwrap_or(default) }
            }
            (false, kills) => {
                let unlimited = if within.is_some() { u32::MAX } else { KILLS_DEFAULT };
                Trial::Kills { count: kills.unwrap_or(unlimited), within, long_lives: true }
            }
        };
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, expected: Option<Trial>) {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        assert_eq!(Options::read(&words).ok().map(|options| options.trial), expected, "{words:?}");
    }

    #[test]
    fn the_words_say_what_is_done() {
        let kills = |count, minutes: Option<u64>| {
            let within = minutes.map(|minutes| Duration::from_secs(60 * minutes));
            Some(Trial::Kills { count, within, long_lives: true })
        };
        let full =
            |minutes: u64| Some(Trial::DiskFull { lasts: Duration::from_secs(60 * minutes) });
        check("", kills(500, None));
        check("--kills 3 --seed 9", kills(3, None));
        check("--minutes 2", kills(u32::MAX, Some(2)));
        check("--kills 7 --minutes 2", kills(7, Some(2)));
        check("--disk-full", full(10));
        check("--minutes 1 --disk-full", full(1));
        check("--disk-full --kills 1", None);
        check("--kills", None);
        check("--kills many", None);
        check("--speed 1", None);
    }

    #[test]
    fn the_rest_is_as_it_is_said() {
        let words = ["--rate", "50", "--program", "/x/doorledger", "--history", "0"];
        let options = Options::read(&words.map(str::to_owned)).unwrap();
        assert_eq!((options.rate, options.history, options.seed), (50, 0, 1));
        assert_eq!(options.program, PathBuf::from("/x/doorledger"));
    }
}
