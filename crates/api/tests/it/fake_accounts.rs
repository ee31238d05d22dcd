//! People, tokens and an audit trail in memory, with passwords in the clear.
//! Deliberately absent: lifetimes; a test ends sessions itself.

use std::sync::{Mutex, MutexGuard};

use api::{Accounts, Asked, DeskError};
use model::{
    ApiToken, AuditEntry, AuditNote, Person, Role, Secret, Session, SignedDuration, SignedIn,
};

use super::fakes::now;

/// The password of everybody.
pub(crate) const PASSWORD: &str = "a long enough phrase";
/// A token that an administrator made for a viewer.
pub(crate) const VIEWERS_TOKEN: &str = "dl_of-a-viewer";

/// One person of each role, called by it.
pub(crate) struct FakeAccounts {
    state: Mutex<State>,
}

struct State {
    people: Vec<(Person, String)>,
    sessions: Vec<(String, String)>,
    notes: Vec<AuditNote>,
    are_tokens_taken_back: bool,
    broken: bool,
}

impl Default for FakeAccounts {
    fn default() -> Self {
        let person = |role: Role| {
            let name = role.name().to_owned();
            (Person { name, role, created: now(), last_seen: None }, PASSWORD.to_owned())
        };
        let people = Role::ALL.map(person).to_vec();
        let (sessions, notes) = (Vec::new(), Vec::new());
        let state = State { people, sessions, notes, are_tokens_taken_back: false, broken: false };
        Self { state: Mutex::new(state) }
    }
}

impl FakeAccounts {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A session of somebody.
    pub(crate) fn session_of(&self, role: Role) -> String {
        let mut state = self.state();
        let secret = format!("secret-{}", state.sessions.len());
        state.sessions.push((secret.clone(), role.name().to_owned()));
        secret
    }

    /// Ends all sessions.
    pub(crate) fn end_sessions(&self) {
        self.state().sessions.clear();
    }

    /// Takes the viewer's token back.
    pub(crate) fn take_tokens_back(&self) {
        self.state().are_tokens_taken_back = true;
    }

    /// The audit trail, a line an entry.
    pub(crate) fn trail(&self) -> Vec<String> {
        let line = |note: &AuditNote| {
            let AuditNote { who, action, object, outcome, detail, .. } = note;
            format!("{who}: {action} {object} {outcome} {detail}").trim_end().to_owned()
        };
        self.state().notes.iter().map(line).collect()
    }

    /// From now on nothing can be read or written.
    pub(crate) fn breaks(&self) {
        self.state().broken = true;
    }

    fn answer<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut State) -> Result<T, DeskError>,
    ) -> Asked<'_, T> {
        let mut state = self.state();
        let answer = if state.broken {
            let (message, hint) = ("the registry cannot be read".into(), "mend the disk".into());
            Err(DeskError::Failed { message, hint })
        } else {
            ask(&mut state)
        };
        Box::pin(async move { answer })
    }
}

impl State {
    fn person(&mut self, name: &str) -> Result<&mut (Person, String), DeskError> {
        let found = self.people.iter_mut().find(|(person, _)| person.name == name);
        found.ok_or_else(|| DeskError::Unknown(format!("there is no person called `{name}`")))
    }
}

fn session(person: &Person) -> Session {
    let expires = now() + SignedDuration::from_hours(12);
    Session { name: person.name.clone(), role: person.role, expires }
}

pub(crate) fn token() -> ApiToken {
    ApiToken {
        id: "t1".into(),
        name: "siem".into(),
        role: Role::Viewer,
        created: now(),
        expires: None,
        last_used: None,
    }
}

