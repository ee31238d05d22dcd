//! The registry of the data folder behind the ports of `api`: each question on a thread that may block, each error as the
//! API tells it.
//! A registry that cannot be opened stops nothing else: nobody signs in, each question says why, and the next one tries
//! again.
//! Deliberately absent: the registry itself, and HTTP.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use api::{Accounts, Asked, DeskError, Saved};
use model::{
    ApiToken, AuditEntry, AuditNote, Clock, Person, QueryDraft, Role, SavedDashboard, SavedQuery,
    Secret, Session, SignedDuration, SignedIn,
};
use registry::{Error, Registry};

use crate::exit::{Exit, Failure};

/// The registry, opened by the first question that can.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Lazy>);

struct Lazy {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    registry: OnceLock<Registry>,
}

impl Lazy {
    fn registry(&self) -> Result<&Registry, Error> {
        if let Some(registry) = self.registry.get() {
            return Ok(registry);
        }
        // Two that open it at once are one too many, which is closed again.
        let opened = Registry::open(&self.folder, self.clock.clone())?;
        Ok(self.registry.get_or_init(|| opened))
    }
}

impl Desk {
    /// The registry of a data folder, opened by the first question.
    pub(crate) fn of(folder: &Path, clock: Arc<dyn Clock>) -> Self {
        let registry = OnceLock::new();
        Self(Arc::new(Lazy { folder: folder.to_owned(), clock, registry }))
    }

    /// Opens the registry of a data folder. If nobody is in it, an administrator is made, whose password is told this once.
    pub(crate) async fn open(
        folder: &Path,
        clock: Arc<dyn Clock>,
    ) -> (Self, Option<(Person, Secret)>) {
        let desk = Self::of(folder, clock);
        match desk.ask(Registry::first_administrator).await {
            Ok(first) => (desk, first),
            Err(error) => {
                tracing::error!("nobody can sign in, everything else goes on: {error}");
                (desk, None)
            }
        }
    }

    /// Asks on a thread that may block.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Registry) -> Result<T, Error> + Send + 'static,
    ) -> Asked<'static, T> {
        let lazy = self.0.clone();
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || question(lazy.registry()?)).await {
                Ok(answer) => answer.map_err(told),
                Err(error) => Err(DeskError::Failed {
                    message: format!("the registry did not answer: {error}"),
                    hint: String::new(),
                }),
            }
        })
    }
}

/// An error of the registry as an error of the program.
pub(crate) fn failure(error: Error) -> anyhow::Error {
    let exit = match &error {
        Error::Storage { .. } | Error::Io { .. } | Error::Foreign { .. } => Exit::Io,
        _ => Exit::Data,
    };
    let hint = match error.hint() {
        "" => String::new(),
        hint => format!("\n  hint: {hint}"),
    };
    Failure::error(exit, format!("{:#}{hint}", anyhow::Error::new(error)))
}

fn told(error: Error) -> DeskError {
    let hint = error.hint().to_owned();
    match error {
        Error::Refused { message, hint } => DeskError::Refused { message, hint },
        Error::Taken { .. } => DeskError::Taken(error.to_string()),
        Error::Unknown { .. } => DeskError::Unknown(error.to_string()),
        Error::Stale { .. } => DeskError::Stale(error.to_string()),
        error => {
            let message = format!("{:#}", anyhow::Error::new(error));
            tracing::error!("{message}");
            DeskError::Failed { message, hint }
        }
    }
}

impl Accounts for Desk {
    fn sign_in(&self, name: String, password: Secret) -> Asked<'_, Option<SignedIn>> {
        self.ask(move |registry| registry.sign_in(&name, &password))
    }

    fn session(&self, secret: Secret) -> Asked<'_, Option<Session>> {
        self.ask(move |registry| registry.session(&secret))
    }

    fn sign_out(&self, secret: Secret) -> Asked<'_, ()> {
        self.ask(move |registry| registry.sign_out(&secret))
    }

    fn change_own_password(
        &self,
        name: String,
        old: Secret,
        new: Secret,
        kept: Secret,
    ) -> Asked<'_, bool> {
        self.ask(move |registry| registry.change_own_password(&name, &old, &new, &kept))
    }

    fn people(&self) -> Asked<'_, Vec<Person>> {
        self.ask(Registry::people)
    }

    fn add_person(&self, name: String, role: Role, password: Secret) -> Asked<'_, Person> {
        self.ask(move |registry| registry.add_person(&name, role, &password))
    }

    fn change_person(
        &self,
        name: String,
        role: Option<Role>,
        password: Option<Secret>,
    ) -> Asked<'_, Person> {
        self.ask(move |registry| registry.change_person(&name, role, password.as_ref()))
    }

    fn remove_person(&self, name: String) -> Asked<'_, ()> {
        self.ask(move |registry| registry.remove_person(&name))
    }

    fn token(&self, secret: Secret) -> Asked<'_, Option<(String, Role)>> {
        self.ask(move |registry| registry.token(&secret))
    }

    fn tokens(&self) -> Asked<'_, Vec<ApiToken>> {
        self.ask(Registry::tokens)
    }

    fn add_token(
        &self,
        name: String,
        role: Role,
        life: Option<SignedDuration>,
    ) -> Asked<'_, (ApiToken, Secret)> {
        self.ask(move |registry| registry.add_token(&name, role, life))
    }

    fn remove_token(&self, id: String) -> Asked<'_, ()> {
        self.ask(move |registry| registry.remove_token(&id))
    }

    fn note(&self, note: AuditNote) -> Asked<'_, ()> {
        self.ask(move |registry| registry.note(&note))
    }

    fn audit(&self, before: Option<u64>, limit: usize) -> Asked<'_, Vec<AuditEntry>> {
        self.ask(move |registry| registry.audit(before, limit))
    }
}

impl Saved for Desk {
    fn queries(&self, owner: String) -> Asked<'_, Vec<SavedQuery>> {
        self.ask(move |registry| registry.queries(&owner))
    }

    fn add_query(&self, owner: String, draft: QueryDraft) -> Asked<'_, SavedQuery> {
        self.ask(move |registry| registry.add_query(&owner, &draft))
    }

    fn change_query(
        &self,
        id: String,
        owner: Option<String>,
        draft: QueryDraft,
    ) -> Asked<'_, SavedQuery> {
        self.ask(move |registry| registry.change_query(&id, owner.as_deref(), &draft))
    }

    fn remove_query(&self, id: String, owner: Option<String>) -> Asked<'_, ()> {
        self.ask(move |registry| registry.remove_query(&id, owner.as_deref()))
    }

    fn dashboards(&self) -> Asked<'_, Vec<SavedDashboard>> {
        self.ask(Registry::dashboards)
    }

    fn dashboard(&self, id: String) -> Asked<'_, SavedDashboard> {
        self.ask(move |registry| registry.dashboard(&id))
    }

    fn add_dashboard(&self, document: String) -> Asked<'_, SavedDashboard> {
        self.ask(move |registry| registry.add_dashboard(&document))
    }

    fn change_dashboard(
        &self,
        id: String,
        expected: Option<u64>,
        document: String,
    ) -> Asked<'_, SavedDashboard> {
        self.ask(move |registry| registry.change_dashboard(&id, expected, &document))
    }

    fn remove_dashboard(&self, id: String) -> Asked<'_, ()> {
        self.ask(move |registry| registry.remove_dashboard(&id))
    }
}
