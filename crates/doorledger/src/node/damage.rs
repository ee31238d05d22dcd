//! What a data folder is in that cannot be trusted: found when it is opened, told by `status`, `/readyz` and the log, and
//! the reason for taking nothing more until somebody has looked.
//! Deliberately absent: naming every damaged file and repairing it (`commands::doctor`).

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use api::{Intake, IntakeError, Taken};
use futures::future::BoxFuture;
use identity::{Identity, IdentityError};
use journal::{Journal, StoredIds};
use lake::{Notary, PinsError};
use model::{Batch, Clock};
use tempfile::TempDir;

use crate::exit::{Exit, Failure};

/// One part of a data folder that is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Which part: `journal`, `lake`, `identity`.
    pub(crate) part: &'static str,
    /// What is wrong, with the file.
    pub(crate) what: String,
    /// What to do next.
    pub(crate) hint: String,
}

impl Damage {
    pub(crate) fn of_lake(damage: lake::TableDamage) -> Self {
        Self { part: "lake", what: damage.what, hint: damage.hint }
    }

    pub(crate) fn of_identity(error: &IdentityError) -> Self {
        Self { part: "identity", what: with_causes(error), hint: error.hint().to_owned() }
    }

    pub(crate) fn of_pins(error: &PinsError) -> Self {
        Self { part: "lake", what: error.to_string(), hint: error.hint().to_owned() }
    }

    /// `None` if the trouble is another than damage: a folder in use, a full disk.
    pub(crate) fn of_journal(error: &journal::Error) -> Option<Self> {
        let is_damaged = matches!(
            error,
            journal::Error::Corrupt { .. }
                | journal::Error::Foreign { .. }
                | journal::Error::Lost { .. }
                | journal::Error::Pin { .. }
        );
        is_damaged.then(|| Self {
            part: "journal",
            what: with_causes(error),
            hint: error.hint().to_owned(),
        })
    }

    /// As an error of a command that would write.
    pub(crate) fn into_error(self) -> anyhow::Error {
        let Self { part, what, hint } = self;
        let advice = "run `doorledger doctor` to see every damaged file and its repair";
        Failure::error(Exit::Io, format!("{part}: {what}\n  hint: {hint}\n  hint: {advice}"))
    }
}

/// The key of the data folder `data`, made at its first start, or why it cannot be used.
pub(super) fn identity(data: &Path) -> Result<Arc<Identity>, Damage> {
    Identity::open(data).map(Arc::new).map_err(|error| Damage::of_identity(&error))
}

/// Who signs for the lake's commits with that key, or why nobody can.
pub(super) fn notary(identity: &Arc<Identity>, data: &Path) -> Result<Arc<Notary>, Damage> {
    Notary::open(identity.clone(), data).map(Arc::new).map_err(|error| Damage::of_pins(&error))
}

/// The notary of a folder that is only read; `None` if it has none that can be used.
pub(crate) fn existing_notary(data: &Path) -> Option<Arc<Notary>> {
    let identity = Identity::existing(data).ok()??;
    Notary::open(Arc::new(identity), data).ok().map(Arc::new)
}

/// An empty journal beside a damaged one, so that everything else can be asked. It takes nothing, and goes with the
/// program.
pub(crate) fn stand_in(
    options: journal::Options,
    clock: Arc<dyn Clock>,
    stored: Arc<dyn StoredIds>,
) -> Result<(Journal, TempDir)> {
    let folder = tempfile::tempdir()?;
    let journal = Journal::open(folder.path(), options, clock, stored)?;
    Ok((journal, folder))
}

/// Takes nothing, and says why.
pub(crate) struct Refusing(pub(crate) String);

impl Intake for Refusing {
    fn append(&self, _: Batch) -> BoxFuture<'_, Result<Taken, IntakeError>> {
        Box::pin(std::future::ready(Err(IntakeError::ReadOnly(self.0.clone()))))
    }
}

/// An error with its causes.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

/// Reads every batch of the journal in `folder`, which nobody has open.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read_journal(folder: &Path) -> Result<(), journal::Error> {
    let stored: Arc<dyn StoredIds> = Arc::new(Nothing);
    let clock = Arc::new(model::SystemClock);
    let journal = Journal::open(folder, journal::Options::default(), clock, stored)?;
    let head = *journal.head().borrow();
    let mut offset = journal.readers()?.iter().map(|reader| reader.offset).min().unwrap_or(1);
    while offset < head {
        let batches = journal.read(offset, READ_BYTES_MAX)?;
        let Some(last) = batches.iter().filter_map(|batch| batch.events.last()).next_back() else {
            break;
        };
        offset = last.offset + 1;
    }
    Ok(())
}

/// How much of the journal is read at a time.
const READ_BYTES_MAX: usize = 16 * 1024 * 1024;

/// No lake: nothing is appended, so that nobody asks what it holds.
struct Nothing;

impl StoredIds for Nothing {
    fn ids_of_day(&self, _: i32) -> Result<Vec<u128>, journal::StoredIdsError> {
        Ok(Vec::new())
    }
}
