//! Saved dashboards: documents with a version that grows with each change, so that nobody overwrites what they have not
//! seen.
//! Deliberately absent: what stands in a document, and the dashboards that come with the program (`api`).

use model::SavedDashboard;
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::error::Error;
use crate::limits::DASHBOARDS_MAX;
use crate::people::count;
use crate::random;
use crate::registry::{Failed, Registry, moment, number};

impl Registry {
    /// All of them, the last changed first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn dashboards(&self) -> Result<Vec<SavedDashboard>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, document, version, updated FROM dashboard ORDER BY updated DESC, id",
            )?;
            statement.query_map([], dashboard)?.collect()
        })
    }

    /// One of them.
    ///
    /// # Errors
    /// There is none of that id.
    pub fn dashboard(&self, id: &str) -> Result<SavedDashboard, Error> {
        let found = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, document, version, updated FROM dashboard WHERE id = ?1",
            )?;
            statement.query_row([id], dashboard).optional()
        })?;
        found.ok_or_else(|| Error::Unknown { what: "dashboard", name: id.to_owned() })
    }

    /// Saves a new one.
    ///
    /// # Errors
    /// There are too many.
    pub fn add_dashboard(&self, document: &str) -> Result<SavedDashboard, Error> {
        let (id, now) = (random::id()?, self.now());
        self.write(|transaction| {
            if count(transaction, "SELECT count(*) FROM dashboard")? >= DASHBOARDS_MAX {
                let message = format!("{DASHBOARDS_MAX} dashboards are saved already");
                return Err(Error::refused(message, "remove what is not needed any more").into());
            }
            transaction.execute(
                "INSERT INTO dashboard (id, document, version, updated) VALUES (?1, ?2, 1, ?3)",
                params![id, document, now],
            )?;
            one(transaction, &id)
        })
    }

    /// Puts `document` in the place of version `expected`, or of any if that is not said.
    ///
    /// # Errors
    /// There is none of that id, or its version is another one.
    pub fn change_dashboard(
        &self,
        id: &str,
        expected: Option<u64>,
        document: &str,
    ) -> Result<SavedDashboard, Error> {
        let now = self.now();
        self.write(|transaction| {
            let found = one(transaction, id)?.version;
            if let Some(expected) = expected.filter(|expected| *expected != found) {
                return Err(Error::Stale { expected, found }.into());
            }
            transaction.execute(
                "UPDATE dashboard SET document = ?2, version = version + 1, updated = ?3 WHERE id = ?1",
                params![id, document, now],
            )?;
            one(transaction, id)
        })
    }

    /// Removes one.
    ///
    /// # Errors
    /// There is none of that id.
    pub fn remove_dashboard(&self, id: &str) -> Result<(), Error> {
        self.write(|transaction| {
            one(transaction, id)?;
            transaction.execute("DELETE FROM dashboard WHERE id = ?1", [id])?;
            Ok(())
        })
    }
}

fn one(transaction: &Transaction<'_>, id: &str) -> Result<SavedDashboard, Failed> {
    let found = transaction
        .query_row(
            "SELECT id, document, version, updated FROM dashboard WHERE id = ?1",
            [id],
            dashboard,
        )
        .optional()?;
    found.ok_or_else(|| Error::Unknown { what: "dashboard", name: id.to_owned() }.into())
}

fn dashboard(row: &Row<'_>) -> rusqlite::Result<SavedDashboard> {
    Ok(SavedDashboard {
        id: row.get(0)?,
        document: row.get(1)?,
        version: number(row, 2)?,
        updated: moment(row, 3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tests::opened;

    #[test]
    fn nobody_overwrites_what_they_have_not_seen() {
        let (registry, _clock, _folder) = opened();
        let made = registry.add_dashboard("{}").unwrap();
        assert_eq!(made.version, 1);
        let changed = registry.change_dashboard(&made.id, Some(1), "{\"a\":1}").unwrap();
        assert_eq!((changed.version, changed.document.as_str()), (2, "{\"a\":1}"));
        let stale = registry.change_dashboard(&made.id, Some(1), "{}");
        assert!(matches!(stale, Err(Error::Stale { expected: 1, found: 2 })), "{stale:?}");
        assert_eq!(registry.change_dashboard(&made.id, None, "{}").unwrap().version, 3);
        assert_eq!(registry.dashboards().unwrap().len(), 1);
        registry.remove_dashboard(&made.id).unwrap();
        assert!(matches!(registry.dashboard(&made.id), Err(Error::Unknown { .. })));
        assert!(registry.remove_dashboard(&made.id).is_err());
    }
}
