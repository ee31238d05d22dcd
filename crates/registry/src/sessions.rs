//! Sessions: begun with a password, found by a secret, ended by their owner, by disuse or by age.
//! Deliberately absent: cookies, and how often a password may be tried (`api`).

use model::{Role, Secret, Session, SignedIn, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use crate::error::Error;
use crate::limits::{LAST_USE_STEP, SESSION_IDLE_MAX, SESSION_LIFE_MAX, SESSIONS_OF_PERSON_MAX};
use crate::registry::{Registry, role};
use crate::{passwords, random};

impl Registry {
    /// Begins a session. `None` if name or password is wrong; finding that out takes the same time in both cases.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn sign_in(&self, name: &str, password: &Secret) -> Result<Option<SignedIn>, Error> {
        let found: Option<(i64, String, Role, String)> = self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT id, name, role, password FROM person WHERE name = ?1")?;
            statement
                .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, role(row, 2)?, row.get(3)?)))
                .optional()
        })?;
        let stored = found.as_ref().map(|(.., stored)| stored.as_str());
        if !passwords::matches(password, stored)? {
            return Ok(None);
        }
        let Some((person, name, role, stored)) = found else { return Ok(None) };
        let secret = random::session_secret()?;
        let now = self.now();
        let begun = self.write(|transaction| {
            transaction.execute(
                "DELETE FROM session WHERE last_used <= ?1 OR begun <= ?2",
                params![now - micros(SESSION_IDLE_MAX), now - micros(SESSION_LIFE_MAX)],
            )?;
            transaction.execute(
                "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE person = ?1
                 ORDER BY last_used DESC LIMIT -1 OFFSET ?2)",
                params![person, SESSIONS_OF_PERSON_MAX - 1],
            )?;
            // Not if the password was changed, or the person removed, while it was being compared.
            let begun = transaction.execute(
                "INSERT INTO session (hash, person, begun, last_used)
                 SELECT ?1, id, ?3, ?3 FROM person WHERE id = ?2 AND password = ?4",
                params![random::hash(secret.expose()), person, now, stored],
            )?;
            transaction
                .execute("UPDATE person SET last_seen = ?2 WHERE id = ?1", params![person, now])?;
            Ok(begun == 1)
        })?;
        let session = Session { name, role, expires: ends(now, now) };
        Ok(begun.then_some(SignedIn { secret, session }))
    }

    /// The session of a secret, which is used now. `None` if it has ended, or never was.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn session(&self, secret: &Secret) -> Result<Option<Session>, Error> {
        let hash = random::hash(secret.expose());
        let found: Option<(String, Role, i64, i64)> = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT name, role, begun, last_used FROM session JOIN person ON person.id = person
                 WHERE hash = ?1",
            )?;
            statement
                .query_row([&hash], |row| {
                    Ok((row.get(0)?, role(row, 1)?, row.get(2)?, row.get(3)?))
                })
                .optional()
        })?;
        let Some((name, role, begun, last_used)) = found else { return Ok(None) };
        let now = self.now();
        if ends(begun, last_used).as_microsecond() <= now {
            return Ok(None);
        }
        if now - last_used >= micros(LAST_USE_STEP) {
            self.write(|transaction| {
                transaction.execute(
                    "UPDATE session SET last_used = ?2 WHERE hash = ?1",
                    params![hash, now],
                )?;
                transaction.execute(
                    "UPDATE person SET last_seen = ?2 WHERE name = ?1",
                    params![name, now],
                )?;
                Ok(())
            })?;
        }
        Ok(Some(Session { name, role, expires: ends(begun, now) }))
    }

    /// Ends the session of a secret, if there is one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn sign_out(&self, secret: &Secret) -> Result<(), Error> {
        let hash = random::hash(secret.expose());
        self.write(|transaction| {
            transaction.execute("DELETE FROM session WHERE hash = ?1", [hash])?;
            Ok(())
        })
    }
}

/// When a session ends that began and was last used at these moments.
fn ends(begun: i64, last_used: i64) -> Timestamp {
    let idle = last_used.saturating_add(micros(SESSION_IDLE_MAX));
    let life = begun.saturating_add(micros(SESSION_LIFE_MAX));
    Timestamp::from_microsecond(idle.min(life)).unwrap_or(Timestamp::MAX)
}

fn micros(duration: model::SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use model::SignedDuration;

    use super::*;
    use crate::registry::tests::{PASSWORD, opened};

    #[test]
    fn a_session_ends_by_disuse_and_by_age() {
        let (registry, clock, _folder) = opened();
        let password = Secret::new(PASSWORD);
        registry.add_person("jane", Role::Analyst, &password).unwrap();
        assert!(registry.sign_in("jane", &Secret::new("wrong password")).unwrap().is_none());
        assert!(registry.sign_in("nobody", &password).unwrap().is_none());
        let secret = registry.sign_in("jane", &password).unwrap().unwrap().secret;
        let session = registry.session(&secret).unwrap().unwrap();
        assert_eq!((session.name.as_str(), session.role), ("jane", Role::Analyst));
        assert!(registry.session(&Secret::new("guessed")).unwrap().is_none());

        // Used every eleven hours it lives for a week, and no longer.
        let step = micros(SignedDuration::from_hours(11));
        let mut lived = 0;
        while registry.session(&secret).unwrap().is_some() {
            clock.advance_microseconds(step);
            lived += 11;
        }
        assert_eq!(lived, 176, "the first look after {} hours", 7 * 24);

        let secret = registry.sign_in("jane", &password).unwrap().unwrap().secret;
        clock.advance_microseconds(micros(SESSION_IDLE_MAX) - 1);
        assert!(registry.session(&secret).unwrap().is_some());
        clock.advance_microseconds(micros(SESSION_IDLE_MAX));
        assert!(registry.session(&secret).unwrap().is_none());
    }

    #[test]
    fn signing_out_ends_one_session_and_removing_the_person_all() {
        let (registry, _clock, _folder) = opened();
        let password = Secret::new(PASSWORD);
        registry.add_person("root", Role::Administrator, &password).unwrap();
        registry.add_person("jane", Role::Viewer, &password).unwrap();
        let one = registry.sign_in("jane", &password).unwrap().unwrap().secret;
        let two = registry.sign_in("jane", &password).unwrap().unwrap().secret;
        registry.sign_out(&one).unwrap();
        assert!(registry.session(&one).unwrap().is_none());
        assert!(registry.session(&two).unwrap().is_some());
        registry.change_person("jane", Some(Role::Analyst), None).unwrap();
        assert_eq!(registry.session(&two).unwrap().unwrap().role, Role::Analyst);
        registry.remove_person("jane").unwrap();
        assert!(registry.session(&two).unwrap().is_none());
    }

    #[test]
    fn the_longest_unused_session_makes_way() {
        let (registry, clock, _folder) = opened();
        let password = Secret::new(PASSWORD);
        registry.add_person("jane", Role::Viewer, &password).unwrap();
        let mut secrets = Vec::new();
        for _ in 0..=SESSIONS_OF_PERSON_MAX {
            secrets.push(registry.sign_in("jane", &password).unwrap().unwrap().secret);
            clock.advance_microseconds(1);
        }
        assert!(registry.session(&secrets[0]).unwrap().is_none());
        assert!(registry.session(&secrets[1]).unwrap().is_some());
    }
}
