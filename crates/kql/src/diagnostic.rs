//! What is wrong with a query, where, and what was probably meant. Deliberately absent: how it is drawn (terminal and
//! browser do that from the span).

use std::ops::Range;

/// A stretch of the query text, in bytes.
pub type Span = Range<usize>;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The query cannot run.
    Error,
    /// It runs, but probably not as meant.
    Warning,
}

/// The codes that Kusto gives to what is wrong. `SYN` is the parser's, `SEM` the binder's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The text cannot be read.
    Syntax,
    /// The text or its nesting is over a limit.
    TooLarge,
    /// An operator is not defined for these types.
    OperatorTypes,
    /// A value has the wrong type.
    WrongType,
    /// Two columns or variables have one name.
    Duplicate,
    /// A name does not resolve.
    Unresolved,
    /// A wrong number of arguments.
    Arity,
    /// An unknown function.
    UnknownFunction,
    /// Known to the language, not offered here.
    Unsupported,
    /// The order of rows is asked for, and they have none.
    NotSerialized,
}

impl Code {
    /// As Kusto prints it: `SEM0100`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syntax => "SYN0002",
            Self::TooLarge => "SYN0100",
            Self::OperatorTypes => "SEM0064",
            Self::WrongType => "SEM0001",
            Self::Duplicate => "SEM0024",
            Self::Unresolved => "SEM0100",
            Self::Arity => "SEM0219",
            Self::UnknownFunction => "SEM0260",
            Self::Unsupported => "SEM0002",
            Self::NotSerialized => "SEM0420",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Its code.
    pub code: Code,
    /// What is wrong, in Kusto's words where they are known.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What was probably meant.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error without a hint.
    #[must_use]
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, message: message.into(), span, hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}
