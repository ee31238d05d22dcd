//! What a destination that was written over the network may do with the identity of this machine: a managed identity speaks
//! to Microsoft's own hosts alone, and no file of the server is sent as a proof of identity. Otherwise whoever may add a
//! destination would be sent the machine's tokens, and its files, at an address of his choice.
//! Deliberately absent: destinations of the configuration file, whose writer has the machine anyway.

use destinations::{Credential, Destination, Parcel};
use model::{Problem, Timestamp};
use net::{Cloud, EntraCredential, EntraIdentity};
use url::Url;

/// What to do instead.
const HINT: &str = "use an app registration, or write the destination into the configuration file";

/// What a destination would tell others of this machine, one problem each.
pub(super) fn problems(destination: &dyn Destination) -> Vec<Problem> {
    let mut found = Vec::new();
    if let Credential::Entra(credential) = destination.credential() {
        let url = destination.request(&Parcel::default(), None, Timestamp::UNIX_EPOCH).url;
        found.extend(problem(&credential, &url));
    }
    if let Some(read_back) = destination.read_back() {
        let problem = problem(&read_back.credential, read_back.url());
        found.extend(problem.map(|problem| problem.under("read_back")));
    }
    found
}

fn problem(credential: &EntraCredential, url: &Url) -> Option<Problem> {
    let clouds = || Cloud::NAMES.into_iter().map(|(_, cloud)| cloud);
    match credential.identity {
        EntraIdentity::ClientSecret { .. } => None,
        EntraIdentity::Workload { .. } => {
            let message =
                "would read a file of this server, which only its configuration file may name";
            Some(Problem::new("identity", message, HINT))
        }
        EntraIdentity::Managed { .. } => {
            let is_usual = clouds().any(|cloud| {
                let audiences = [cloud.monitor_audience(), cloud.logs_query_audience()];
                cloud.authority() == credential.authority
                    && audiences.contains(&credential.audience.as_str())
            });
            (!is_usual || !clouds().any(|cloud| is_of(cloud, url))).then(|| {
                let message =
                    "is this machine's own, whose tokens go to Azure's own addresses only";
                Problem::new("identity", message, HINT)
            })
        }
    }
}

/// Whether Azure Monitor itself answers there: where logs are ingested, or asked.
fn is_of(cloud: Cloud, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let without_scheme = |address: &'static str| address.trim_start_matches("https://");
    let before = host.strip_suffix(without_scheme(cloud.monitor_audience()));
    let is_known = host == without_scheme(cloud.logs_query_endpoint())
        || before.is_some_and(|before| before.ends_with(".ingest."));
    url.scheme() == "https" && is_known
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::config;

    /// The paths of what is refused.
    fn refused(changes: Value) -> Vec<String> {
        let mut written = json!({
            "name": "sentinel", "kind": "azure_logs_ingestion", "identity": "managed",
            "endpoint": "https://x-ab12.westeurope-1.ingest.monitor.azure.com",
            "dcr_immutable_id": "dcr-0123456789abcdef0123456789abcdef",
        });
        for (name, value) in changes.as_object().unwrap() {
            written[name] = value.clone();
        }
        let in_file = config::validate(&json!({ "destinations": [written] }));
        assert!(in_file.is_ok(), "the configuration file may say it: {written}");
        let problems = config::destination(&written).err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn the_machines_identity_goes_to_azure_alone_unless_the_file_says_so() {
        let workspace = "33333333-3333-3333-3333-333333333333";
        let read_back = |more: Value| {
            let mut fields = json!({ "workspace_id": workspace });
            for (name, value) in more.as_object().unwrap() {
                fields[name] = value.clone();
            }
            json!({ "read_back": fields })
        };
        let secret = json!({"kind": "client_secret", "tenant_id": "t", "client_id": "c", "client_secret": "s"});
        let workload = json!({"kind": "workload", "tenant_id": "t", "client_id": "c", "token_file": "/etc/passwd"});
        let elsewhere = "https://collector.example.com";
        for (changes, expected) in [
            (json!({}), &[][..]),
            (json!({"identity": {"kind": "managed", "client_id": "c"}}), &[]),
            (json!({"endpoint": "https://x.ingest.monitor.azure.us", "cloud": "usgov"}), &[]),
            (read_back(json!({})), &[]),
            (json!({ "endpoint": elsewhere }), &["identity"]),
            (json!({"endpoint": "https://ingest.monitor.azure.com.example.com"}), &["identity"]),
            (json!({"endpoint": "https://evilingest.monitor.azure.com"}), &["identity"]),
            (json!({"audience": "https://vault.azure.net"}), &["identity"]),
            (json!({ "authority": elsewhere }), &["identity"]),
            (read_back(json!({ "endpoint": elsewhere })), &["read_back.identity"]),
            (read_back(json!({"audience": "https://vault.azure.net"})), &["read_back.identity"]),
            (json!({ "identity": workload }), &["identity"]),
            (json!({ "identity": secret, "endpoint": elsewhere, "authority": elsewhere }), &[]),
        ] {
            assert_eq!(refused(changes.clone()), expected, "{changes}");
        }
    }
}
