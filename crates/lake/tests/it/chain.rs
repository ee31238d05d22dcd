//! The chain of signed commits: what fits is found to fit, and every change by somebody else is named.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use identity::Identity;
use lake::{
    Finding, Lake, LakeOptions, Notary, PINS_FILE, Progress, TableVerdict, VerifyOptions, pins_of,
    verify,
};
use model::{Clock as _, FixedClock, SystemClock};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;

use crate::support::{DOORS, FlatMapper, Journal, WIDER_DOORS, clock, drain, open, options};

/// A lake and the data folder with the key and the pins.
pub(crate) struct Sealed {
    pub(crate) lake: TempDir,
    data: TempDir,
    journal: Journal,
}

impl Sealed {
    pub(crate) fn new() -> Self {
        let (lake, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        Self { lake, data, journal: Journal::new() }
    }

    pub(crate) fn data_folder(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn identity(&self) -> Arc<Identity> {
        Arc::new(Identity::open(self.data.path()).unwrap())
    }

    pub(crate) fn options(&self) -> LakeOptions {
        let mut options = options(&self.lake);
        options.notary = Some(Arc::new(Notary::open(self.identity(), self.data.path()).unwrap()));
        options
    }

    pub(crate) async fn add(&self, lake: &Arc<Lake>, id: &str, day: &str) {
        let text = format!(r#"{{"id":"{id}","at":"{day}T10:00:00Z","door":"front {id}"}}"#);
        self.journal.append("doors", &[text]);
        drain(lake, &self.journal).await;
    }

    pub(crate) fn checks(&self) -> VerifyOptions {
        let mut checks = VerifyOptions::new(self.lake.path().to_str().unwrap());
        let key = self.identity().public_key();
        checks.trusted = vec![key];
        checks.pins = Some(pins_of(self.data.path(), &key).unwrap().unwrap_or_default());
        checks.parallel = 2;
        checks
    }

    pub(crate) async fn verify(&self) -> Vec<TableVerdict> {
        verify(&self.checks(), &Arc::new(Progress::default())).await.unwrap()
    }

    pub(crate) async fn findings(&self) -> Vec<Finding> {
        self.verify().await.into_iter().flat_map(|verdict| verdict.findings).collect()
    }

    /// The table's file at `path`.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.lake.path().join("Doors_CL").join(path)
    }

    /// The files below a folder of the table.
    pub(crate) fn files(&self, folder: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.file(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }

    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.lake.path()).unwrap().to_str().unwrap().to_owned()
    }
}

/// A lake in which everything has happened that leaves a kind of file behind.
pub(crate) async fn eventful() -> Sealed {
    let sealed = Sealed::new();
    let lake = open(sealed.options()).await;
    for round in 0..70 {
        sealed.add(&lake, &round.to_string(), "2026-03-05").await;
    }
    for day in ["2026-03-01", "2026-03-01", "2026-03-01", "2026-01-01"] {
        sealed.add(&lake, day, day).await;
    }
    let mut short = sealed.options();
    short.retention_days_default = Some(30);
    let machine = FixedClock::at(SystemClock.now());
    machine.advance_microseconds(i64::try_from(Duration::from_secs(10_000).as_micros()).unwrap());
    let trimming = Lake::open(sealed.options(), Arc::new(FlatMapper(&DOORS)), Arc::new(machine))
        .await
        .unwrap();
    assert!(trimming.maintain_once().await.unwrap().log_entries_deleted > 60);
    let lake = open(short).await;
    assert_eq!(lake.maintain_once().await.unwrap().files_expired, 1);
    let wider = Arc::new(FlatMapper(&WIDER_DOORS));
    let lake = Lake::open(sealed.options(), wider, clock()).await.unwrap();
    sealed.add(&lake, "last", "2026-03-04").await;
    sealed
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_the_lake_does_itself_fits() {
    let sealed = eventful().await;
    let verdicts = sealed.verify().await;
    assert_eq!(verdicts.len(), 1);
    let verdict = &verdicts[0];
    assert_eq!(verdict.findings, []);
    assert_eq!(verdict.notes, Vec::<String>::new());
    assert_eq!((verdict.sealed_from, verdict.rows), (Some(0), 74));
    assert_eq!(verdict.commits, verdict.version + 1);
    assert!(!sealed.files("_chain").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_flipped_byte_in_any_file_is_named() {
    let sealed = eventful().await;
    let mut kinds = Vec::new();
    for (folder, least) in [("_delta_log", 10), ("_chain", 1), ("_Day=2026-03-05", 2)] {
        let files = sealed.files(folder);
        assert!(files.len() >= least, "{folder}: {files:?}");
        kinds.push(files);
    }
    let derived = |wanted: &str| -> Vec<PathBuf> {
        let named = |path: &&PathBuf| path.to_str().unwrap().contains(wanted);
        sealed.files("_delta_log").iter().filter(named).cloned().collect()
    };
    kinds.extend([derived(".checkpoint."), derived("_last_checkpoint")]);
    assert!(kinds.iter().all(|files| !files.is_empty()), "{kinds:?}");
    let handle = tokio::runtime::Handle::current();
    let checked = tokio::task::spawn_blocking(move || {
        let strategy =
            (0..kinds.len(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..8);
        let mut runner = TestRunner::new(Config { cases: 60, ..Config::default() });
        let outcome = runner.run(&strategy, |(kind, file, at, bit)| {
            let path = &kinds[kind][file.index(kinds[kind].len())];
            let good = std::fs::read(path).unwrap();
            let mut bad = good.clone();
            let at = at.index(bad.len());
            bad[at] ^= 1 << bit;
            std::fs::write(path, &bad).unwrap();
            let found = handle.block_on(sealed.findings());
            std::fs::write(path, &good).unwrap();
            let named = found.iter().any(|finding| finding.path == sealed.shown(path));
            prop_assert!(named, "{path:?} byte {at} bit {bit}: {found:?}");
            Ok(())
        });
        (outcome, sealed)
    });
    let (outcome, sealed) = checked.await.unwrap();
    outcome.unwrap();
    assert_eq!(sealed.findings().await, [], "put back as it was");
}

/// Does something to a lake of three commits and checks what is said of it.
async fn check(spoil: impl AsyncFn(&Sealed), expected: &[(&str, &str)]) {
    let sealed = Sealed::new();
    let lake = open(sealed.options()).await;
    for id in ["a", "b", "c"] {
        sealed.add(&lake, id, "2026-03-05").await;
    }
    drop(lake);
    spoil(&sealed).await;
    let found = sealed.findings().await;
    for (path, what) in expected {
        let told = |finding: &&Finding| finding.path.contains(path) && finding.what.contains(what);
        assert!(found.iter().any(|finding| told(&finding)), "{path}: {what}: {found:?}");
    }
    assert_eq!(found.is_empty(), expected.is_empty(), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_end_was_cut_off_is_noticed() {
    let cut = async |sealed: &Sealed| {
        std::fs::remove_file(sealed.file("_delta_log/00000000000000000003.json")).unwrap();
    };
    check(
        cut,
        &[("00000000000000000003.json", "cut off: it ends at version 2, but reached version 3")],
    )
    .await;
    let all = async |sealed: &Sealed| std::fs::remove_dir_all(sealed.file("")).unwrap();
    check(all, &[("_delta_log", "the log is gone")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_and_exchanged_files_are_named() {
    let lost = async |sealed: &Sealed| {
        std::fs::remove_file(&sealed.files("_Day=2026-03-05")[0]).unwrap();
    };
    check(lost, &[("_Day=2026-03-05", "the file is missing, and with it 1 events")]).await;
    let exchanged = async |sealed: &Sealed| {
        let files = sealed.files("_Day=2026-03-05");
        std::fs::copy(&files[0], &files[1]).unwrap();
    };
    check(exchanged, &[("_Day=2026-03-05", "its bytes and its events were changed")]).await;
    let gap = async |sealed: &Sealed| {
        std::fs::remove_file(sealed.file("_delta_log/00000000000000000001.json")).unwrap();
    };
    check(gap, &[("00000000000000000001.json", "the entry of version 1 is missing")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_changed_before_it_was_merged_is_still_named() {
    let launder = async |sealed: &Sealed| {
        let files = sealed.files("_Day=2026-03-05");
        std::fs::copy(&files[0], &files[1]).unwrap();
        let later = Arc::new(FixedClock::at("2026-03-07T00:00:00Z".parse().unwrap()));
        let mapper = Arc::new(FlatMapper(&DOORS));
        let lake = Lake::open(sealed.options(), mapper, later).await.unwrap();
        assert_eq!(lake.maintain_once().await.unwrap().files_merged, 3);
        files.iter().for_each(|file| std::fs::remove_file(file).unwrap());
    };
    check(launder, &[("_Day=2026-03-05", "it was changed between version")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_written_anew_with_another_key_is_not_believed() {
    let forge = async |sealed: &Sealed| {
        std::fs::remove_dir_all(sealed.file("")).unwrap();
        let forger = Sealed { journal: sealed.journal.clone(), ..Sealed::new() };
        let mut forged = options(&sealed.lake);
        forged.node = "forger".to_owned();
        forged.notary = Some(Arc::new(Notary::in_memory(forger.identity())));
        let lake = open(forged).await;
        let journal = Journal::new();
        for id in ["a", "b", "x"] {
            journal.append("doors", &[format!(r#"{{"id":"{id}"}}"#)]);
            drain(&lake, &journal).await;
        }
    };
    let expected = [("00000000000000000000.json", "a key that is not trusted here")];
    check(forge, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_another_program_is_named() {
    let foreign = async |sealed: &Sealed| {
        let lake = open(options(&sealed.lake)).await;
        sealed.add(&lake, "d", "2026-03-05").await;
    };
    check(foreign, &[("00000000000000000004.json", "it has no record")]).await;
    check(async |_| {}, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_the_chain_is_taken_as_found_and_proved_from_then_on() {
    let sealed = Sealed::new();
    let lake = open(options(&sealed.lake)).await;
    for id in ["a", "b", "c"] {
        sealed.add(&lake, id, "2026-03-05").await;
    }
    let lake = open(sealed.options()).await;
    sealed.add(&lake, "d", "2026-03-05").await;
    let verdict = sealed.verify().await.remove(0);
    assert_eq!((verdict.sealed_from, &verdict.findings), (Some(4), &Vec::new()));
    assert!(verdict.notes.iter().any(|note| note.contains("not attested yet")), "{verdict:?}");
    lake.maintain_once().await.unwrap();
    let verdict = sealed.verify().await.remove(0);
    assert_eq!(verdict.findings, []);
    assert_eq!(verdict.notes, ["what is older than version 4 was taken as found"]);
    let files: BTreeSet<PathBuf> = sealed.files("_Day=2026-03-05").into_iter().collect();
    for file in files {
        let good = std::fs::read(&file).unwrap();
        std::fs::write(&file, b"something else").unwrap();
        let found = sealed.findings().await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].path, sealed.shown(&file));
        std::fs::write(&file, good).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_whose_log_was_cut_off_or_whose_pins_are_gone_is_not_written_to() {
    let sealed = Sealed::new();
    let lake = open(sealed.options()).await;
    sealed.add(&lake, "a", "2026-03-05").await;
    sealed.add(&lake, "b", "2026-03-05").await;
    let last = sealed.file("_delta_log/00000000000000000002.json");
    let entry = std::fs::read(&last).unwrap();
    std::fs::remove_file(&last).unwrap();
    let lake = open(sealed.options()).await;
    let damage = lake.damage();
    assert!(damage[0].what.contains("ends at version 1, but reached version 2"), "{damage:?}");
    assert!(lake.maintain_once().await.is_err());
    std::fs::write(&last, entry).unwrap();
    assert_eq!(open(sealed.options()).await.damage(), []);
    std::fs::remove_file(sealed.data.path().join(PINS_FILE)).unwrap();
    let damage = open(sealed.options()).await.damage();
    assert!(damage[0].what.contains("its head is not pinned"), "{damage:?}");
    assert!(damage[0].hint.contains("doctor"));
}
