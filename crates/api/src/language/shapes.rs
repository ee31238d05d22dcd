//! The bodies of `/api/v1/kql/…` and `/api/v1/schema`. Deliberately absent: how they are filled.

use serde::{Deserialize, Serialize};

/// A text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    /// The KQL text.
    pub(crate) query: String,
}

/// A place in a text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// The KQL text.
    pub(crate) query: String,
    /// Where, in UTF-16 code units.
    pub(crate) position: usize,
}

/// A stretch of the text that is something.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct TokenShown {
    /// First code unit.
    pub(crate) start: usize,
    /// One past the last code unit.
    pub(crate) end: usize,
    /// `keyword`, `table`, `string` …
    pub(crate) kind: &'static str,
}

/// Something that is wrong.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    /// First code unit.
    pub(crate) start: usize,
    /// One past the last code unit.
    pub(crate) end: usize,
    /// `error` or `warning`.
    pub(crate) severity: &'static str,
    /// Kusto's code.
    pub(crate) code: &'static str,
    /// What is wrong.
    pub(crate) message: String,
    /// What was probably meant; may be empty.
    pub(crate) hint: String,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ColumnShown {
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
}

/// A statement.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Stretch {
    /// First code unit.
    pub(crate) start: usize,
    /// One past the last code unit.
    pub(crate) end: usize,
}

/// What a text is.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    /// Every token but blanks.
    pub(crate) tokens: Vec<TokenShown>,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Finding>,
    /// The columns of the last result; null if that cannot be told without running it.
    pub(crate) columns: Option<Vec<ColumnShown>>,
    /// The statements.
    pub(crate) statements: Vec<Stretch>,
}

/// A proposal.
#[derive(Debug, Serialize)]
pub(crate) struct Proposal {
    /// What is shown.
    pub(crate) label: String,
    /// What it is.
    pub(crate) kind: &'static str,
    /// A type, or a form; may be empty.
    pub(crate) detail: String,
    /// What it does; may be empty.
    pub(crate) text: String,
    /// What is written.
    pub(crate) insert: String,
}

/// Proposals for a place.
#[derive(Debug, Serialize)]
pub(crate) struct Proposals {
    /// Where the text begins that they replace.
    pub(crate) from: usize,
    /// Where it ends.
    pub(crate) to: usize,
    /// Best first.
    pub(crate) items: Vec<Proposal>,
}

/// What a word is.
#[derive(Debug, Serialize)]
pub(crate) struct HoverShown {
    /// First code unit of the word.
    pub(crate) start: usize,
    /// One past the last code unit.
    pub(crate) end: usize,
    /// The word.
    pub(crate) title: String,
    /// What it is, in Markdown.
    pub(crate) text: String,
}

/// One way to call a function.
#[derive(Debug, Serialize)]
pub(crate) struct SignatureShown {
    /// The whole form.
    pub(crate) label: String,
    /// Its parameters: stretches of the label.
    pub(crate) parameters: Vec<ParameterShown>,
    /// What the function does; may be empty.
    pub(crate) text: String,
}

/// A parameter.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ParameterShown {
    /// First code unit within the label.
    pub(crate) start: usize,
    /// One past the last code unit.
    pub(crate) end: usize,
    /// As it is written there.
    pub(crate) text: String,
}

/// The call around a place.
#[derive(Debug, Serialize)]
pub(crate) struct Signatures {
    /// The ways to call it.
    pub(crate) signatures: Vec<SignatureShown>,
    /// Which of them has room for the argument.
    pub(crate) active_signature: usize,
    /// Which parameter the place is in.
    pub(crate) active_parameter: usize,
}

/// A laid out text.
#[derive(Debug, Serialize)]
pub(crate) struct Formatted {
    /// The KQL text.
    pub(crate) query: String,
}

/// What somebody typed into a search box.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Searched {
    /// KQL, Auth0's Lucene form, or words.
    pub(crate) text: String,
    /// Where it is sought; in the first table of events if null.
    #[serde(default)]
    pub(crate) table: Option<String>,
}

/// The query that it became.
#[derive(Debug, Serialize)]
pub(crate) struct MadeQuery {
    /// The KQL text.
    pub(crate) query: String,
    /// As what it was read: `kql`, `lucene` or `words`.
    pub(crate) form: &'static str,
    /// What was left out or guessed.
    pub(crate) notes: Vec<String>,
}

/// What there is to ask.
#[derive(Debug, Serialize)]
pub(crate) struct Schema {
    /// Tables, by name.
    pub(crate) tables: Vec<TableShown>,
    /// Functions, by name.
    pub(crate) functions: Vec<FunctionShown>,
}

/// A table, or what can be asked like one.
#[derive(Debug, Serialize)]
pub(crate) struct TableShown {
    /// Its name.
    pub(crate) name: String,
    /// `table` for events, `own` for what is told of the collecting itself, `function` for a stored function.
    pub(crate) kind: &'static str,
    /// Its columns, in order.
    pub(crate) columns: Vec<ColumnShown>,
    /// What it is for; may be empty.
    pub(crate) about: String,
}

/// A function.
#[derive(Debug, Serialize)]
pub(crate) struct FunctionShown {
    /// Its name.
    pub(crate) name: String,
    /// What it does; may be empty.
    pub(crate) about: String,
}
