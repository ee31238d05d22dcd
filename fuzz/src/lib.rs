//! What untrusted bytes are tried on: a function for each reader of them, which panics where a promise is broken. The same
//! functions run as ordinary tests with mutations from a seed (`tests/seeded.rs`) and under `cargo fuzz` (`libfuzzer/`).
//! Deliberately absent: what particular inputs mean; the crates' own tests say that.

mod bodies;
mod mutate;
mod sound;
mod texts;
mod workspace;

pub use mutate::{Random, mutate};

/// A reader of untrusted bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What tests and `cargo fuzz` call it.
    pub name: &'static str,
    /// Gives it these bytes; panics if they break a promise.
    pub run: fn(&[u8]),
    /// Whether it reads queries; otherwise bodies of requests and answers.
    pub reads_queries: bool,
}

/// All of them.
pub static TARGETS: &[Target] = &[
    target("lex", texts::lex, true),
    target("parse", texts::parse, true),
    target("bind", texts::bind, true),
    target("format", texts::format, true),
    target("editor", texts::editor, true),
    target("words", texts::words, false),
    target("decode", bodies::decode, false),
    target("receive", bodies::receive, false),
    target("inflate", bodies::inflate, false),
    target("request", bodies::request, false),
];

const fn target(name: &'static str, run: fn(&[u8]), reads_queries: bool) -> Target {
    Target { name, run, reads_queries }
}

/// Gives the target of that name these bytes.
///
/// # Panics
/// There is no such target, or the bytes break a promise.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    assert!(target.is_some(), "there is no target called {name}");
    if let Some(target) = target {
        (target.run)(bytes);
    }
}
