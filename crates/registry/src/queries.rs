//! Saved queries. Everybody sees their own and what others share; only the owner, or whoever the caller lets, changes one.
//! Deliberately absent: whether a query is any good.

use model::{QueryDraft, SavedQuery};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::error::Error;
use crate::limits::QUERIES_OF_PERSON_MAX;
use crate::random;
use crate::registry::{Failed, Registry, moment};

/// Characters of a name at most.
const NAME_CHARS_MAX: usize = 200;
/// Bytes of a text at most.
const TEXT_BYTES_MAX: usize = 256 * 1024;

impl Registry {
    /// What `owner` has saved, and what others share; by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn queries(&self, owner: &str) -> Result<Vec<SavedQuery>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, name, text, timespan, owner, shared, updated FROM query
                 WHERE owner = ?1 OR shared ORDER BY name COLLATE NOCASE, id",
            )?;
            statement.query_map([owner], query)?.collect()
        })
    }

    /// Saves a query of `owner`.
    ///
    /// # Errors
    /// It has no name, or `owner` has saved too many.
    pub fn add_query(&self, owner: &str, draft: &QueryDraft) -> Result<SavedQuery, Error> {
        check(draft)?;
        let (id, now) = (random::id()?, self.now());
        self.write(|transaction| {
            let saved: u32 = transaction.query_row(
                "SELECT count(*) FROM query WHERE owner = ?1",
                [owner],
                |row| row.get(0),
            )?;
            if saved >= QUERIES_OF_PERSON_MAX {
                let message = format!("{QUERIES_OF_PERSON_MAX} queries are saved already");
                return Err(Error::refused(message, "remove what is not needed any more").into());
            }
            transaction.execute(
                "INSERT INTO query (id, name, text, timespan, owner, shared, updated)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![id, draft.name, draft.text, draft.timespan, owner, draft.shared, now],
            )?;
            one(transaction, &id, None)
        })
    }

    /// Puts `draft` in the place of a query; of one of `owner`, or, without an owner, of anybody's.
    ///
    /// # Errors
    /// There is no such query, or it is another's.
    pub fn change_query(
        &self,
        id: &str,
        owner: Option<&str>,
        draft: &QueryDraft,
    ) -> Result<SavedQuery, Error> {
        check(draft)?;
        let now = self.now();
        self.write(|transaction| {
            one(transaction, id, owner)?;
            transaction.execute(
                "UPDATE query SET name = ?2, text = ?3, timespan = ?4, shared = ?5, updated = ?6 WHERE id = ?1",
                params![id, draft.name, draft.text, draft.timespan, draft.shared, now],
            )?;
            one(transaction, id, owner)
        })
    }

    /// Removes a query; of `owner`, or, without an owner, of anybody.
    ///
    /// # Errors
    /// There is no such query, or it is another's.
    pub fn remove_query(&self, id: &str, owner: Option<&str>) -> Result<(), Error> {
        self.write(|transaction| {
            one(transaction, id, owner)?;
            transaction.execute("DELETE FROM query WHERE id = ?1", [id])?;
            Ok(())
        })
    }
}

fn check(draft: &QueryDraft) -> Result<(), Error> {
    let chars = draft.name.chars().count();
    if draft.name.trim().is_empty() || chars > NAME_CHARS_MAX {
        let hint = format!("give it a name of at most {NAME_CHARS_MAX} characters");
        return Err(Error::refused("the query has no usable name", hint));
    }
    if draft.text.len() > TEXT_BYTES_MAX {
        let message = format!("the query has more than {TEXT_BYTES_MAX} bytes");
        return Err(Error::refused(message, "put long lists into a watchlist or a function"));
    }
    Ok(())
}

fn one(transaction: &Transaction<'_>, id: &str, owner: Option<&str>) -> Result<SavedQuery, Failed> {
    let found = transaction
        .query_row(
            "SELECT id, name, text, timespan, owner, shared, updated FROM query WHERE id = ?1",
            [id],
            query,
        )
        .optional()?;
    let unknown = || Error::Unknown { what: "query", name: id.to_owned() };
    let found = found.ok_or_else(unknown)?;
    match owner {
        Some(owner) if !found.owner.eq_ignore_ascii_case(owner) => {
            if !found.shared {
                return Err(unknown().into());
            }
            let message = format!("the query is {}'s", found.owner);
            Err(Error::refused(message, "save a copy of your own").into())
        }
        _ => Ok(found),
    }
}

fn query(row: &Row<'_>) -> rusqlite::Result<SavedQuery> {
    Ok(SavedQuery {
        id: row.get(0)?,
        name: row.get(1)?,
        text: row.get(2)?,
        timespan: row.get(3)?,
        owner: row.get(4)?,
        shared: row.get(5)?,
        updated: moment(row, 6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tests::opened;

    fn draft(name: &str, shared: bool) -> QueryDraft {
        QueryDraft { name: name.into(), text: "T | count".into(), timespan: None, shared }
    }

    #[test]
    fn one_sees_ones_own_and_what_others_share_and_changes_ones_own() {
        let (registry, _clock, _folder) = opened();
        let secret = registry.add_query("jane", &draft("hers", false)).unwrap();
        let shared = registry.add_query("jane", &draft("for all", true)).unwrap();
        let names = |owner| {
            let found = registry.queries(owner).unwrap();
            found.into_iter().map(|query| query.name).collect::<Vec<_>>()
        };
        assert_eq!(names("Jane"), ["for all", "hers"]);
        assert_eq!(names("joe"), ["for all"]);
        let change = |id: &str, owner| registry.change_query(id, owner, &draft("new", true));
        assert!(matches!(change(&secret.id, Some("joe")), Err(Error::Unknown { .. })));
        assert!(matches!(change(&shared.id, Some("joe")), Err(Error::Refused { .. })));
        assert_eq!(change(&secret.id, Some("jane")).unwrap().name, "new");
        assert!(registry.remove_query(&shared.id, Some("joe")).is_err());
        registry.remove_query(&shared.id, None).unwrap();
        assert_eq!(names("joe"), ["new"]);
    }

    #[test]
    fn a_query_has_a_name_and_a_measure() {
        let (registry, _clock, _folder) = opened();
        assert!(registry.add_query("jane", &draft("  ", true)).is_err());
        assert!(registry.add_query("jane", &draft(&"ä".repeat(200), true)).is_ok());
        assert!(registry.add_query("jane", &draft(&"ä".repeat(201), true)).is_err());
        let long = QueryDraft { text: "x".repeat(TEXT_BYTES_MAX + 1), ..draft("long", true) };
        assert!(registry.add_query("jane", &long).is_err());
    }
}
