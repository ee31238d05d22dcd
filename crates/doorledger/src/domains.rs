//! Which domain a tenant has at its provider, for the columns that tell it: in the lake and at destinations alike. The
//! configuration tells; what it told is remembered in the data folder, so that a command without a configuration, and
//! events of a tenant that was removed from it, get the same.
//! Deliberately absent: what a domain looks like, which the provider knows.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Result;
use model::SourceId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exit::{Exit, Failure};

/// Name of the file within the data folder.
const FILE_NAME: &str = "domains.json";

/// The largest such file that is read: some ten thousand tenants.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Domains by provider and tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Domains {
    by_provider: ByProvider,
}

type ByProvider = BTreeMap<String, BTreeMap<String, Tenant>>;

/// What is known of one tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tenant {
    /// The domain that its first source tells which tells one: a log stream has that of the poll beside it.
    domain: Option<String>,
    /// The domains of single sources that tell one.
    #[serde(default)]
    sources: BTreeMap<String, String>,
}

impl Domains {
    /// What a configuration tells. Reads what it can and minds nothing else: validation is somebody else's business.
    pub(crate) fn of_document(document: &Value) -> Self {
        let mut domains = Self::default();
        for written in document["tenants"].as_array().into_iter().flatten() {
            let (Some(name), Some(provider)) = (text(written, "name"), text(written, "provider"))
            else {
                continue;
            };
            let Some(provider) = sources::find(provider) else { continue };
            let mut tenant = Tenant::default();
            for (source, written) in written["sources"].as_object().into_iter().flatten() {
                let Some(domain) = provider.domain(written) else { continue };
                tenant.domain.get_or_insert_with(|| domain.clone());
                tenant.sources.insert(source.clone(), domain);
            }
            let tenants = domains.by_provider.entry(provider.name().to_owned()).or_default();
            tenants.insert(name.to_owned(), tenant);
        }
        domains
    }

    /// The domain of the tenant whose events a source brings; `None` if nobody ever told it. Asked for each event.
    pub(crate) fn of(&self, source: &SourceId) -> Option<&str> {
        let tenant = self.by_provider.get(&source.provider)?.get(&source.tenant)?;
        tenant.sources.get(&source.source).or(tenant.domain.as_ref()).map(String::as_str)
    }

    /// These, and of tenants that the configuration does not name what the data folder remembers.
    pub(crate) fn with_remembered(self, data: &Path) -> Result<Self> {
        let remembered = read(data)?;
        Ok(self.or(remembered))
    }

    /// These, and of tenants that they do not name what the others tell.
    fn or(mut self, others: ByProvider) -> Self {
        for (provider, tenants) in others {
            let known = self.by_provider.entry(provider).or_default();
            for (name, tenant) in tenants {
                known.entry(name).or_insert(tenant);
            }
        }
        self
    }

    /// Writes them into the data folder, unless it remembers just these.
    pub(crate) fn remember(&self, data: &Path) -> Result<()> {
        if read(data)? == self.by_provider {
            return Ok(());
        }
        let path = data.join(FILE_NAME);
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(data)?;
            serde_json::to_writer_pretty(&mut file, &self.by_provider)?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            Ok::<_, std::io::Error>(())
        };
        write().map_err(|error| {
            Failure::error(Exit::Io, format!("write `{}`: {error}", path.display()))
        })
    }
}

/// Domains of a roster that changes while it is asked.
#[derive(Debug, Default)]
pub(crate) struct LiveDomains(RwLock<Arc<Domains>>);

impl LiveDomains {
    /// Begins with these.
    pub(crate) fn of(domains: Domains) -> Self {
        Self(RwLock::new(Arc::new(domains)))
    }

    /// As they are at this moment.
    pub(crate) fn now(&self) -> Arc<Domains> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what is told of some tenants; what is known of others stays.
    pub(crate) fn learn(&self, told: Domains) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *known = Arc::new(told.or(known.by_provider.clone()));
    }
}

fn text<'a>(written: &'a Value, name: &str) -> Option<&'a str> {
    Some(written[name].as_str()?.trim()).filter(|text| !text.is_empty())
}

