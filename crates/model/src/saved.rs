//! What people keep: queries and dashboards, as plain values. Deliberately absent: where they are kept (`registry`), and
//! what stands in a dashboard's document (`api` reads it).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a person wants to keep of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryDraft {
    /// What it is called.
    pub name: String,
    /// The KQL text.
    pub text: String,
    /// The time range that goes with it: ISO 8601; none if null.
    #[serde(default)]
    pub timespan: Option<String>,
    /// Whether others see it.
    #[serde(default)]
    pub shared: bool,
}

/// A saved query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SavedQuery {
    /// By which it is named.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The KQL text.
    pub text: String,
    /// The time range that goes with it: ISO 8601; none if null.
    #[schema(required)]
    pub timespan: Option<String>,
    /// Who saved it.
    pub owner: String,
    /// Whether others see it.
    pub shared: bool,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// A saved dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedDashboard {
    /// By which it is named.
    pub id: String,
    /// The document: JSON text.
    pub document: String,
    /// Grows with each change.
    pub version: u64,
    /// When it was last changed.
    pub updated: Timestamp,
}
