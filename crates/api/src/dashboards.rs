//! `/api/v1/dashboards`: those that come with the program, which nobody changes, and those that people saved. A document is
//! read and written whole; what it must hold is checked here, so that no page has to doubt it.
//! Deliberately absent: keeping them (`Saved`), workbooks of others (`workbooks`), and drawing.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header::{ETAG, IF_MATCH};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use model::{SavedDashboard, Timestamp};
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::access::Audited;
use crate::api::Shared;
use crate::json_body::read_json;
use crate::people::unreadable;
use crate::problem::HttpProblem;
use crate::workbooks;

/// Tiles of one dashboard at most.
const TILES_MAX: usize = 200;
/// Parameters of one dashboard at most.
const PARAMETERS_MAX: usize = 50;
/// Columns of the grid.
const GRID_COLUMNS: u32 = 24;
/// Rows of the grid down to which a tile may reach.
const GRID_ROWS_MAX: u32 = 10_000;
/// Bytes of one dashboard at most.
const DOCUMENT_BYTES_MAX: usize = 512 * 1024;

/// The dashboards that come with the program, one file each; the file's name is the id.
#[derive(RustEmbed)]
#[folder = "../../content/dashboards"]
#[allow_missing = true]
struct Shipped;

/// A dashboard. What is missing when one is saved is filled in; an answer has everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dashboard {
    /// What it is called.
    pub(crate) title: String,
    /// What it is for.
    #[serde(default)]
    #[schema(required)]
    pub(crate) about: String,
    /// How often it asks again; never by itself if null.
    #[serde(default)]
    #[schema(required)]
    pub(crate) refresh_seconds: Option<u32>,
    /// The time range at first: ISO 8601.
    #[serde(default = "a_day")]
    #[schema(required)]
    pub(crate) timespan: String,
    /// What can be chosen above the tiles.
    #[serde(default)]
    #[schema(required)]
    pub(crate) parameters: Vec<Parameter>,
    /// What is shown.
    pub(crate) tiles: Vec<Tile>,
}

/// Something to choose; `{name}` stands for it in queries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameter {
    /// As queries name it.
    pub(crate) name: String,
    /// As people read it.
    #[serde(default)]
    #[schema(required)]
    pub(crate) label: String,
    /// `time`, `tenant`, `free` or `choice`.
    pub(crate) kind: String,
    /// What is chosen at first.
    #[serde(default)]
    #[schema(required)]
    pub(crate) default: String,
    /// Whose first column has the choices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    /// The choices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) values: Option<Vec<String>>,
}

/// A tile on the grid of 24 columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tile {
    /// By which it is named within its dashboard.
    pub(crate) id: String,
    /// What stands above it.
    #[serde(default)]
    #[schema(required)]
    pub(crate) title: String,
    /// First column, from 0.
    pub(crate) x: u32,
    /// First row, from 0.
    pub(crate) y: u32,
    /// Columns.
    pub(crate) w: u32,
    /// Rows.
    pub(crate) h: u32,
    /// The KQL text; empty for a tile of text.
    #[serde(default)]
    #[schema(required)]
    pub(crate) query: String,
    /// `table`, `timechart`, `markdown` …
    pub(crate) kind: String,
    /// The text of a tile of text, in Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// How it is drawn in particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) options: Option<Map<String, Value>>,
}

fn a_day() -> String {
    "P1D".to_owned()
}

/// A dashboard in the list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DashboardEntry)]
pub(crate) struct Listed {
    /// By which it is named.
    pub(crate) id: String,
    /// What it is called.
    pub(crate) title: String,
    /// What it is for.
    pub(crate) about: String,
    /// Whose it is.
    pub(crate) managed: ManagedBy,
    /// When it was last changed; null if it comes with the program.
    #[schema(required)]
    pub(crate) updated: Option<Timestamp>,
}

/// Whose a dashboard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ManagedBy {
    /// It comes with the program.
    Content,
    /// Somebody saved it.
    User,
}

/// Every dashboard.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dashboards {
    /// The program's own first.
    pub(crate) dashboards: Vec<Listed>,
}

/// The name of a dashboard that was just saved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeDashboard {
    /// By which it is named.
    pub(crate) id: String,
}

/// What was made of somebody else's document. Nothing of it is saved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Imported {
    /// The dashboard.
    pub(crate) dashboard: Dashboard,
    /// What could not be taken over.
    pub(crate) notes: Vec<String>,
}

