//! People: adding, changing and removing them. There is always an administrator.
//! Deliberately absent: signing in (`sessions`).

use model::{Person, Role, Secret, person_name_problem};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::error::Error;
use crate::limits::PEOPLE_MAX;
use crate::registry::{Failed, Registry, is_taken, moment, moment_or_null, role};
use crate::{passwords, random};

/// The administrator of the first start.
const FIRST_NAME: &str = "admin";

impl Registry {
    /// Everybody, by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn people(&self) -> Result<Vec<Person>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT name, role, created, last_seen FROM person ORDER BY name",
            )?;
            statement.query_map([], person)?.collect()
        })
    }

    /// Makes the first administrator, `admin`, with a password that nobody chose. `None` if there is anybody.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn first_administrator(&self) -> Result<Option<(Person, Secret)>, Error> {
        if self.read(|connection| count(connection, "SELECT count(*) FROM person"))? > 0 {
            return Ok(None);
        }
        let password = random::password()?;
        match self.add_person(FIRST_NAME, Role::Administrator, &password) {
            Ok(person) => Ok(Some((person, password))),
            // Another process was faster.
            Err(Error::Taken { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A password that nobody chose, for whoever does not want to choose one.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn new_password(&self) -> Result<Secret, Error> {
        random::password()
    }

    /// Adds a person.
    ///
    /// # Errors
    /// The name is taken or unusable, or the password is.
    pub fn add_person(&self, name: &str, role: Role, password: &Secret) -> Result<Person, Error> {
        if let Some(problem) = person_name_problem(name) {
            let hint =
                "letters, digits and -_.@+, at most 128: for example jane or jane@example.com";
            return Err(Error::refused(format!("the name {problem}"), hint));
        }
        passwords::check(password, name)?;
        let hash = passwords::hash(password)?;
        let now = self.now();
        self.write(|transaction| {
            if count(transaction, "SELECT count(*) FROM person")? >= PEOPLE_MAX {
                let message = format!("there are {PEOPLE_MAX} people, and more is not foreseen");
                return Err(Error::refused(message, "remove who is not needed any more").into());
            }
            let added = transaction.execute(
                "INSERT INTO person (name, role, password, created) VALUES (?1, ?2, ?3, ?4)",
                params![name, role.name(), hash, now],
            );
            match added {
                Err(error) if is_taken(&error) => {
                    return Err(Error::Taken { what: "person", name: name.to_owned() }.into());
                }
                outcome => outcome?,
            };
            one(transaction, name)
        })
    }

    /// Gives a person another role, another password, or both. Another password ends all sessions of that person.
    ///
    /// # Errors
    /// There is no such person, the password is unusable, or nobody would be administrator any more.
    pub fn change_person(
        &self,
        name: &str,
        role: Option<Role>,
        password: Option<&Secret>,
    ) -> Result<Person, Error> {
        let hash = match password {
            None => None,
            Some(password) => {
                passwords::check(password, name)?;
                Some(passwords::hash(password)?)
            }
        };
        self.write(|transaction| {
            let before = one(transaction, name)?;
            if let Some(role) = role {
                if role != Role::Administrator {
                    keep_an_administrator(transaction, &before)?;
                }
                transaction.execute(
                    "UPDATE person SET role = ?2 WHERE name = ?1",
                    params![name, role.name()],
                )?;
            }
            if let Some(hash) = &hash {
                transaction.execute(
                    "UPDATE person SET password = ?2 WHERE name = ?1",
                    params![name, hash],
                )?;
                transaction.execute(
                    "DELETE FROM session WHERE person = (SELECT id FROM person WHERE name = ?1)",
                    [name],
                )?;
            }
            one(transaction, name)
        })
    }

    /// Gives a person who knows the old password another one. `false` if the old one is wrong. The session of
    /// `kept` goes on, all others of that person end.
    ///
    /// # Errors
    /// There is no such person, or the new password is unusable.
    pub fn change_own_password(
        &self,
        name: &str,
        old: &Secret,
        new: &Secret,
        kept: &Secret,
    ) -> Result<bool, Error> {
        let stored: Option<String> = self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT password FROM person WHERE name = ?1")?;
            statement.query_row([name], |row| row.get(0)).optional()
        })?;
        if !passwords::matches(old, stored.as_deref())? {
            return Ok(false);
        }
        passwords::check(new, name)?;
        let hash = passwords::hash(new)?;
        self.write(|transaction| {
            transaction.execute(
                "UPDATE person SET password = ?2 WHERE name = ?1",
                params![name, hash],
            )?;
            transaction.execute(
                "DELETE FROM session WHERE person = (SELECT id FROM person WHERE name = ?1) AND hash <> ?2",
                params![name, random::hash(kept.expose())],
            )?;
            Ok(true)
        })
    }

    /// Removes a person with all sessions. What that person has saved stays.
    ///
    /// # Errors
    /// There is no such person, or nobody would be administrator any more.
    pub fn remove_person(&self, name: &str) -> Result<(), Error> {
        self.write(|transaction| {
            keep_an_administrator(transaction, &one(transaction, name)?)?;
            transaction.execute("DELETE FROM person WHERE name = ?1", [name])?;
            Ok(())
        })
    }
}

