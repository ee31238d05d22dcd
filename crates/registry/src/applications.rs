//! Connected applications that administrators added while the program ran: tenants and destinations, as documents with a
//! version that grows with each change. They hold credentials, so they are sealed (`vault`).
//! Deliberately absent: what stands in a document, which whoever runs it judges.

use std::path::Path;

use model::{Timestamp, is_nested_deeper_than};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde_json::Value;

use crate::error::Error;
use crate::limits::{
    APPLICATION_BYTES_MAX, APPLICATION_KEY_BYTES_MAX, APPLICATION_LEVELS_MAX, APPLICATIONS_MAX,
};
use crate::registry::{Failed, Registry, is_taken, moment, number};
use crate::vault::{NoKey, Vault};

/// What an application is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApplicationKind {
    /// Events come from there.
    Tenant,
    /// Events go there.
    Destination,
}

impl ApplicationKind {
    /// As it is stored and told. It never changes: what is sealed is bound to it.
    const fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Destination => "destination",
        }
    }

    /// What a document is bound to. A zero cannot stand in a key, so no two places are written alike.
    fn place(self, key: &str) -> Vec<u8> {
        format!("application\0{}\0{key}", self.name()).into_bytes()
    }
}

/// An application as it was added. Its `Debug` shows nothing of the document, which holds secrets.
#[derive(Clone, PartialEq)]
pub struct StoredApplication {
    /// Its name among those of its kind: `auth0/acme`.
    pub key: String,
    /// What was written.
    pub document: Value,
    /// Grows by one with each change; the first is 1.
    pub version: u64,
    /// When it was written.
    pub updated: Timestamp,
}

impl std::fmt::Debug for StoredApplication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredApplication")
            .field("key", &self.key)
            .field("version", &self.version)
            .field("updated", &self.updated)
            .finish_non_exhaustive()
    }
}

/// An application of which only the name can be told. It can be removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` cannot be read: {reason}")]
pub struct UnreadableApplication {
    /// Its name among those of its kind.
    pub key: String,
    /// Why, and what to do, as a lowercase fragment.
    pub reason: String,
}

impl Registry {
    /// All of a kind, by key. One that cannot be read does not hide the others.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn applications(
        &self,
        kind: ApplicationKind,
    ) -> Result<Vec<Result<StoredApplication, UnreadableApplication>>, Error> {
        let sealed: Vec<Sealed> = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, sealed_with, document, version, updated FROM application
                 WHERE kind = ?1 ORDER BY key",
            )?;
            statement.query_map([kind.name()], Sealed::of)?.collect()
        })?;
        if sealed.is_empty() {
            return Ok(Vec::new());
        }
        let vault = Vault::open(self.folder());
        Ok(sealed.into_iter().map(|sealed| sealed.open(kind, vault.as_ref())).collect())
    }

    /// Adds one; its version is given back, which is 1.
    ///
    /// # Errors
    /// The key is taken or unusable, the document is too large, there are too many, or what there is was sealed with a key
    /// that is not there.
    pub fn add_application(
        &self,
        kind: ApplicationKind,
        key: &str,
        document: &Value,
    ) -> Result<u64, Error> {
        let content = written(key, document)?;
        let (now, folder) = (self.now(), self.folder());
        self.write(|transaction| {
            let question = "SELECT count(*) FROM application WHERE kind = ?1";
            let there: u32 = transaction.query_row(question, [kind.name()], |row| row.get(0))?;
            if there >= APPLICATIONS_MAX {
                let message = format!("there are {APPLICATIONS_MAX} {}s already", kind.name());
                return Err(Error::refused(message, "remove what is not needed any more").into());
            }
            let vault = vault(transaction, folder, (kind, key))?;
            let sealed = vault.seal(&kind.place(key), content)?;
            let added = transaction.execute(
                "INSERT INTO application (kind, key, sealed_with, document, version, updated)
                 VALUES (?1, ?2, ?3, ?4, 1, ?5)",
                params![kind.name(), key, vault.name(), sealed, now],
            );
            match added {
                Ok(_) => Ok(1),
                Err(error) if is_taken(&error) => {
                    Err(Error::Taken { what: kind.name(), name: key.to_owned() }.into())
                }
                Err(error) => Err(error.into()),
            }
        })
    }

    /// Puts `document` in the place of version `version`; the version that it has is given back.
    ///
    /// # Errors
    /// There is none of that key, its version is another one, the document is too large, or what there is was sealed with
    /// a key that is not there.
    pub fn change_application(
        &self,
        kind: ApplicationKind,
        key: &str,
        document: &Value,
        version: u64,
    ) -> Result<u64, Error> {
        let content = written(key, document)?;
        let (now, folder) = (self.now(), self.folder());
        self.write(|transaction| {
            let question = "SELECT version FROM application WHERE kind = ?1 AND key = ?2";
            let found = transaction
                .query_row(question, [kind.name(), key], |row| number(row, 0))
                .optional()?
                .ok_or_else(|| unknown(kind, key))?;
            if found != version {
                return Err(Error::Stale { expected: version, found }.into());
            }
            let vault = vault(transaction, folder, (kind, key))?;
            let sealed = vault.seal(&kind.place(key), content)?;
            transaction.execute(
                "UPDATE application SET sealed_with = ?3, document = ?4, version = version + 1,
                 updated = ?5 WHERE kind = ?1 AND key = ?2",
                params![kind.name(), key, vault.name(), sealed, now],
            )?;
            Ok(found.saturating_add(1))
        })
    }

    /// Removes one, also if it cannot be read.
    ///
    /// # Errors
    /// There is none of that key.
    pub fn remove_application(&self, kind: ApplicationKind, key: &str) -> Result<(), Error> {
        self.write(|transaction| {
            let statement = "DELETE FROM application WHERE kind = ?1 AND key = ?2";
            match transaction.execute(statement, [kind.name(), key])? {
                0 => Err(unknown(kind, key).into()),
                _ => Ok(()),
            }
        })
    }
}

