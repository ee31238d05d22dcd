//! Every target over a fixed number of inputs made from a seed. `DOORLEDGER_SEED=n` replays what failed,
//! `DOORLEDGER_FUZZ_INPUTS=n` runs longer. Deliberately absent: a random seed, so that a run is the same everywhere.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use fuzz::{Random, TARGETS, Target, mutate};

/// The seed unless another is asked for.
const SEED: u64 = 1;
/// How many inputs each target gets unless more are asked for.
const INPUTS: u64 = 400;
/// No input may take longer, in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

const BODIES: &[&str] = &[
    r#"[{"log_id":"a1","data":{"date":"2024-05-06T07:08:09.123Z","type":"s","log_id":"a1"}}]"#,
    "{\"log_id\":\"a1\",\"data\":{\"date\":\"2024-05-06T07:08:09Z\",\"type\":\"f\"}}\n{\"log_id\":\"a2\",\"data\":{}}\n",
    r#"[{"uuid":"u1","event_type_id":5,"event_timestamp":"2024-05-06 07:08:09 UTC","user_name":"A"}]"#,
    r#"{"status":{"code":200},"pagination":{"after_cursor":null},"data":[{"id":7,"event_type_id":6}]}"#,
    r#"{"query":"SignIns | take 1","timespan":"2024-01-01/P1D","maxRows":5}"#,
    "type:f AND ip:\"1.2.3.4\" NOT (user_name:jane* OR date:[2024-01-01 TO *])",
    "failed login of jane@example.com from 10.0.0.0/8",
    "PT30M",
    "2024-01-01T00:00:00Z/2024-02-01T00:00:00Z",
    // `hello` as gzip.
    "\u{1f}\u{8b}\u{8}\0\0\0\0\0",
];

#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says how long and from which seed"
)]
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// Queries out of the repository: the golden cases, the functions, the fixtures.
fn queries() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut all = Vec::new();
    for (folder, ending) in
        [("crates/query/cases", "kqlt"), ("content/functions", "kql"), ("fixtures/kql", "kql")]
    {
        let mut paths: Vec<_> = std::fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == ending))
            .collect();
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(path).unwrap();
            let parts = if ending == "kqlt" { text.split("\n\n").collect() } else { vec![&*text] };
            all.extend(parts.into_iter().map(|part| part.as_bytes().to_vec()));
        }
    }
    all
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    if target.reads_queries {
        queries()
    } else {
        BODIES
            .iter()
            .map(|body| body.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect())
            .collect()
    }
}

/// Runs on the stack of an ordinary thread as the binder's callers have it.
fn within_patience(what: &str, run: impl FnOnce() + Send + 'static) {
    let (done, wait) = channel();
    let thread = std::thread::Builder::new().stack_size(kql::STACK_BYTES);
    let running = thread
        .spawn(move || {
            run();
            done.send(()).ok();
        })
        .unwrap();
    match wait.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => panic!("no end after {PATIENCE:?}: {what}"),
        _ => assert!(running.join().is_ok(), "{what}"),
    }
}

fn seeded(name: &'static str) {
    let target = *TARGETS.iter().find(|target| target.name == name).unwrap();
    let corpus = corpus(&target);
    let (first, inputs) =
        (number("DOORLEDGER_SEED", SEED), number("DOORLEDGER_FUZZ_INPUTS", INPUTS));
    // Each input has a seed of its own: what failed is replayed alone.
    for seed in first..first.saturating_add(inputs) {
        let pieces: Vec<&[u8]> = corpus.iter().map(Vec::as_slice).collect();
        let input = mutate(&pieces, &mut Random::new(seed));
        let what = format!("{name}: DOORLEDGER_SEED={seed} DOORLEDGER_FUZZ_INPUTS=1");
        within_patience(&what.clone(), move || {
            let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
            if ran.is_err() {
                eprintln!("{what}\n{}", String::from_utf8_lossy(&input));
            }
            assert!(ran.is_ok(), "{what}");
        });
    }
}

macro_rules! targets {
    ($($name:ident),+) => {
        $(#[test] fn $name() { seeded(stringify!($name)); })+

        #[test]
        fn every_target_has_a_test() {
            let tested = [$(stringify!($name)),+];
            assert_eq!(TARGETS.iter().map(|target| target.name).collect::<Vec<_>>(), tested);
        }
    };
}

targets!(lex, parse, bind, format, editor, words, decode, receive, inflate, request);