/// Refuses to lose `person` as an administrator if there is no other.
fn keep_an_administrator(transaction: &Transaction<'_>, person: &Person) -> Result<(), Failed> {
    let question = "SELECT count(*) FROM person WHERE role = 'administrator'";
    if person.role == Role::Administrator && count(transaction, question)? < 2 {
        let message = "nobody would be administrator any more";
        return Err(Error::refused(message, "make somebody else administrator first").into());
    }
    Ok(())
}

fn one(transaction: &Transaction<'_>, name: &str) -> Result<Person, Failed> {
    let found = transaction
        .query_row(
            "SELECT name, role, created, last_seen FROM person WHERE name = ?1",
            [name],
            person,
        )
        .optional()?;
    found.ok_or_else(|| Error::Unknown { what: "person", name: name.to_owned() }.into())
}

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        name: row.get(0)?,
        role: role(row, 1)?,
        created: moment(row, 2)?,
        last_seen: moment_or_null(row, 3)?,
    })
}

/// The number that a question without parameters asks for.
pub(crate) fn count(connection: &rusqlite::Connection, question: &str) -> rusqlite::Result<u32> {
    connection.prepare_cached(question)?.query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tests::{PASSWORD, opened};

    #[test]
    fn the_first_start_makes_an_administrator_and_later_ones_none() {
        let (registry, _clock, _folder) = opened();
        let (person, password) = registry.first_administrator().unwrap().unwrap();
        assert_eq!((person.name.as_str(), person.role), ("admin", Role::Administrator));
        assert!(registry.sign_in("ADMIN", &password).unwrap().is_some());
        assert!(registry.first_administrator().unwrap().is_none());
    }

    #[test]
    fn names_are_taken_whatever_their_case() {
        let (registry, _clock, _folder) = opened();
        let password = Secret::new(PASSWORD);
        registry.add_person("Jane", Role::Viewer, &password).unwrap();
        let again = registry.add_person("jane", Role::Viewer, &password);
        assert!(matches!(again, Err(Error::Taken { .. })), "{again:?}");
        assert!(registry.add_person("a b", Role::Viewer, &password).is_err());
        assert!(registry.add_person("joe", Role::Viewer, &Secret::new("short")).is_err());
        assert_eq!(registry.people().unwrap().len(), 1);
    }

    #[test]
    fn there_is_always_an_administrator() {
        let (registry, _clock, _folder) = opened();
        let password = Secret::new(PASSWORD);
        registry.add_person("root", Role::Administrator, &password).unwrap();
        registry.add_person("jane", Role::Viewer, &password).unwrap();
        assert!(registry.remove_person("root").is_err());
        assert!(registry.change_person("root", Some(Role::Analyst), None).is_err());
        registry.change_person("root", Some(Role::Administrator), None).unwrap();
        registry.change_person("jane", Some(Role::Administrator), None).unwrap();
        registry.remove_person("root").unwrap();
        assert!(registry.remove_person("jane").is_err());
        assert!(matches!(registry.remove_person("nobody"), Err(Error::Unknown { .. })));
        assert!(matches!(registry.change_person("x", None, None), Err(Error::Unknown { .. })));
    }

    #[test]
    fn another_password_ends_the_sessions() {
        let (registry, _clock, _folder) = opened();
        let (old, new) = (Secret::new(PASSWORD), Secret::new("another long phrase"));
        registry.add_person("jane", Role::Viewer, &old).unwrap();
        let mine = registry.sign_in("jane", &old).unwrap().unwrap().secret;
        let other = registry.sign_in("jane", &old).unwrap().unwrap().secret;
        assert!(!registry.change_own_password("jane", &new, &new, &mine).unwrap());
        assert!(registry.change_own_password("jane", &old, &Secret::new("x"), &mine).is_err());
        assert!(registry.change_own_password("jane", &old, &new, &mine).unwrap());
        assert!(registry.session(&mine).unwrap().is_some());
        assert!(registry.session(&other).unwrap().is_none());
        assert!(registry.sign_in("jane", &old).unwrap().is_none());
        registry.change_person("jane", None, Some(&old)).unwrap();
        assert!(registry.session(&mine).unwrap().is_none());
    }
}
