//! `/api/v1/users`, `/api/v1/tokens` and `/api/v1/audit`: what administrators manage. Deliberately absent: keeping it
//! (`Accounts`), signing in (`session`), and tokens of the configuration file, which stay there.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use http::{Request, StatusCode};
use model::{ApiToken, AuditEntry, Person, Role, Secret, SignedDuration};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::Audited;
use crate::api::Shared;
use crate::json_body::read_json;
use crate::problem::HttpProblem;
use crate::session::busy;

/// Days at most for which a token is made.
const TOKEN_DAYS_MAX: u32 = 3_650;
/// Entries of one page of the audit trail at most.
const PAGE_ENTRIES_MAX: usize = 1_000;
/// Entries of a page unless the request says otherwise.
const PAGE_ENTRIES: usize = 100;

/// Everybody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct People {
    /// By name.
    pub(crate) users: Vec<Person>,
}

/// A person to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    /// The name under which the person signs in.
    pub(crate) name: String,
    /// What the person may do.
    pub(crate) role: Role,
    /// The first password; at least twelve characters.
    pub(crate) password: Secret,
}

/// What is to be changed of a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonChange {
    /// What the person may do from now on.
    #[serde(default)]
    pub(crate) role: Option<Role>,
    /// Another password. It ends all sessions of the person.
    #[serde(default)]
    pub(crate) password: Option<Secret>,
}

/// Every token that was made by an administrator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// By name.
    pub(crate) tokens: Vec<ManagedToken>,
}

/// A token, without the token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct ManagedToken {
    /// What is known of it.
    #[serde(flatten)]
    pub(crate) token: ApiToken,
    /// Where it is managed: always `registry`.
    pub(crate) managed: &'static str,
}

impl From<ApiToken> for ManagedToken {
    fn from(token: ApiToken) -> Self {
        Self { token, managed: "registry" }
    }
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// What it is for.
    pub(crate) name: String,
    /// What its bearer may do.
    pub(crate) role: Role,
    /// For how many days; without end if null.
    #[serde(default)]
    pub(crate) expires_days: Option<u32>,
}

/// A token that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeToken {
    /// The token itself, which is told this once.
    pub(crate) token: String,
    /// What is known of it.
    #[serde(flatten)]
    pub(crate) about: ApiTokenAbout,
}

/// What is known of a token that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MadeTokenAbout)]
pub(crate) struct ApiTokenAbout {
    /// By which it is removed.
    pub(crate) id: String,
    /// What it is for.
    pub(crate) name: String,
    /// What its bearer may do.
    pub(crate) role: Role,
    /// From when on it is not admitted any more; never if null.
    #[schema(required)]
    pub(crate) expires: Option<model::Timestamp>,
}

/// Which part of the audit trail.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditPage {
    /// Only entries before that of this number.
    #[serde(default)]
    pub(crate) before: Option<u64>,
    /// Entries at most.
    #[serde(default)]
    pub(crate) limit: Option<usize>,
}

/// A part of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Audit {
    /// The newest first.
    pub(crate) entries: Vec<AuditEntry>,
}

/// `GET /api/v1/users`
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<People>, HttpProblem> {
    Ok(Json(People { users: shared.accounts.people().await? }))
}

type Changed<T> = Result<(StatusCode, Extension<Audited>, Json<T>), HttpProblem>;

/// `POST /api/v1/users`
pub(crate) async fn add(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Changed<Person> {
    let NewPerson { name, role, password } = read_json(&shared, request).await?;
    let _place = shared.sign_ins.take(1).ok_or_else(busy)?;
    let person = shared.accounts.add_person(name, role, password).await?;
    let audited = Audited {
        object: format!("/api/v1/users/{}", person.name),
        detail: format!("role {}", person.role),
    };
    Ok((StatusCode::CREATED, Extension(audited), Json(person)))
}

/// `PUT /api/v1/users/{name}`
pub(crate) async fn change(
    State(shared): State<Arc<Shared>>,
    name: Result<Path<String>, PathRejection>,
    request: Request<Body>,
) -> Changed<Person> {
    let Path(name) = name.map_err(unreadable)?;
    let PersonChange { role, password } = read_json(&shared, request).await?;
    let _place = shared.sign_ins.take(1).ok_or_else(busy)?;
    let mut changes = Vec::new();
    changes.extend(role.map(|role| format!("role {role}")));
    changes.extend(password.is_some().then(|| "password".to_owned()));
    let person = shared.accounts.change_person(name, role, password).await?;
    let object = format!("/api/v1/users/{}", person.name);
    let audited = Audited { object, detail: changes.join(", ") };
    Ok((StatusCode::OK, Extension(audited), Json(person)))
}

/// `DELETE /api/v1/users/{name}`
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, HttpProblem> {
    let Path(name) = name.map_err(unreadable)?;
    shared.accounts.remove_person(name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/tokens`
pub(crate) async fn tokens(State(shared): State<Arc<Shared>>) -> Result<Json<Tokens>, HttpProblem> {
    let tokens = shared.accounts.tokens().await?;
    Ok(Json(Tokens { tokens: tokens.into_iter().map(ManagedToken::from).collect() }))
}

/// `POST /api/v1/tokens`
pub(crate) async fn add_token(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Changed<MadeToken> {
    let NewToken { name, role, expires_days } = read_json(&shared, request).await?;
    let life = match expires_days {
        None => None,
        Some(days @ 1..=TOKEN_DAYS_MAX) => Some(SignedDuration::from_hours(24 * i64::from(days))),
        Some(_) => {
            let detail = format!("expires_days must be between 1 and {TOKEN_DAYS_MAX}");
            return Err(invalid(detail));
        }
    };
    let (made, secret) = shared.accounts.add_token(name, role, life).await?;
    let audited = Audited {
        object: format!("/api/v1/tokens/{}", made.id),
        detail: format!("{}, role {}", made.name, made.role),
    };
    let ApiToken { id, name, role, expires, .. } = made;
    let about = ApiTokenAbout { id, name, role, expires };
    let made = MadeToken { token: secret.expose().to_owned(), about };
    Ok((StatusCode::CREATED, Extension(audited), Json(made)))
}

/// `DELETE /api/v1/tokens/{id}`
pub(crate) async fn remove_token(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, HttpProblem> {
    let Path(id) = id.map_err(unreadable)?;
    shared.accounts.remove_token(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/audit`
pub(crate) async fn audit(
    State(shared): State<Arc<Shared>>,
    page: Result<Query<AuditPage>, QueryRejection>,
) -> Result<Json<Audit>, HttpProblem> {
    let Query(page) = page.map_err(|error| invalid(error.body_text()))?;
    let limit = page.limit.unwrap_or(PAGE_ENTRIES);
    if limit == 0 || limit > PAGE_ENTRIES_MAX {
        return Err(invalid(format!("limit must be between 1 and {PAGE_ENTRIES_MAX}")));
    }
    Ok(Json(Audit { entries: shared.accounts.audit(page.before, limit).await? }))
}

fn invalid(detail: impl Into<String>) -> HttpProblem {
    HttpProblem::new(StatusCode::BAD_REQUEST, "invalid", detail)
}

/// A part of the path is no text.
pub(crate) fn unreadable(error: PathRejection) -> HttpProblem {
    invalid(error.body_text())
}
