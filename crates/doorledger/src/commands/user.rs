//! `doorledger user`: who may sign in. It works on the data folder itself, whether a server uses it or not, so that whoever
//! can read the disk can get in again.
//! Deliberately absent: sessions and roles' meaning (`api`), and passwords on the command line, where others would see them.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use model::{Role, Secret, SystemClock};
use registry::Registry;

use super::{print, say, written};
use crate::accounts::failure;
use crate::cli::User;
use crate::exit::{Exit, Failure};
use crate::node;

/// Bytes of a password on standard input at most.
const INPUT_BYTES_MAX: u64 = 4_096;

/// Lists, adds, changes or removes people.
pub(super) async fn run(config: Option<&Path>, command: User) -> Result<()> {
    let folder = match &command {
        User::List { data }
        | User::Add { data, .. }
        | User::Passwd { data, .. }
        | User::Role { data, .. }
        | User::Remove { data, .. } => data.clone(),
    };
    let outline = node::outline(&written(config)?, folder).await?;
    let data = outline.settings.data;
    if !data.is_dir() {
        let message = format!("`{}` is not a data folder", data.display());
        return Err(Failure::error(Exit::Data, message));
    }
    let registry = Registry::open(&data, Arc::new(SystemClock)).map_err(failure)?;
    match command {
        User::List { .. } => {
            for person in registry.people().map_err(failure)? {
                let seen = person.last_seen.map_or_else(|| "never".to_owned(), |at| at.to_string());
                print(&format!("{}  {}  last seen {seen}\n", person.name, person.role))?;
            }
            Ok(())
        }
        User::Add { name, role, stdin, .. } => {
            let password = chosen(&registry, stdin)?;
            let role = Role::from(role);
            registry.add_person(&name, role, password.secret()).map_err(failure)?;
            password.tell(&format!("{name} may sign in as {role}"))
        }
        User::Passwd { name, stdin, .. } => {
            let password = chosen(&registry, stdin)?;
            registry.change_person(&name, None, Some(password.secret())).map_err(failure)?;
            password.tell(&format!("{name} has another password; all sessions have ended"))
        }
        User::Role { name, role, .. } => {
            let role = Role::from(role);
            registry.change_person(&name, Some(role), None).map_err(failure)?;
            say(&format!("{name} is {role} from now on"));
            Ok(())
        }
        User::Remove { name, .. } => {
            registry.remove_person(&name).map_err(failure)?;
            say(&format!("{name} is removed"));
            Ok(())
        }
    }
}

/// A password, and whether its user knows it.
enum Password {
    Made(Secret),
    Given(Secret),
}

impl Password {
    fn secret(&self) -> &Secret {
        match self {
            Self::Made(secret) | Self::Given(secret) => secret,
        }
    }

    fn tell(&self, done: &str) -> Result<()> {
        say(done);
        match self {
            Self::Given(_) => Ok(()),
            Self::Made(secret) => {
                say("The password, shown this once:");
                print(&format!("{}\n", secret.expose()))
            }
        }
    }
}

/// The password on standard input, or a new one that nobody chose.
fn chosen(registry: &Registry, stdin: bool) -> Result<Password> {
    if !stdin {
        return Ok(Password::Made(registry.new_password().map_err(failure)?));
    }
    let mut text = String::new();
    let mut input = std::io::stdin().lock().take(INPUT_BYTES_MAX);
    input.read_to_string(&mut text).context("read the password")?;
    Ok(Password::Given(Secret::new(text.trim_end_matches(['\r', '\n']))))
}
