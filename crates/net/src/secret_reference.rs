//! Finds, in a configuration, the places where a secret is named instead of written: `{file: PATH}`, `{env: NAME}`,
//! `{keyvault: ADDRESS}` and the `@Microsoft.KeyVault(…)` of App Service settings, whose forms are on Microsoft's page "Use
//! Key Vault references as app settings". Deliberately absent: fetching what is named (`secret_resolver`).

use model::Problem;
use serde_json::Value;
use url::Url;

use crate::{Cloud, is_https_or_loopback};

/// What every App Service reference begins with, in lower case.
const APP_SERVICE_PREFIX: &str = "@microsoft.keyvault(";

const FORMS: &str = "write @Microsoft.KeyVault(SecretUri=https://VAULT.vault.azure.net/secrets/NAME) or \
                     @Microsoft.KeyVault(VaultName=VAULT;SecretName=NAME), and nothing before or after it";

/// Where a secret is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    /// The content of a file.
    File(String),
    /// A variable of the environment.
    Env(String),
    /// A secret of a vault.
    Vault(VaultSecret),
}

/// A secret of a Key Vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VaultSecret {
    /// The address that is asked.
    pub(crate) url: Url,
    /// Its name, for messages.
    pub(crate) name: String,
    /// Whom the token must be for. Follows from the vault's domain: a token is never sent to a host that it is not for.
    pub(crate) audience: String,
}

/// A reference and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// As people write it: `tenants[0].client_secret`.
    pub(crate) path: String,
    /// As RFC 6901 writes it: `/tenants/0/client_secret`.
    pub(crate) pointer: String,
    pub(crate) reference: Reference,
}

/// All references in `written`, and those that are not well formed.
pub(crate) fn find(written: &Value, cloud: Cloud) -> (Vec<Found>, Vec<Problem>) {
    let mut search = Search { cloud, found: Vec::new(), problems: Vec::new() };
    search.visit(written, String::new(), String::new());
    (search.found, search.problems)
}

struct Search {
    cloud: Cloud,
    found: Vec<Found>,
    problems: Vec<Problem>,
}

impl Search {
    fn visit(&mut self, value: &Value, path: String, pointer: String) {
        match recognise(value, self.cloud) {
            Some(Ok(reference)) => self.found.push(Found { path, pointer, reference }),
            Some(Err(message)) => self.problems.push(Problem::new(path, message, FORMS)),
            None => match value {
                Value::Object(fields) => {
                    for (name, inner) in fields {
                        let dot = if path.is_empty() { "" } else { "." };
                        let escaped = name.replace('~', "~0").replace('/', "~1");
                        self.visit(
                            inner,
                            format!("{path}{dot}{name}"),
                            format!("{pointer}/{escaped}"),
                        );
                    }
                }
                Value::Array(items) => {
                    for (index, inner) in items.iter().enumerate() {
                        self.visit(inner, format!("{path}[{index}]"), format!("{pointer}/{index}"));
                    }
                }
                _ => {}
            },
        }
    }
}

