//! The audit trail: what was done, by whom, when, and how it ended. Entries are added and, beyond a limit, forgotten; none
//! is ever changed.
//! Deliberately absent: what deserves an entry (`api`).

use model::{AuditEntry, AuditNote};
use rusqlite::{Row, params};

use crate::error::Error;
use crate::limits::AUDIT_ENTRIES_MAX;
use crate::registry::{Registry, moment, number, role};

/// Characters of one text of an entry that are kept.
const TEXT_CHARS_MAX: usize = 2_000;

impl Registry {
    /// Adds an entry.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn note(&self, note: &AuditNote) -> Result<(), Error> {
        let now = self.now();
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO audit (at, who, role, action, object, outcome, detail)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    now,
                    cut(&note.who),
                    note.role.map(|role| role.name()),
                    cut(&note.action),
                    cut(&note.object),
                    cut(&note.outcome),
                    cut(&note.detail)
                ],
            )?;
            let newest = transaction.last_insert_rowid();
            let kept = i64::try_from(AUDIT_ENTRIES_MAX).unwrap_or(i64::MAX);
            transaction.execute("DELETE FROM audit WHERE id <= ?1", [newest - kept])?;
            Ok(())
        })
    }

    /// The newest `limit` entries before that of the number `before`, the newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<AuditEntry>, Error> {
        let before = before.map_or(i64::MAX, |id| i64::try_from(id).unwrap_or(i64::MAX));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, at, who, role, action, object, outcome, detail FROM audit
                 WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            statement.query_map(params![before, limit], entry)?.collect()
        })
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let role = match row.get_ref(3)? {
        rusqlite::types::ValueRef::Null => None,
        _ => Some(role(row, 3)?),
    };
    Ok(AuditEntry {
        id: number(row, 0)?,
        at: moment(row, 1)?,
        note: AuditNote {
            who: row.get(2)?,
            role,
            action: row.get(4)?,
            object: row.get(5)?,
            outcome: row.get(6)?,
            detail: row.get(7)?,
        },
    })
}

/// The beginning of a text that may be as long as a request.
fn cut(text: &str) -> &str {
    text.char_indices().nth(TEXT_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use model::Role;

    use super::*;
    use crate::registry::tests::opened;

    #[test]
    fn entries_come_back_newest_first_page_by_page() {
        let (registry, _clock, _folder) = opened();
        for at in 0..5 {
            let note = AuditNote {
                who: "jane".into(),
                role: (at > 0).then_some(Role::Analyst),
                action: "POST /api/v1/queries".into(),
                object: format!("/api/v1/queries/{at}"),
                outcome: "ok".into(),
                detail: "ä".repeat(3_000),
            };
            registry.note(&note).unwrap();
        }
        let page = registry.audit(None, 2).unwrap();
        assert_eq!(page.iter().map(|entry| entry.id).collect::<Vec<_>>(), [5, 4]);
        assert_eq!(page[0].note.detail.chars().count(), TEXT_CHARS_MAX);
        let page = registry.audit(Some(2), 10).unwrap();
        assert_eq!(page.len(), 1);
        assert_eq!(page[0].note.role, None);
    }
}
