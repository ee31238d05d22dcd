//! A short soak by the mechanism of `cargo xtask soak`: the program is killed a few times while every channel, both
//! destinations and the faults are at work, and every event and every hour is compared afterwards.
//! Deliberately absent: lives that are long enough for compaction, and a disk that is full for minutes; the command has those.

use std::path::PathBuf;
use std::time::Duration;

use bench::soak::{Options, Trial, run};

#[test]
fn after_kills_every_event_and_every_hour_is_as_it_was_published() {
    let options = Options {
        program: PathBuf::from(env!("CARGO_BIN_EXE_doorledger")),
        seed: 20_261_121,
        rate: 40,
        history: 600,
        // Beyond a quarter of an hour the Data Collector refuses what is sent, and the program rightly waits for a minute.
        clock_off: Duration::from_secs(600),
        trial: Trial::Kills { count: 4, within: None, long_lives: false },
    };
    let report = run(&options).unwrap();
    assert_eq!(report.differences, Vec::<String>::new());
    let missed: Vec<_> = report.lines.iter().filter(|line| !line.reached).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}
