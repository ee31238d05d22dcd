//! What can go wrong in the lake, with the file or table that it concerns.
//! Deliberately absent: retrying, which is the writer's business.

use deltalake::DeltaTableError;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the lake could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configured address of the lake is of no use.
    #[error("cannot use the lake address `{address}`")]
    Address {
        /// The address, without options, so without secrets.
        address: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The local folder cannot be made or opened.
    #[error("cannot open the lake folder `{path}`")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Delta's log refused.
    #[error("cannot {action} table `{table}`")]
    Table {
        /// The table.
        table: String,
        /// What was tried, as a verb.
        action: &'static str,
        /// Why.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// A file of the table's log is damaged. Nothing was changed.
    #[error("the log of table `{table}` is damaged at `{path}`")]
    DamagedLog {
        /// The table.
        table: String,
        /// The file, relative to the lake.
        path: String,
        /// What is wrong with it.
        #[source]
        source: Cause,
    },
    /// The table's log says something that this program cannot have written.
    #[error("table `{table}` cannot be used: {reason}")]
    ForeignTable {
        /// The table.
        table: String,
        /// Why, as a lowercase fragment.
        reason: String,
    },
    /// Merged files do not hold the events that were read. Nothing was committed.
    #[error(
        "merging {files} files of table `{table}` changed its events; they were left as they are"
    )]
    Uneven {
        /// The table.
        table: String,
        /// How many files.
        files: usize,
    },
    /// A table's log is not the one whose head was pinned.
    #[error("the log of table `{table}` is not what this node wrote: {what}")]
    Unpinned {
        /// The table.
        table: String,
        /// What does not fit, as a lowercase fragment.
        what: String,
    },
    /// Tables are damaged, so that nothing is written. Everything else can be read.
    #[error("the lake is read only: {reason}")]
    Damaged {
        /// The first table's trouble.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} `{path}`")]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file, relative to the lake.
        path: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// Rows could not be brought into the form that is stored.
    #[error("cannot encode rows of table `{table}`")]
    Encode {
        /// The table.
        table: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The journal could not be read or advanced.
    #[error("cannot {action} the journal")]
    Journal {
        /// What was tried, as a verb.
        action: &'static str,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The lake holds rows of a journal that reaches further than this one.
    #[error(
        "table `{table}` holds rows of node `{node}` up to offset {committed}, but the journal ends at {head}"
    )]
    JournalReplaced {
        /// The table.
        table: String,
        /// The node, as Delta's application id.
        node: String,
        /// The offset after the last row that the lake holds.
        committed: u64,
        /// The offset after the last event of the journal.
        head: u64,
    },
    /// Writing took so long that another node may have cleaned the files away.
    #[error("writing files of table `{table}` took {seconds} s, too long to commit them safely")]
    Slow {
        /// The table.
        table: String,
        /// How long.
        seconds: u64,
    },
    /// Other writers were faster every time.
    #[error("table `{table}` was changed by others {tries} times in a row")]
    Crowded {
        /// The table.
        table: String,
        /// How often a commit was tried.
        tries: usize,
    },
    /// The lake was opened to be read.
    #[error("the lake was opened to be read only")]
    ReadOnly,
    /// A thread or task ended without saying why.
    #[error("the lake's {task} stopped unexpectedly")]
    Stopped {
        /// Which.
        task: &'static str,
    },
    /// A test asked for a failure here.
    #[error("failed on purpose {at}")]
    OnPurpose {
        /// The step.
        at: String,
    },
}

impl Error {
    /// What a person can do about it; empty if the message says it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Address { .. } => {
                "write a folder, or a URL that begins with s3://, az://, abfss:// or gs://"
            }
            Self::DamagedLog { .. } => {
                "restore the file from a backup, or move the table's folder away; nothing was overwritten"
            }
            Self::Unpinned { .. } => {
                "entries were removed or replaced: restore the table's `_delta_log`, or `lake-heads.json`, from a copy; \
                 `doorledger verify` names what is missing, and `doorledger doctor --repair --accept TABLE` takes the log as it \
                 is from now on"
            }
            Self::Damaged { .. } => "run `doorledger doctor`: it names the damage and the repair",
            Self::Uneven { .. } => {
                "this is a defect of doorledger or of the machine's memory: report it"
            }
            Self::JournalReplaced { .. } => {
                "the journal was replaced or restored from a backup: give this node another name, so that new events are not taken for old ones"
            }
            Self::ForeignTable { .. } => "move the folder out of the lake, or choose another lake",
            _ => "",
        }
    }

    pub(crate) fn table<E: Into<DeltaTableError>>(
        table: &str,
        action: &'static str,
    ) -> impl FnOnce(E) -> Self + use<E> {
        let table = table.to_owned();
        move |source| Self::Table { table, action, source: Box::new(source.into()) }
    }

    pub(crate) fn file<E: Into<Cause>>(
        action: &'static str,
        path: impl std::fmt::Display,
    ) -> impl FnOnce(E) -> Self {
        let path = path.to_string();
        move |source| Self::File { action, path, source: source.into() }
    }

    pub(crate) fn encode<E: Into<Cause>>(table: &str) -> impl FnOnce(E) -> Self + use<E> {
        let table = table.to_owned();
        move |source| Self::Encode { table, source: source.into() }
    }
}

/// An error and its causes, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

/// The result of most things here.
pub type Result<T, E = Error> = std::result::Result<T, E>;
