//! `GET /secrets/{name}` of a Key Vault. Deliberately absent: everything else that a vault holds and does.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::Azure;
use super::answers::refusal;
use crate::server::json_answer;

const AUDIENCES: &[&str] =
    &["https://vault.azure.net", "https://vault.usgovcloudapi.net", "https://vault.azure.cn"];

/// Answers `GET /secrets/{name}/{version}` for any version.
pub(super) async fn versioned(
    azure: State<Arc<Azure>>,
    Path((name, _version)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    current(azure, Path(name), headers).await
}

/// Answers `GET /secrets/{name}`.
pub(super) async fn current(
    State(azure): State<Arc<Azure>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Err(message) = azure.authorized(&headers, AUDIENCES) {
        let mut response = refusal(StatusCode::UNAUTHORIZED, "Unauthorized", message);
        let challenge = format!(
            "Bearer authorization=\"https://login.microsoftonline.com/{}\", \
             resource=\"https://vault.azure.net\"",
            azure.options.tenant_id
        );
        if let Ok(challenge) = HeaderValue::try_from(challenge) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        return response;
    }
    match azure.options.vault.get(&name) {
        Some(secret) => json_answer(
            StatusCode::OK,
            &json!({
                "value": secret.expose(),
                "id": format!("https://simulated.vault.azure.net/secrets/{name}/0001"),
                "attributes": { "enabled": true },
            }),
        ),
        None => {
            let message =
                format!("A secret with (name/id) {name} was not found in this key vault.");
            refusal(StatusCode::NOT_FOUND, "SecretNotFound", &message)
        }
    }
}
