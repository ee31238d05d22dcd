//! The Kusto query language: text → tokens → syntax tree → bound, typed plan; with diagnostics,
//! formatting, completion, signature help and hover from the same tree. Nothing here ever fails: there is always a result, and diagnostics beside it.
//!
//! Deliberately absent: Arrow, DataFusion, tenants, HTTP, the clock (the caller gives `now`), and what a function computes
//! (`query` has that; the `Catalog` brings the signatures).

mod bind;
pub mod catalog;
mod complete;
mod diagnostic;
mod explain;
mod fields;
mod format;
mod highlight;
mod hover;
mod language;
mod nearest;
pub mod plan;
pub mod signature;
mod signature_help;
pub mod syntax;
pub mod types;
mod words;

pub use bind::{Asked, BindOptions, Bound, BoundStatement, Question, Render, STACK_BYTES, bind};
pub use complete::{COMPLETIONS_MAX, Completion, CompletionKind, Completions, complete};
pub use diagnostic::{Code, Diagnostic, Severity, Span};
pub use format::{WIDTH, format};
pub use highlight::{Highlight, HighlightKind, highlight};
pub use hover::{Hover, hover};
pub use signature_help::{SignatureHelp, signature_help};
pub use syntax::{Parse, parse};
pub use words::{WORDS_BYTES_MAX, Words, WordsForm, words};