/// The reference that `value` is; `None` if it is none, an error if it was meant to be one.
fn recognise(value: &Value, cloud: Cloud) -> Option<Result<Reference, String>> {
    match value {
        Value::String(text) => app_service(text, cloud),
        Value::Object(fields) if fields.len() == 1 => {
            let (kind, place) = fields.iter().next()?;
            let place = place.as_str()?.trim();
            match kind.as_str() {
                "file" => Some(Ok(Reference::File(place.to_owned()))),
                "env" => Some(Ok(Reference::Env(place.to_owned()))),
                "keyvault" => Some(secret_address(place).map(Reference::Vault)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn app_service(text: &str, cloud: Cloud) -> Option<Result<Reference, String>> {
    let lower = text.to_ascii_lowercase();
    if !lower.contains(APP_SERVICE_PREFIX.trim_end_matches('(')) {
        return None;
    }
    let text = text.trim();
    let inner = text
        .get(APP_SERVICE_PREFIX.len()..)
        .filter(|_| lower.trim().starts_with(APP_SERVICE_PREFIX))
        .and_then(|rest| rest.strip_suffix(')'));
    Some(match inner {
        Some(inner) => settings(inner, cloud).map(Reference::Vault),
        None => Err("is not a whole Key Vault reference".to_owned()),
    })
}

/// `SecretUri=…` or `VaultName=…;SecretName=…[;SecretVersion=…]`, the names in any case and order.
fn settings(inner: &str, cloud: Cloud) -> Result<VaultSecret, String> {
    let (mut uri, mut vault, mut name, mut version) = (None, None, None, None);
    for setting in inner.split(';').filter(|setting| !setting.trim().is_empty()) {
        let (key, value) =
            setting.split_once('=').ok_or("a setting of the Key Vault reference has no value")?;
        let place = match key.trim().to_ascii_lowercase().as_str() {
            "secreturi" => &mut uri,
            "vaultname" => &mut vault,
            "secretname" => &mut name,
            "secretversion" => &mut version,
            _ => return Err("the Key Vault reference has an unknown setting".to_owned()),
        };
        if place.replace(value.trim()).is_some() {
            return Err("the Key Vault reference has a setting twice".to_owned());
        }
    }
    match (uri, vault, name, version) {
        (Some(uri), None, None, None) => secret_address(uri),
        (None, Some(vault), Some(name), version) => {
            if !is_name(vault) {
                return Err(
                    "the Key Vault reference has a vault name that is not possible".to_owned()
                );
            }
            let version = version.filter(|version| !version.is_empty());
            let path =
                version.map_or_else(|| name.to_owned(), |version| format!("{name}/{version}"));
            secret_address(&format!("https://{vault}.{}/secrets/{path}", cloud.vault_domain()))
        }
        _ => Err("the Key Vault reference is not complete".to_owned()),
    }
}

/// `https://VAULT.vault.azure.net/secrets/NAME[/VERSION]`, with or without a final slash.
fn secret_address(text: &str) -> Result<VaultSecret, String> {
    let mut url = Url::parse(text).map_err(|_| "the Key Vault address is not an address")?;
    let audience = audience(&url).ok_or("the Key Vault address is not on a Key Vault's domain")?;
    let segments: Vec<&str> =
        url.path_segments().into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let ("secrets", [name, version @ ..]) =
        (segments.first().copied().unwrap_or_default(), segments.get(1..).unwrap_or_default())
    else {
        return Err("the Key Vault address does not name a secret".to_owned());
    };
    if !is_name(name) || version.len() > 1 || !version.iter().all(|version| is_name(version)) {
        return Err("the Key Vault address does not name a secret".to_owned());
    }
    let (name, path) = ((*name).to_owned(), format!("/{}", segments.join("/")));
    url.set_path(&path);
    url.set_query(Some("api-version=7.4"));
    url.set_fragment(None);
    Ok(VaultSecret { url, name, audience })
}

fn audience(url: &Url) -> Option<String> {
    if !is_https_or_loopback(url) || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let host = url.host_str()?.to_ascii_lowercase();
    let domain = Cloud::NAMES
        .iter()
        .map(|(_, cloud)| cloud.vault_domain())
        .find(|domain| host.strip_suffix(domain).is_some_and(|vault| vault.ends_with('.')));
    match domain {
        Some(domain) if url.scheme() == "https" => Some(format!("https://{domain}")),
        // A stand-in on this machine.
        None if url.scheme() == "http" => Some(format!("https://{}", Cloud::Public.vault_domain())),
        _ => None,
    }
}

/// Vaults, secrets and versions are named with letters, digits and hyphens.
fn is_name(text: &str) -> bool {
    (1..=127).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(written: &Value, expected: &str) {
        let (found, problems) = find(written, Cloud::Public);
        let found = found.iter().map(|found| {
            let place = match &found.reference {
                Reference::File(path) => format!("file {path}"),
                Reference::Env(name) => format!("env {name}"),
                Reference::Vault(secret) => format!("{} for {}", secret.url, secret.audience),
            };
            format!("{} = {place}", found.path)
        });
        let problems =
            problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message));
        assert_eq!(found.chain(problems).collect::<Vec<_>>().join("\n"), expected);
    }

    #[test]
    fn references_are_found_wherever_they_stand() {
        check(
            &json!({
                "tenants": [{"poll": {"client_secret": {"file": "/run/secrets/a"}, "domain": "x"}}],
                "tokens": [{"env": "TOKEN"}, "plain"],
                "storage": {"file": "a", "mode": "b"},
                "odd": {"file": 5},
            }),
            "tenants[0].poll.client_secret = file /run/secrets/a\ntokens[0] = env TOKEN",
        );
    }

    #[test]
    fn every_form_of_a_vault_reference_is_read() {
        let latest = "s = https://v1.vault.azure.net/secrets/name?api-version=7.4 for https://vault.azure.net";
        let version = "s = https://v1.vault.azure.net/secrets/name/ec96?api-version=7.4 for https://vault.azure.net";
        for (written, expected) in [
            ("@Microsoft.KeyVault(SecretUri=https://v1.vault.azure.net/secrets/name/)", latest),
            ("@Microsoft.KeyVault(SecretUri=https://v1.vault.azure.net/secrets/name)", latest),
            (
                "@Microsoft.KeyVault(SecretUri=https://v1.vault.azure.net/secrets/name/ec96)",
                version,
            ),
            ("@Microsoft.KeyVault(VaultName=v1;SecretName=name)", latest),
            ("@microsoft.keyvault( secretname = name ; VAULTNAME = v1 ; )", latest),
            ("@Microsoft.KeyVault(VaultName=v1;SecretName=name;SecretVersion=ec96)", version),
            ("@Microsoft.KeyVault(VaultName=v1;SecretName=name;SecretVersion=)", latest),
        ] {
            check(&json!({ "s": written }), expected);
        }
        check(&json!({"s": {"keyvault": "https://v1.vault.azure.net/secrets/name"}}), latest);
        check(
            &json!({"s": {"keyvault": "https://v1.vault.usgovcloudapi.net/secrets/n"}}),
            "s = https://v1.vault.usgovcloudapi.net/secrets/n?api-version=7.4 for https://vault.usgovcloudapi.net",
        );
        check(
            &json!({"s": {"keyvault": "http://127.0.0.1:9/secrets/n"}}),
            "s = http://127.0.0.1:9/secrets/n?api-version=7.4 for https://vault.azure.net",
        );
    }

    #[test]
    fn what_was_meant_as_a_reference_is_never_taken_literally() {
        for written in [
            "@Microsoft.KeyVault()",
            "@Microsoft.KeyVault",
            "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/n",
            "x@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/n)",
            "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/n) ,",
            "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/keys/n)",
            "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/n/v/w)",
            "@Microsoft.KeyVault(SecretUri=http://v.vault.azure.net/secrets/n)",
            "@Microsoft.KeyVault(SecretUri=https://vault.azure.net.evil.example/secrets/n)",
            "@Microsoft.KeyVault(SecretUri=https://evilvault.azure.net/secrets/n)",
            "@Microsoft.KeyVault(SecretUri=https://a:b@v.vault.azure.net/secrets/n)",
            "@Microsoft.KeyVault(VaultName=v)",
            "@Microsoft.KeyVault(VaultName=evil.example/x;SecretName=n)",
            "@Microsoft.KeyVault(VaultName=v;SecretName=../n)",
            "@Microsoft.KeyVault(VaultName=v;SecretName=n;Nonsense=1)",
            "@Microsoft.KeyVault(VaultName=v;SecretName=n;SecretName=m)",
            "@Microsoft.KeyVault(nonsense)",
        ] {
            let (found, problems) = find(&json!([written]), Cloud::Public);
            assert_eq!((found.len(), problems.len()), (0, 1), "{written}");
            assert_eq!(problems[0].path, "[0]");
            assert!(!problems[0].message.contains("evil"), "{written}");
        }
        let (found, problems) = find(&json!({"s": {"keyvault": "name"}}), Cloud::Public);
        assert_eq!((found.len(), problems.len()), (0, 1));
    }
}
