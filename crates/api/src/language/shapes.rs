//! The bodies of `/api/v1/kql/…` and `/api/v1/schema`. Deliberately absent: how they are filled.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TextBody)]
pub(crate) struct Text {
    /// The KQL text.
    pub(crate) query: String,
}

/// A place in a text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlaceBody)]
pub(crate) struct Place {
    /// The KQL text.
    pub(crate) query: String,
    /// Where, in UTF-16 code units.
    pub(crate) position: usize,
}

/// A stretch of the text that is something.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QueryToken)]
pub(crate) struct TokenShown {
    /// First code unit.
    pub(crate) start: usize,
    /// One past the last code unit.
    pub(crate) end: usize,
    /// `keyword`, `table`, `string` …
    pub(crate) kind: &'static str,
}

/// Something that is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Diagnostic)]
pub(crate) struct Finding {
    /// First code unit.
    pub(crate) start: usize,
    /// One past the last code unit.
    pub(crate) end: usize,
    /// How grave it is.
    pub(crate) severity: Gravity,
    /// Kusto's code.
    pub(crate) code: &'static str,
    /// What is wrong.
    pub(crate) message: String,
    /// What was probably meant; may be empty.
    pub(crate) hint: String,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Severity)]
pub(crate) enum Gravity {
    /// The query does not run.
    Error,
    /// It runs, and probably not as it was meant.
    Warning,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Column)]
pub(crate) struct ColumnShown {
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
}

/// A statement.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Span)]
pub(crate) struct Stretch {
    /// First code unit.
    pub(crate) start: usize,
    /// One past the last code unit.
    pub(crate) end: usize,
}

/// What a text is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub(crate) struct Checked {
    /// Every token but blanks.
    pub(crate) tokens: Vec<TokenShown>,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Finding>,
    /// The columns of the last result; null if that cannot be told without running it.
    #[schema(required)]
    pub(crate) columns: Option<Vec<ColumnShown>>,
    /// The statements.
    pub(crate) statements: Vec<Stretch>,
}

/// A proposal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompletionItem)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Completion)]
pub(crate) struct Proposals {
    /// Where the text begins that they replace.
    pub(crate) from: usize,
    /// Where it ends.
    pub(crate) to: usize,
    /// Best first.
    pub(crate) items: Vec<Proposal>,
}

/// What a word is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hover)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignatureForm)]
pub(crate) struct SignatureShown {
    /// The whole form.
    pub(crate) label: String,
    /// Its parameters: stretches of the label.
    pub(crate) parameters: Vec<ParameterShown>,
    /// What the function does; may be empty.
    pub(crate) text: String,
}

/// A parameter.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SignatureParameter)]
pub(crate) struct ParameterShown {
    /// First code unit within the label.
    pub(crate) start: usize,
    /// One past the last code unit.
    pub(crate) end: usize,
    /// As it is written there.
    pub(crate) text: String,
}

/// The call around a place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Signature)]
pub(crate) struct Signatures {
    /// The ways to call it.
    pub(crate) signatures: Vec<SignatureShown>,
    /// Which of them has room for the argument.
    pub(crate) active_signature: usize,
    /// Which parameter the place is in.
    pub(crate) active_parameter: usize,
}

/// A laid out text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FormattedQuery)]
pub(crate) struct Formatted {
    /// The KQL text.
    pub(crate) query: String,
}

/// What somebody typed into a search box.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WordsBody)]
pub(crate) struct Searched {
    /// KQL, Auth0's Lucene form, or words.
    pub(crate) text: String,
    /// Where it is sought; in the first table of events if null.
    #[serde(default)]
    pub(crate) table: Option<String>,
}

/// As what a text was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = WordsForm)]
pub(crate) enum ReadAs {
    /// It is a query already.
    Kql,
    /// Auth0's form.
    Lucene,
    /// Plain words.
    Words,
}

/// The query that it became.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Words)]
pub(crate) struct MadeQuery {
    /// The KQL text.
    pub(crate) query: String,
    /// As what it was read.
    pub(crate) form: ReadAs,
    /// What was left out or guessed.
    pub(crate) notes: Vec<String>,
}

/// What there is to ask.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Schema {
    /// Tables, by name.
    pub(crate) tables: Vec<TableShown>,
    /// Functions, by name.
    pub(crate) functions: Vec<FunctionShown>,
}

/// What kind of table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TableKind)]
pub(crate) enum TableKind {
    /// Of events.
    Table,
    /// Of what is told of the collecting itself.
    Own,
    /// A stored function.
    Function,
}

/// A table, or what can be asked like one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchemaTable)]
pub(crate) struct TableShown {
    /// Its name.
    pub(crate) name: String,
    /// What kind of table.
    pub(crate) kind: TableKind,
    /// Its columns, in order.
    pub(crate) columns: Vec<ColumnShown>,
    /// What it is for; may be empty.
    pub(crate) about: String,
}

/// A function.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchemaFunction)]
pub(crate) struct FunctionShown {
    /// Its name.
    pub(crate) name: String,
    /// What it does; may be empty.
    pub(crate) about: String,
}
