//! The environment of the tools that doorledger replaces, read as a configuration: set the same variables, start the
//! same job. Known are Microsoft's Auth0 function (`DOMAIN CLIENT_ID CLIENT_SECRET WorkspaceID WorkspaceKey
//! logAnalyticsUri`), the Auth0 extension of the seed article (`LOGANALYTICS_WORKSPACEID LOGANALYTICS_WORKSPACEKEY
//! LOGANALYTICS_NAMESPACE`) and Microsoft's OneLogin function (`OneLoginBearerToken`).
//!
//! Deliberately absent: reading the process's environment (the caller gives a closure) and secrets' values: they enter
//! as `{env: NAME}` and are resolved like everybody's, so that Key Vault references work here too.

use serde_json::{Map, Value, json};

/// What the environment configures; `None` if none of the variables is set.
pub(crate) fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> Option<Value> {
    let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let mut tenants = Vec::new();
    if let Some(domain) = get("DOMAIN") {
        tenants.push(json!({
            "name": tenant_name(&domain),
            "provider": "auth0",
            "sources": {"poll": {
                "domain": domain, "client_id": {"env": "CLIENT_ID"}, "client_secret": {"env": "CLIENT_SECRET"},
            }},
        }));
    }
    if get("OneLoginBearerToken").is_some() {
        tenants.push(json!({
            "name": "onelogin", "provider": "onelogin",
            "sources": {"webhook": {"tokens": [{"env": "OneLoginBearerToken"}]}},
        }));
    }
    let destination = data_collector(&get);
    if tenants.is_empty() && destination.is_none() {
        return None;
    }
    let mut document = Map::new();
    document.insert("tenants".to_owned(), Value::Array(tenants));
    document.insert("destinations".to_owned(), Value::Array(destination.into_iter().collect()));
    Some(Value::Object(document))
}

fn data_collector(get: &dyn Fn(&str) -> Option<String>) -> Option<Value> {
    let pairs = [
        ("WorkspaceID", "WorkspaceKey"),
        ("LOGANALYTICS_WORKSPACEID", "LOGANALYTICS_WORKSPACEKEY"),
    ];
    let (id, key) = pairs.into_iter().find(|(id, _)| get(id).is_some())?;
    let mut destination = json!({
        "kind": "azure_data_collector", "workspace_id": {"env": id}, "shared_key": {"env": key},
    });
    if get("logAnalyticsUri").is_some() {
        destination["log_analytics_uri"] = json!({"env": "logAnalyticsUri"});
    }
    if get("LOGANALYTICS_NAMESPACE").is_some() {
        destination["log_type"] = json!({"env": "LOGANALYTICS_NAMESPACE"});
    }
    Some(destination)
}

/// `https://acme.eu.auth0.com/` → `acme.eu.auth0.com`.
fn tenant_name(domain: &str) -> String {
    let host = domain.trim().trim_start_matches("https://").trim_start_matches("http://");
    let host = host.split(['/', ':']).next().unwrap_or_default();
    host.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(set: &[(&str, &str)], expected: Option<Value>) {
        let variable =
            |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(from_environment(&variable), expected, "{set:?}");
    }

    #[test]
    fn the_function_of_auth0() {
        check(
            &[
                ("DOMAIN", "https://acme.eu.auth0.com"),
                ("CLIENT_ID", "c"),
                ("CLIENT_SECRET", "s"),
                ("WorkspaceID", "w"),
                ("WorkspaceKey", "k"),
                ("logAnalyticsUri", ""),
            ],
            Some(json!({
                "tenants": [{"name": "acme.eu.auth0.com", "provider": "auth0", "sources": {"poll": {
                    "domain": "https://acme.eu.auth0.com",
                    "client_id": {"env": "CLIENT_ID"}, "client_secret": {"env": "CLIENT_SECRET"},
                }}}],
                "destinations": [{"kind": "azure_data_collector",
                    "workspace_id": {"env": "WorkspaceID"}, "shared_key": {"env": "WorkspaceKey"}}],
            })),
        );
    }

    #[test]
    fn the_extension_and_the_function_of_onelogin() {
        check(
            &[
                ("OneLoginBearerToken", "t"),
                ("LOGANALYTICS_WORKSPACEID", "w"),
                ("LOGANALYTICS_WORKSPACEKEY", "k"),
                ("LOGANALYTICS_NAMESPACE", "auth0"),
            ],
            Some(json!({
                "tenants": [{"name": "onelogin", "provider": "onelogin",
                    "sources": {"webhook": {"tokens": [{"env": "OneLoginBearerToken"}]}}}],
                "destinations": [{"kind": "azure_data_collector",
                    "workspace_id": {"env": "LOGANALYTICS_WORKSPACEID"},
                    "shared_key": {"env": "LOGANALYTICS_WORKSPACEKEY"},
                    "log_type": {"env": "LOGANALYTICS_NAMESPACE"}}],
            })),
        );
    }

    #[test]
    fn nothing_set_is_nothing_configured() {
        check(&[("DOMAIN", " "), ("HOME", "/root")], None);
    }
}
