//! `/api/v1/tenants` and `/api/v1/sources`: tenants and their sources, added, changed, tested, paused, rotated and removed.
//! Deliberately absent: keeping and running them (`Applications`).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use http::header::HOST;
use http::{Request, StatusCode};
use model::{Secret, SourceId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Audited, peer_in};
use crate::api::Shared;
use crate::applications::{
    ApplicationError, Checks, MadeSource, Rotation, ShownTenant, TenantDraft, TenantTest,
};
use crate::ingest::PREFIX;
use crate::json_body::read_json;
use crate::peer::{Peer, Reach};
use crate::people::unreadable;
use crate::problem::HttpProblem;

/// The longest for which an earlier secret is accepted: a month.
const KEEP_OLD_HOURS_MAX: u32 = 720;

/// Every tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tenants {
    /// The address under which providers reach this server, as configured, without a slash at its end. If it is null, the
    /// addresses of sources begin with the one by which this was asked.
    pub(crate) public_url: Option<String>,
    pub(crate) tenants: Vec<ShownTenant>,
}

/// What is told once of sources that are told events.
#[derive(Serialize, ToSchema)]
pub(crate) struct Made {
    /// The address to paste at the provider: that of the first source.
    pub(crate) url: Option<String>,
    /// The secret to paste at the provider, if it was made here.
    pub(crate) secret: Option<String>,
    /// The same of each source.
    pub(crate) sources: Vec<MadeEntry>,
}

/// Address and secret of one source.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeEntry {
    pub(crate) source: String,
    pub(crate) url: String,
    pub(crate) secret: Option<String>,
}

/// A secret that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct Rotated {
    pub(crate) secret: Option<String>,
}

/// `GET /api/v1/tenants`
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Json<Tenants> {
    let base = base_of(&shared, &request);
    let mut tenants = shared.applications.tenants();
    for source in tenants.iter_mut().flat_map(|tenant| &mut tenant.sources) {
        source.url = source.url.take().map(|path| format!("{base}{path}"));
    }
    Json(Tenants { public_url: shared.public_url.clone(), tenants })
}

/// `POST /api/v1/tenants`
pub(crate) async fn add(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<(StatusCode, Extension<Audited>, Json<Made>), HttpProblem> {
    let base = base_of(&shared, &request);
    let draft: TenantDraft = read_json(&shared, request).await?;
    let audited = audited(&draft);
    let made = shared.applications.add_tenant(draft).await?;
    Ok((StatusCode::CREATED, Extension(audited), Json(told(&base, made))))
}

/// `PUT /api/v1/tenants/{provider}/{tenant}`
pub(crate) async fn change(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request<Body>,
) -> Result<(Extension<Audited>, Json<Made>), HttpProblem> {
    let Path((provider, name)) = path.map_err(unreadable)?;
    let base = base_of(&shared, &request);
    let mut draft: TenantDraft = read_json(&shared, request).await?;
    let is_same = |written: &str, meant: &str| written.is_empty() || written == meant;
    if !is_same(&draft.provider, &provider) || !is_same(&draft.name, &name) {
        let detail = "provider and name are part of every event, and do not change";
        return Err(HttpProblem::new(StatusCode::BAD_REQUEST, "invalid", detail)
            .hint("add another tenant, and remove this one"));
    }
    (draft.provider, draft.name) = (provider, name);
    let audited = audited(&draft);
    let made = shared.applications.change_tenant(draft).await?;
    Ok((Extension(audited), Json(told(&base, made))))
}

/// `DELETE /api/v1/tenants/{provider}/{tenant}`
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<StatusCode, HttpProblem> {
    let Path((provider, name)) = path.map_err(unreadable)?;
    shared.applications.remove_tenant(provider, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/tenants/test`
pub(crate) async fn test(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<Checks>, HttpProblem> {
    let wanted: TenantTest = read_json(&shared, request).await?;
    Ok(Json(Checks { checks: shared.applications.test_tenant(wanted).await? }))
}

type SourcePath = Result<Path<(String, String, String)>, PathRejection>;

/// `POST /api/v1/sources/{provider}/{tenant}/{source}/pause`
pub(crate) async fn pause(
    State(shared): State<Arc<Shared>>,
    path: SourcePath,
) -> Result<StatusCode, HttpProblem> {
    shared.applications.pause_source(source_id(path)?, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/sources/{provider}/{tenant}/{source}/resume`
pub(crate) async fn resume(
    State(shared): State<Arc<Shared>>,
    path: SourcePath,
) -> Result<StatusCode, HttpProblem> {
    shared.applications.pause_source(source_id(path)?, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/sources/{provider}/{tenant}/{source}/rotate`
pub(crate) async fn rotate(
    State(shared): State<Arc<Shared>>,
    path: SourcePath,
    request: Request<Body>,
) -> Result<Json<Rotated>, HttpProblem> {
    let source = source_id(path)?;
    let wanted: Rotation = read_json(&shared, request).await?;
    if wanted.keep_old_hours > KEEP_OLD_HOURS_MAX {
        let message = format!("must be at most {KEEP_OLD_HOURS_MAX}");
        let problem = model::Problem::new("keep_old_hours", message, "a month is the longest");
        return Err(ApplicationError::Wrong(vec![problem]).into());
    }
    let made = shared.applications.rotate_source(source, wanted).await?;
    Ok(Json(Rotated { secret: made.as_ref().map(shown) }))
}

fn source_id(path: SourcePath) -> Result<SourceId, HttpProblem> {
    let Path((provider, tenant, source)) = path.map_err(unreadable)?;
    Ok(SourceId { provider, tenant, source })
}

fn audited(draft: &TenantDraft) -> Audited {
    let sources: Vec<&str> = draft.sources.keys().map(String::as_str).collect();
    Audited {
        object: format!("/api/v1/tenants/{}/{}", draft.provider, draft.name),
        detail: format!("sources {}", sources.join(", ")),
    }
}

fn told(base: &str, made: Vec<MadeSource>) -> Made {
    let entry = |made: MadeSource| MadeEntry {
        url: format!("{base}{PREFIX}{}", made.source),
        source: made.source.to_string(),
        secret: made.secret.as_ref().map(shown),
    };
    let sources: Vec<MadeEntry> = made.into_iter().map(entry).collect();
    let first = sources.first();
    Made {
        url: first.map(|first| first.url.clone()),
        secret: first.and_then(|first| first.secret.clone()),
        sources,
    }
}

/// The one time that it is told.
fn shown(secret: &Secret) -> String {
    secret.expose().to_owned()
}

/// What push addresses begin with: the configured address; without one, how the server was addressed by whoever asks.
fn base_of(shared: &Shared, request: &Request<Body>) -> String {
    if let Some(public) = &shared.public_url {
        return public.clone();
    }
    let host = request.uri().authority().map(|authority| authority.as_str());
    let header = || request.headers().get(HOST).and_then(|value| value.to_str().ok());
    address(host.or_else(header), peer_in(request.extensions()))
}

fn address(host: Option<&str>, peer: Peer) -> String {
    let is_plain = !peer.tls && peer.reach != Reach::Proxied;
    let scheme = if is_plain { "http" } else { "https" };
    host.map_or_else(String::new, |host| format!("{scheme}://{host}"))
}