/// `GET /api/v1/dashboards`
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
) -> Result<Json<Dashboards>, HttpProblem> {
    let mut dashboards: Vec<Listed> = Shipped::iter()
        .filter_map(|file| {
            let id = file.strip_suffix(".json")?.to_owned();
            let Dashboard { title, about, .. } = shipped(&id)?;
            Some(Listed { id, title, about, managed: ManagedBy::Content, updated: None })
        })
        .collect();
    dashboards.sort_by(|one, other| one.title.cmp(&other.title));
    for saved in shared.saved.dashboards().await? {
        let read: Option<Dashboard> = serde_json::from_str(&saved.document).ok();
        let (title, about) = read.map_or_else(
            || (saved.id.clone(), String::new()),
            |dashboard| (dashboard.title, dashboard.about),
        );
        let updated = Some(saved.updated);
        dashboards.push(Listed { id: saved.id, title, about, managed: ManagedBy::User, updated });
    }
    Ok(Json(Dashboards { dashboards }))
}

/// `GET /api/v1/dashboards/{id}`
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, HttpProblem> {
    let Path(id) = id.map_err(unreadable)?;
    if let Some(dashboard) = shipped(&id) {
        return Ok(Json(dashboard).into_response());
    }
    let saved = shared.saved.dashboard(id).await?;
    let dashboard: Dashboard = serde_json::from_str(&saved.document).map_err(|error| {
        let detail = format!("the saved dashboard cannot be read: {error}");
        HttpProblem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
            .hint("remove it, and save it anew from a copy")
    })?;
    let mut response = Json(dashboard).into_response();
    tag(&mut response, saved.version);
    Ok(response)
}