/// What the data folder remembers; nothing if it is new, or older than this file.
fn read(data: &Path) -> Result<ByProvider> {
    let path = data.join(FILE_NAME);
    let failed = |what: &dyn std::fmt::Display| {
        let hint = "it can be removed; the configuration tells the same";
        Failure::error(Exit::Io, format!("read `{}`: {what}\n  hint: {hint}", path.display()))
    };
    let file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(failed(&error)),
    };
    let mut written = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut written).map_err(|error| failed(&error))?;
    serde_json::from_str(&written).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(provider: &str, tenant: &str, source: &str) -> SourceId {
        SourceId {
            provider: provider.to_owned(),
            tenant: tenant.to_owned(),
            source: source.to_owned(),
        }
    }

    fn configured() -> Domains {
        Domains::of_document(&json!({"tenants": [
            {"name": "acme", "provider": "auth0", "sources": {
                "poll": {"domain": "https://acme.eu.auth0.com", "client_id": {"env": "NOT_RESOLVED"}},
                "stream": {"tokens": ["t"]},
            }},
            {"name": "globex", "provider": "auth0", "sources": {
                "poll": {"base_url": "http://127.0.0.1:9"},
                "stream": {"domain": "globex.us.auth0.com"},
                "second": {"kind": "stream", "domain": "login.globex.example"},
            }},
            {"name": "acme", "provider": "onelogin", "sources": {"poll": {"subdomain": "acme"}}},
            {"name": "untold", "provider": "auth0", "sources": {"stream": {}}},
            {"name": 5, "provider": "auth0"}, {"provider": "okta"}, "nonsense",
        ]}))
    }

    #[track_caller]
    fn check(domains: &Domains, source: &SourceId, expected: Option<&str>) {
        assert_eq!(domains.of(source), expected, "{source}");
    }

    #[test]
    fn a_source_has_its_own_domain_or_its_tenants() {
        let domains = configured();
        for (provider, tenant, source, expected) in [
            ("auth0", "acme", "poll", Some("acme.eu.auth0.com")),
            ("auth0", "acme", "stream", Some("acme.eu.auth0.com")),
            ("auth0", "acme", "import", Some("acme.eu.auth0.com")),
            ("auth0", "acme", "poll.backfill", Some("acme.eu.auth0.com")),
            ("auth0", "globex", "stream", Some("globex.us.auth0.com")),
            ("auth0", "globex", "second", Some("login.globex.example")),
            ("auth0", "untold", "stream", None),
            ("auth0", "unknown", "import", None),
            ("onelogin", "acme", "poll", None),
        ] {
            check(&domains, &id(provider, tenant, source), expected);
        }
        assert_eq!(Domains::of_document(&Value::Null), Domains::default(), "nothing is written");
    }

    #[test]
    fn what_was_told_once_is_remembered_until_it_is_told_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = || Domains::default().with_remembered(folder.path()).unwrap();
        assert_eq!(nothing(), Domains::default(), "a folder that never heard of domains");
        configured().remember(folder.path()).unwrap();
        assert_eq!(nothing(), configured());
        let later = Domains::of_document(&json!({"tenants": [
            {"name": "acme", "provider": "auth0", "sources": {"poll": {"domain": "acme.us.auth0.com"}}},
            {"name": "globex", "provider": "auth0", "sources": {"stream": {}}},
        ]}));
        later.with_remembered(folder.path()).unwrap().remember(folder.path()).unwrap();
        check(&nothing(), &id("auth0", "acme", "stream"), Some("acme.us.auth0.com"));
        check(&nothing(), &id("auth0", "globex", "second"), None);
        Domains::of_document(&json!({"tenants": []}))
            .with_remembered(folder.path())
            .unwrap()
            .remember(folder.path())
            .unwrap();
        check(&nothing(), &id("auth0", "acme", "import"), Some("acme.us.auth0.com"));
    }

    #[test]
    fn a_damaged_file_is_named_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(&path, "{\"auth0\": 5}").unwrap();
        let told = configured().with_remembered(folder.path()).unwrap_err().to_string();
        assert!(told.contains("domains.json") && told.contains("hint"), "{told}");
        assert!(configured().remember(folder.path()).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"auth0\": 5}");
    }
}
