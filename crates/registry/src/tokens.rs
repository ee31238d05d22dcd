//! API tokens: made with a role and perhaps an end, found by their hash, removed by their id.
//! Deliberately absent: tokens of the configuration file, which `api` is told.

use model::{ApiToken, Role, Secret, SignedDuration, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use crate::error::Error;
use crate::limits::{LAST_USE_STEP, TOKENS_MAX};
use crate::people::count;
use crate::random;
use crate::registry::{Registry, is_taken, moment, moment_or_null, role};

/// Characters of a token's name at most.
const NAME_CHARS_MAX: usize = 128;

impl Registry {
    /// Every token, by name; without the tokens themselves, which nobody has but their bearers.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn tokens(&self) -> Result<Vec<ApiToken>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, name, role, created, expires, last_used FROM token ORDER BY name",
            )?;
            statement.query_map([], token)?.collect()
        })
    }

    /// Makes a token that is admitted for `life`, or until it is removed.
    ///
    /// # Errors
    /// The name is taken or unusable.
    pub fn add_token(
        &self,
        name: &str,
        role: Role,
        life: Option<SignedDuration>,
    ) -> Result<(ApiToken, Secret), Error> {
        let name = name.trim();
        if name.is_empty()
            || name.chars().count() > NAME_CHARS_MAX
            || name.contains(char::is_control)
        {
            let hint = "say what it is for, in at most 128 characters";
            return Err(Error::refused("the name of the token is unusable", hint));
        }
        let (id, secret, now) = (random::id()?, random::token_secret()?, self.now());
        let expires = life.map(|life| {
            now.saturating_add(i64::try_from(life.as_micros()).unwrap_or(i64::MAX))
                .min(Timestamp::MAX.as_microsecond())
        });
        let made = self.write(|transaction| {
            if count(transaction, "SELECT count(*) FROM token")? >= TOKENS_MAX {
                let message = format!("there are {TOKENS_MAX} tokens, and more is not foreseen");
                return Err(Error::refused(message, "remove what is not needed any more").into());
            }
            let added = transaction.execute(
                "INSERT INTO token (id, name, hash, role, created, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![id, name, random::hash(secret.expose()), role.name(), now, expires],
            );
            match added {
                Err(error) if is_taken(&error) => {
                    return Err(Error::Taken { what: "token", name: name.to_owned() }.into());
                }
                outcome => outcome?,
            };
            let question = "SELECT id, name, role, created, expires, last_used FROM token WHERE id = ?1";
            Ok(transaction.query_row(question, [&id], token)?)
        })?;
        Ok((made, secret))
    }

    /// Removes a token; from now on it is not admitted.
    ///
    /// # Errors
    /// There is no such token.
    pub fn remove_token(&self, id: &str) -> Result<(), Error> {
        self.write(|transaction| {
            match transaction.execute("DELETE FROM token WHERE id = ?1", [id])? {
                0 => Err(Error::Unknown { what: "token", name: id.to_owned() }.into()),
                _ => Ok(()),
            }
        })
    }

    /// Name and role of the token that is `secret`, which is used now. `None` if there is none, or it has expired.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn token(&self, secret: &Secret) -> Result<Option<(String, Role)>, Error> {
        let hash = random::hash(secret.expose());
        let found = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, name, role, created, expires, last_used FROM token WHERE hash = ?1",
            )?;
            statement.query_row([hash], token).optional()
        })?;
        let Some(found) = found else { return Ok(None) };
        let now = self.now();
        if found.expires.is_some_and(|expires| expires.as_microsecond() <= now) {
            return Ok(None);
        }
        let step = i64::try_from(LAST_USE_STEP.as_micros()).unwrap_or(i64::MAX);
        let last = found.last_used.map_or(i64::MIN, Timestamp::as_microsecond);
        if now.saturating_sub(last) >= step {
            self.write(|transaction| {
                transaction.execute(
                    "UPDATE token SET last_used = ?2 WHERE id = ?1",
                    params![found.id, now],
                )?;
                Ok(())
            })?;
        }
        Ok(Some((found.name, found.role)))
    }
}

fn token(row: &Row<'_>) -> rusqlite::Result<ApiToken> {
    Ok(ApiToken {
        id: row.get(0)?,
        name: row.get(1)?,
        role: role(row, 2)?,
        created: moment(row, 3)?,
        expires: moment_or_null(row, 4)?,
        last_used: moment_or_null(row, 5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tests::opened;

    #[test]
    fn a_token_is_admitted_until_its_end_or_its_removal() {
        let (registry, clock, _folder) = opened();
        let day = SignedDuration::from_hours(24);
        let (short, first) = registry.add_token("backup", Role::Viewer, Some(day)).unwrap();
        let (long, second) = registry.add_token("siem", Role::Analyst, None).unwrap();
        assert!(matches!(registry.add_token("SIEM", Role::Viewer, None), Err(Error::Taken { .. })));
        assert!(registry.add_token(" ", Role::Viewer, None).is_err());
        assert_eq!(registry.token(&first).unwrap(), Some(("backup".into(), Role::Viewer)));
        assert_eq!(registry.token(&Secret::new("dl_guessed")).unwrap(), None);
        clock.advance_microseconds(24 * 3_600_000_000 - 1);
        assert!(registry.token(&first).unwrap().is_some());
        clock.advance_microseconds(1);
        assert!(registry.token(&first).unwrap().is_none());
        assert!(registry.token(&second).unwrap().is_some());
        let tokens = registry.tokens().unwrap();
        assert_eq!([&tokens[0].id, &tokens[1].id], [&short.id, &long.id]);
        assert!(tokens[1].last_used.is_some());
        registry.remove_token(&long.id).unwrap();
        assert!(registry.token(&second).unwrap().is_none());
        assert!(registry.remove_token(&long.id).is_err());
    }
}