/// `POST /api/v1/dashboards`
pub(crate) async fn add(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Response, HttpProblem> {
    let dashboard: Dashboard = read_json(&shared, request).await?;
    let document = written(&dashboard)?;
    let saved = shared.saved.add_dashboard(document).await?;
    Ok(changed(StatusCode::CREATED, saved, dashboard.title))
}

/// `PUT /api/v1/dashboards/{id}`
pub(crate) async fn change(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Request<Body>,
) -> Result<Response, HttpProblem> {
    let Path(id) = id.map_err(unreadable)?;
    refuse_shipped(&id)?;
    let dashboard: Dashboard = read_json(&shared, request).await?;
    let document = written(&dashboard)?;
    let saved = shared.saved.change_dashboard(id, expected(&headers)?, document).await?;
    Ok(changed(StatusCode::OK, saved, dashboard.title))
}

/// `DELETE /api/v1/dashboards/{id}`
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, HttpProblem> {
    let Path(id) = id.map_err(unreadable)?;
    refuse_shipped(&id)?;
    shared.saved.remove_dashboard(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/dashboards/import`: our own document, or a workbook of Sentinel.
pub(crate) async fn import(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<Imported>, HttpProblem> {
    let value: Value = read_json(&shared, request).await?;
    let imported = match workbooks::read(&value) {
        Some((dashboard, notes)) => Imported { dashboard, notes },
        None => {
            let dashboard = serde_json::from_value(value)
                .map_err(|error| invalid(format!("neither a dashboard nor a workbook: {error}")))?;
            Imported { dashboard, notes: Vec::new() }
        }
    };
    written(&imported.dashboard)?;
    Ok(Json(imported))
}

/// A dashboard that comes with the program.
fn shipped(id: &str) -> Option<Dashboard> {
    let file = Shipped::get(&format!("{id}.json"))?;
    serde_json::from_slice(&file.data)
        .inspect_err(|error| tracing::error!(id, "a dashboard of the program is damaged: {error}"))
        .ok()
}

fn refuse_shipped(id: &str) -> Result<(), HttpProblem> {
    if Shipped::get(&format!("{id}.json")).is_none() {
        return Ok(());
    }
    let detail = "this dashboard comes with the program";
    Err(HttpProblem::new(StatusCode::FORBIDDEN, "read_only", detail).hint("save a copy of it"))
}

/// Which version the caller has seen.
fn expected(headers: &HeaderMap) -> Result<Option<u64>, HttpProblem> {
    let Some(written) = headers.get(IF_MATCH) else { return Ok(None) };
    let text = written.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let version = version.and_then(|text| text.parse().ok());
    version.map(Some).ok_or_else(|| invalid("If-Match is no ETag of a dashboard"))
}

fn tag(response: &mut Response, version: u64) {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
}

fn changed(status: StatusCode, saved: SavedDashboard, title: String) -> Response {
    let object = format!("/api/v1/dashboards/{}", saved.id);
    let audited = Extension(Audited { object, detail: title });
    let mut response = (status, audited, Json(MadeDashboard { id: saved.id })).into_response();
    tag(&mut response, saved.version);
    response
}

/// The text of a dashboard that may be saved.
fn written(dashboard: &Dashboard) -> Result<String, HttpProblem> {
    check(dashboard).map_err(invalid)?;
    let text = serde_json::to_string(dashboard).map_err(|error| invalid(error.to_string()))?;
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(invalid(format!("the dashboard has more than {DOCUMENT_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// What is wrong with a dashboard, as a lowercase fragment.
fn check(dashboard: &Dashboard) -> Result<(), String> {
    if dashboard.title.trim().is_empty() {
        return Err("the dashboard has no title".to_owned());
    }
    if dashboard.tiles.len() > TILES_MAX || dashboard.parameters.len() > PARAMETERS_MAX {
        return Err(format!("at most {TILES_MAX} tiles and {PARAMETERS_MAX} parameters"));
    }
    let mut ids: Vec<&str> = dashboard.tiles.iter().map(|tile| tile.id.as_str()).collect();
    ids.sort_unstable();
    if ids.first().is_some_and(|id| id.is_empty()) || ids.windows(2).any(|two| two[0] == two[1]) {
        return Err("each tile needs an id of its own".to_owned());
    }
    for Tile { id, x, y, w, h, .. } in &dashboard.tiles {
        let fits = |from: u32, size: u32, most: u32| {
            size > 0 && from.checked_add(size).is_some_and(|end| end <= most)
        };
        if !fits(*x, *w, GRID_COLUMNS) || !fits(*y, *h, GRID_ROWS_MAX) {
            return Err(format!("the tile `{id}` does not fit onto the {GRID_COLUMNS} columns"));
        }
    }
    for parameter in &dashboard.parameters {
        let usable = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if parameter.name.is_empty() || !parameter.name.chars().all(usable) {
            return Err(format!("`{}` cannot be a parameter's name", parameter.name));
        }
        if !["time", "tenant", "free", "choice"].contains(&parameter.kind.as_str()) {
            return Err(format!("`{}` is no kind of parameter", parameter.kind));
        }
    }
    Ok(())
}

fn invalid(detail: impl Into<String>) -> HttpProblem {
    HttpProblem::new(StatusCode::BAD_REQUEST, "invalid", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(id: &str, x: u32, w: u32) -> Tile {
        Tile {
            id: id.into(),
            title: String::new(),
            x,
            y: 0,
            w,
            h: 4,
            query: "T".into(),
            kind: "table".into(),
            text: None,
            options: None,
        }
    }

    #[test]
    fn tiles_lie_on_the_grid_under_names_of_their_own() {
        for (tiles, good) in [
            (vec![], true),
            (vec![tile("a", 0, 24)], true),
            (vec![tile("a", 1, 24)], false),
            (vec![tile("a", 0, 0)], false),
            (vec![tile("a", u32::MAX, 1)], false),
            (vec![tile("", 0, 1)], false),
            (vec![tile("a", 0, 1), tile("b", 0, 1)], true),
            (vec![tile("a", 0, 1), tile("a", 1, 1)], false),
        ] {
            let dashboard = Dashboard {
                title: "t".into(),
                about: String::new(),
                refresh_seconds: None,
                timespan: a_day(),
                parameters: Vec::new(),
                tiles,
            };
            assert_eq!(check(&dashboard).is_ok(), good, "{:?}", dashboard.tiles);
        }
    }

    #[test]
    fn every_dashboard_of_the_program_can_be_read() {
        for file in Shipped::iter() {
            let id = file.strip_suffix(".json").unwrap();
            let dashboard = shipped(id).unwrap_or_else(|| panic!("{file}"));
            assert_eq!(check(&dashboard), Ok(()), "{file}");
            for tile in dashboard.tiles.iter().filter(|tile| tile.kind != "markdown") {
                // What is chosen stands as a literal where its name was.
                let chosen = |query: String, parameter: &Parameter| {
                    query.replace(&format!("{{{}}}", parameter.name), "''")
                };
                let query = dashboard.parameters.iter().fold(tile.query.clone(), chosen);
                let read = kql::parse(&query);
                assert!(read.diagnostics.is_empty(), "{file}: {}", tile.id);
            }
        }
    }
}