/// A row as it lies in the file.
struct Sealed {
    key: String,
    sealed_with: Vec<u8>,
    document: Vec<u8>,
    version: u64,
    updated: Timestamp,
}

impl Sealed {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            sealed_with: row.get(1)?,
            document: row.get(2)?,
            version: number(row, 3)?,
            updated: moment(row, 4)?,
        })
    }

    fn open(
        self,
        kind: ApplicationKind,
        vault: Result<&Vault, &NoKey>,
    ) -> Result<StoredApplication, UnreadableApplication> {
        let document = match vault {
            Err(error) => Err(format!("{error}, or remove this {} and add it again", kind.name())),
            Ok(vault) => self.document(kind, vault),
        };
        match document {
            Err(reason) => Err(UnreadableApplication { key: self.key, reason }),
            Ok(document) => Ok(StoredApplication {
                key: self.key,
                document,
                version: self.version,
                updated: self.updated,
            }),
        }
    }

    fn document(&self, kind: ApplicationKind, vault: &Vault) -> Result<Value, String> {
        if self.sealed_with != vault.name() {
            return Err(format!(
                "it was sealed with another key than the one in `registry.key`: put that key back \
                 from a copy, or remove this {} and add it again",
                kind.name()
            ));
        }
        vault
            .unseal(&kind.place(&self.key), &self.document)
            .and_then(|content| serde_json::from_slice(&content).ok())
            .ok_or_else(|| {
                format!(
                    "its row in `registry.db` was changed by somebody else: put the file back from \
                     a copy, or remove this {} and add it again",
                    kind.name()
                )
            })
    }
}

/// The bytes of a document, if key and document are usable.
fn written(key: &str, document: &Value) -> Result<Vec<u8>, Error> {
    if key.is_empty() || key.len() > APPLICATION_KEY_BYTES_MAX || key.contains(char::is_control) {
        let hint = format!(
            "write at most {APPLICATION_KEY_BYTES_MAX} bytes, without line breaks and the like"
        );
        return Err(Error::refused("the name is unusable", hint));
    }
    let content = document.to_string().into_bytes();
    if content.len() > APPLICATION_BYTES_MAX {
        let message = format!(
            "what is written of `{key}` has {} bytes, and {APPLICATION_BYTES_MAX} are the most",
            content.len()
        );
        return Err(Error::refused(message, "is a file in the place of a key or name?"));
    }
    if is_nested_deeper_than(&content, APPLICATION_LEVELS_MAX) {
        let message = format!(
            "what is written of `{key}` is nested deeper than {APPLICATION_LEVELS_MAX} levels"
        );
        return Err(Error::refused(message, "write it as the configuration file would have it"));
    }
    Ok(content)
}

/// The key to seal the document of `of` with: made if nothing is sealed yet. Nothing is sealed with a second key beside
/// the first: when the first is put back, what was sealed with the second would be lost. The transaction keeps other
/// processes from making a key at the same time.
fn vault(
    transaction: &Transaction<'_>,
    folder: &Path,
    of: (ApplicationKind, &str),
) -> Result<Vault, Failed> {
    let others = |name: &[u8]| {
        let question = "SELECT count(*) FROM application
                        WHERE sealed_with <> ?3 AND NOT (kind = ?1 AND key = ?2)";
        transaction
            .query_row(question, params![of.0.name(), of.1, name], |row| row.get::<_, u32>(0))
    };
    let hint = "put the key back from a copy, or remove the applications that cannot be read";
    match Vault::open(folder) {
        Ok(vault) => match others(vault.name())? {
            0 => Ok(vault),
            several => {
                let message = format!(
                    "{several} of the applications were sealed with another key than the one in `registry.key`"
                );
                Err(Error::refused(message, hint).into())
            }
        },
        Err(NoKey::Missing(_)) if others(&[])? == 0 => Ok(Vault::make(folder)?),
        Err(error) => {
            let message = format!("secrets cannot be sealed: {error}");
            Err(Error::refused(message, hint).into())
        }
    }
}

fn unknown(kind: ApplicationKind, key: &str) -> Error {
    Error::Unknown { what: kind.name(), name: key.to_owned() }
}

#[cfg(test)]
mod tests;