impl Accounts for FakeAccounts {
    fn sign_in(&self, name: String, password: Secret) -> Asked<'_, Option<SignedIn>> {
        self.answer(|state| {
            let Ok((person, known)) = state.person(&name) else { return Ok(None) };
            if known != password.expose() {
                return Ok(None);
            }
            let session = session(person);
            let secret = format!("secret-{}", state.sessions.len());
            state.sessions.push((secret.clone(), name));
            Ok(Some(SignedIn { secret: Secret::new(secret), session }))
        })
    }

    fn session(&self, secret: Secret) -> Asked<'_, Option<Session>> {
        self.answer(|state| {
            let found = state.sessions.iter().find(|(known, _)| known == secret.expose());
            let Some(name) = found.map(|(_, name)| name.clone()) else { return Ok(None) };
            Ok(Some(session(&state.person(&name)?.0)))
        })
    }

    fn sign_out(&self, secret: Secret) -> Asked<'_, ()> {
        self.answer(|state| {
            state.sessions.retain(|(known, _)| known != secret.expose());
            Ok(())
        })
    }

    fn change_own_password(
        &self,
        name: String,
        old: Secret,
        new: Secret,
        kept: Secret,
    ) -> Asked<'_, bool> {
        self.answer(|state| {
            let (_, known) = state.person(&name)?;
            if known != old.expose() {
                return Ok(false);
            }
            *known = new.expose().to_owned();
            state.sessions.retain(|(known, _)| known == kept.expose());
            Ok(true)
        })
    }

    fn people(&self) -> Asked<'_, Vec<Person>> {
        self.answer(|state| Ok(state.people.iter().map(|(person, _)| person.clone()).collect()))
    }

    fn add_person(&self, name: String, role: Role, password: Secret) -> Asked<'_, Person> {
        self.answer(|state| {
            if state.person(&name).is_ok() {
                return Err(DeskError::Taken(format!("there is a person called `{name}` already")));
            }
            let person = Person { name, role, created: now(), last_seen: None };
            state.people.push((person.clone(), password.expose().to_owned()));
            Ok(person)
        })
    }

    fn change_person(
        &self,
        name: String,
        role: Option<Role>,
        password: Option<Secret>,
    ) -> Asked<'_, Person> {
        self.answer(|state| {
            let (person, known) = state.person(&name)?;
            person.role = role.unwrap_or(person.role);
            if let Some(password) = password {
                *known = password.expose().to_owned();
            }
            Ok(person.clone())
        })
    }

    fn remove_person(&self, name: String) -> Asked<'_, ()> {
        self.answer(|state| {
            state.person(&name)?;
            state.people.retain(|(person, _)| person.name != name);
            Ok(())
        })
    }

    fn token(&self, secret: Secret) -> Asked<'_, Option<(String, Role)>> {
        self.answer(|state| {
            let is_known = secret.expose() == VIEWERS_TOKEN && !state.are_tokens_taken_back;
            Ok(is_known.then(|| ("siem".into(), Role::Viewer)))
        })
    }

    fn tokens(&self) -> Asked<'_, Vec<ApiToken>> {
        self.answer(|_| Ok(vec![token()]))
    }

    fn add_token(
        &self,
        name: String,
        role: Role,
        life: Option<SignedDuration>,
    ) -> Asked<'_, (ApiToken, Secret)> {
        self.answer(|_| {
            let expires = life.map(|life| now() + life);
            Ok((ApiToken { name, role, expires, ..token() }, Secret::new("dl_made")))
        })
    }

    fn remove_token(&self, id: String) -> Asked<'_, ()> {
        self.answer(|_| match id.as_str() {
            "1" => Ok(()),
            _ => Err(DeskError::Unknown(format!("there is no token called `{id}`"))),
        })
    }

    fn note(&self, note: AuditNote) -> Asked<'_, ()> {
        self.answer(|state| {
            state.notes.push(note);
            Ok(())
        })
    }

    fn audit(&self, before: Option<u64>, limit: usize) -> Asked<'_, Vec<AuditEntry>> {
        self.answer(|state| {
            let numbered: Vec<(&AuditNote, u64)> = state.notes.iter().zip(1..).collect();
            let entries = numbered.into_iter().rev();
            let entries = entries.filter(|(_, id)| before.is_none_or(|before| *id < before));
            let entry =
                |(note, id): (&AuditNote, u64)| AuditEntry { id, at: now(), note: note.clone() };
            Ok(entries.take(limit).map(entry).collect())
        })
    }
}
