//! Exit codes, after sysexits, so that scripts and service managers can tell what to do.
//! Deliberately absent: messages.

use std::fmt;
use std::process::ExitCode;

/// Why the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A check found something: 1.
    Findings,
    /// The input cannot be used: 65.
    Data,
    /// A service or server cannot be reached: 69.
    Unavailable,
    /// A file or a disk failed: 74.
    Io,
    /// A permission or credential was refused: 77.
    Permission,
    /// The configuration has problems: 78.
    Config,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Findings => 1,
            Exit::Data => 65,
            Exit::Unavailable => 69,
            Exit::Io => 74,
            Exit::Permission => 77,
            Exit::Config => 78,
        })
    }
}

/// An error that knows its exit code. Anything else ends with 70: a defect of ours.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The code.
    pub(crate) exit: Exit,
    /// What the user reads.
    pub(crate) message: String,
}

impl Failure {
    /// A failure with its code, ready for `?`.
    pub(crate) fn error(exit: Exit, message: impl Into<String>) -> anyhow::Error {
        Self { exit, message: message.into() }.into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
