//! The port to the connected applications: tenants that events come from, destinations that they go to, and what can be done
//! with them while the server runs. Secrets go in here and never come out: what is shown has `{"set": true}` in their place.
//! Deliberately absent: keeping and running them, which the binary does behind [`Applications`], and the routes (`tenants`,
//! `destinations`).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use futures::future::BoxFuture;
use http::StatusCode;
use model::{Problem, Secret, SourceId, Timestamp, Via};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::accounts::DeskError;
use crate::api::Shared;
use crate::field_schema::FieldSchema;
use crate::problem::HttpProblem;

/// An answer that may take as long as a disk, or a service that is asked.
pub type Done<'a, T> = BoxFuture<'a, Result<T, ApplicationError>>;

/// Keeps and runs the connected applications.
pub trait Applications: Send + Sync {
    /// What can be connected.
    fn kinds(&self) -> Kinds;
    /// Every tenant: those of the configuration file first.
    fn tenants(&self) -> Vec<ShownTenant>;
    /// Adds a tenant and starts its sources. The secrets that were made for it are given back.
    fn add_tenant(&self, draft: TenantDraft) -> Done<'_, Vec<MadeSource>>;
    /// Puts a draft in the place of a tenant; a secret that is left out stays.
    fn change_tenant(&self, draft: TenantDraft) -> Done<'_, Vec<MadeSource>>;
    /// Removes a tenant. What was collected stays.
    fn remove_tenant(&self, provider: String, name: String) -> Done<'_, ()>;
    /// Asks the provider as its sources would.
    fn test_tenant(&self, wanted: TenantTest) -> Done<'_, Vec<TestCheck>>;
    /// Switches a source off or on.
    fn pause_source(&self, source: SourceId, pause: bool) -> Done<'_, ()>;
    /// Gives a source another secret; the one that was made for it, if none was given.
    fn rotate_source(&self, source: SourceId, wanted: Rotation) -> Done<'_, Option<Secret>>;
    /// Every destination: those of the configuration file first.
    fn destinations(&self) -> Vec<ShownDestination>;
    /// Adds a destination and starts shipping.
    fn add_destination(&self, draft: DestinationDraft) -> Done<'_, ()>;
    /// Puts a draft in the place of a destination; a secret that is left out stays.
    fn change_destination(&self, draft: DestinationDraft) -> Done<'_, ()>;
    /// Removes a destination. What it has not got is kept until it is forgotten.
    fn remove_destination(&self, name: String) -> Done<'_, ()>;
    /// Finds out what can be known without sending events.
    fn test_destination(&self, wanted: DestinationTest) -> Done<'_, Vec<TestCheck>>;
    /// Switches a destination off or on. Its place stays.
    fn pause_destination(&self, name: String, pause: bool) -> Done<'_, ()>;
}

/// Why an application was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplicationError {
    /// The configuration file holds it.
    #[error("{0} stands in the configuration file, which alone can change it")]
    ManagedByFile(String),
    /// The configuration file has one of the name that another one was to get.
    #[error("{0} stands in the configuration file already")]
    NameOfFile(String),
    /// What was written has to be mended.
    #[error("{} of the fields cannot be used as they are", .0.len())]
    Wrong(Vec<Problem>),
    /// Nothing may be written at present.
    #[error("the data folder is damaged and read only: {0}")]
    ReadOnly(String),
    /// It is noted, and could not be brought about.
    #[error("{0}")]
    NotStarted(String),
    /// What the registry says.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl From<ApplicationError> for HttpProblem {
    fn from(error: ApplicationError) -> Self {
        let words = error.to_string();
        match error {
            ApplicationError::ManagedByFile(_) => {
                Self::new(StatusCode::CONFLICT, "managed_by_file", words)
                    .hint("change the file and start the server anew")
            }
            ApplicationError::NameOfFile(_) => {
                let hint = "choose another name, or change the file";
                let problem = Problem::new("name", words.clone(), hint);
                Self::new(StatusCode::CONFLICT, "managed_by_file", words).problems(vec![problem])
            }
            ApplicationError::Wrong(problems) => {
                Self::new(StatusCode::BAD_REQUEST, "invalid", words).problems(problems)
            }
            ApplicationError::ReadOnly(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "read_only", words)
                    .hint("run `doorledger doctor` on the server")
            }
            ApplicationError::NotStarted(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_started", words)
                    .hint("it is saved, and tried again when the server starts anew")
            }
            ApplicationError::Desk(DeskError::Taken(_)) => {
                let problem = Problem::new("name", words.clone(), "choose another name");
                Self::new(StatusCode::CONFLICT, "taken", words).problems(vec![problem])
            }
            ApplicationError::Desk(error) => error.into(),
        }
    }
}

/// Where an object is managed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ApplicationManagedBy)]
pub enum ManagedBy {
    /// In the configuration file.
    File,
    /// Here.
    Registry,
}

