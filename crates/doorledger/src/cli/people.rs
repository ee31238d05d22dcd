//! The words of `doorledger user`. Deliberately absent: what they do (`commands::user`).

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use model::Role;

/// What to do with people.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// List who may sign in
    List {
        /// Data folder [default: from the configuration, or ./doorledger-data]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Add a person, with a new password that is shown once
    Add {
        /// Data folder [default: from the configuration, or ./doorledger-data]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Under which name the person signs in
        name: String,
        /// What the person may do
        #[arg(long, value_enum, default_value = "viewer")]
        role: RoleName,
        /// Read the password from standard input
        #[arg(long)]
        stdin: bool,
    },
    /// Give a person a new password, which is shown once, and end all sessions of that person
    Passwd {
        /// Data folder [default: from the configuration, or ./doorledger-data]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Whose
        name: String,
        /// Read the password from standard input
        #[arg(long)]
        stdin: bool,
    },
    /// Give a person another role
    Role {
        /// Data folder [default: from the configuration, or ./doorledger-data]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Whose
        name: String,
        /// What the person may do from now on
        #[arg(value_enum)]
        role: RoleName,
    },
    /// Remove a person with all sessions
    Remove {
        /// Data folder [default: from the configuration, or ./doorledger-data]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Whom
        name: String,
    },
}

/// The roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleName {
    /// Asks questions and looks.
    Viewer,
    /// Also saves queries and dashboards, and replays dead letters.
    Analyst,
    /// Everything.
    Administrator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Self::Viewer,
            RoleName::Analyst => Self::Analyst,
            RoleName::Administrator => Self::Administrator,
        }
    }
}