/// What can be connected.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Kinds {
    /// Providers, in the order of menus.
    pub providers: Vec<ProviderKind>,
    /// Kinds of destinations, in the order of menus.
    pub destinations: Vec<GoalKind>,
}

/// A provider that can be connected.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProviderKind {
    /// As it stands in addresses: `auth0`.
    pub name: &'static str,
    /// The name that people know.
    pub title: &'static str,
    /// The table of its events.
    pub table: &'static str,
    /// The ways in which its events come.
    pub sources: Vec<SourceKind>,
}

/// A way in which events of a provider come.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SourceKind {
    /// Its name: `poll`, `stream`.
    pub name: &'static str,
    /// Asked for, or told.
    pub via: Via,
    /// What has to be written, as JSON Schema.
    #[schema(value_type = FieldSchema)]
    pub schema: Value,
}

/// A kind of destination.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GoalKind {
    /// As it is written: `azure_logs_ingestion`.
    pub kind: &'static str,
    /// The name that people know.
    pub title: &'static str,
    /// What has to be written, as JSON Schema.
    #[schema(value_type = FieldSchema)]
    pub schema: Value,
}

/// A tenant, without its secrets.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ShownTenant {
    /// Its provider.
    pub provider: String,
    /// Its name.
    pub name: String,
    /// Its domain at the provider, where that is told.
    pub domain: Option<String>,
    /// Where it is managed.
    pub managed: ManagedBy,
    /// Its sources.
    pub sources: Vec<ShownSource>,
    /// Why it does not run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// A source, without its secrets.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ShownSource {
    /// Its whole name: `auth0/acme/poll`.
    pub source: String,
    /// Its name within the tenant.
    pub name: String,
    /// Asked for, or told.
    pub via: Via,
    /// Whether it is switched off.
    pub paused: bool,
    /// Where collection began, as it was written; `None` of a source that is told.
    pub collection_start: Option<String>,
    /// What was written, with `{"set": true}` in the place of secrets.
    pub config: Map<String, Value>,
    /// The path under which it is told; the API makes it a whole address.
    pub url: Option<String>,
    /// Until when an earlier secret is accepted, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier_until: Option<Timestamp>,
}

/// A tenant to be. Has no `Debug`, for it holds secrets.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantDraft {
    /// Its provider.
    #[serde(default)]
    pub provider: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its sources by name, each with its fields.
    pub sources: Map<String, Value>,
}

/// What is to be tested: a draft, or without sources a tenant that there is.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantTest {
    /// Its provider.
    pub provider: String,
    /// Its name.
    pub name: String,
    /// Its sources by name, each with its fields.
    #[serde(default)]
    pub sources: Option<Map<String, Value>>,
}

/// What a source needs at the provider; told once.
#[derive(Clone)]
pub struct MadeSource {
    /// Which source.
    pub source: SourceId,
    /// The secret that was made for it; `None` if one was given.
    pub secret: Option<Secret>,
}

/// Another secret for a source.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// The secret; of a source that is told, one is made if none is given.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// For how many hours the old one is accepted too, of a source that is told.
    #[serde(default = "day")]
    pub keep_old_hours: u32,
}

fn day() -> u32 {
    24
}

/// A destination, without its secrets.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ShownDestination {
    /// Its name.
    pub name: String,
    /// Its kind; empty if that is not known.
    pub kind: String,
    /// Where it is managed.
    pub managed: ManagedBy,
    /// Whether it is switched off.
    pub paused: bool,
    /// What was written, with `{"set": true}` in the place of secrets.
    pub config: Map<String, Value>,
    /// Why it does not run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// A destination to be. Has no `Debug`, for it holds secrets.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DestinationDraft {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its fields.
    #[serde(default)]
    pub config: Map<String, Value>,
}

/// What is to be tested: a draft, or without a kind a destination that there is.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DestinationTest {
    /// Its name.
    pub name: String,
    /// Its kind.
    #[serde(default)]
    pub kind: Option<String>,
    /// Its fields.
    #[serde(default)]
    pub config: Map<String, Value>,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// It works, or may; somebody should look.
    Warning,
    /// It does not work.
    Failed,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestCheck {
    /// What, unlike every other of the same test: `poll_address`, `poll_token`, `stream_auth0`.
    pub name: String,
    /// How it came out.
    pub state: CheckState,
    /// What was found, as a lowercase fragment.
    pub message: String,
    /// What to do next; may be empty.
    pub hint: String,
}

/// What a test found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checks {
    /// In the order in which things were looked at.
    pub(crate) checks: Vec<TestCheck>,
}

/// `GET /api/v1/kinds`
pub(crate) async fn kinds(State(shared): State<Arc<Shared>>) -> Json<Kinds> {
    Json(shared.applications.kinds())
}
