//! The columns of `Auth0Logs_CL`: first those of Microsoft's connector (version 3.2.1, by name and type; `TimeGenerated`
//! comes from the lake), then the members that it drops, then what the event's type means.
//! Deliberately absent: how a value gets into a column (`crate::columns`).

use std::sync::LazyLock;

use model::{Column, ColumnType, EventContext, RowWriter, TableSchema};

use super::types;
use crate::columns::{As, Field, Filled, Inner, Mapping, position};

/// The table, without the columns that the lake adds to every table.
pub(crate) static TABLE: TableSchema = TableSchema { name: "Auth0Logs_CL", columns: COLUMNS };

static COLUMNS: &[Column] = &[
    column("event_date", ColumnType::DateTime, "When it happened, as the event tells."),
    column("EventType", ColumnType::String, "Code of the event's type: `s`, `fp`, `sapi` …"),
    column(
        "Description",
        ColumnType::String,
        "Free text; for administration the name of the action.",
    ),
    column("Connection", ColumnType::String, "Name of the connection that was used."),
    column("ConnectionId", ColumnType::String, "Id of the connection."),
    column("ClientId", ColumnType::String, "Id of the application; may be wrong in failures."),
    column("ClientName", ColumnType::String, "Name of the application."),
    column(
        "SrcIpAddr",
        ColumnType::String,
        "Address of the user, or of the administrator who acted.",
    ),
    column(
        "HttpUserAgent",
        ColumnType::String,
        "User agent, parsed by Auth0 or as the browser sent it.",
    ),
    column("SrcHostname", ColumnType::String, "Host name that was addressed."),
    column("ActorUserId", ColumnType::String, "Id of the user who acted or tried to."),
    column("ActorUsername", ColumnType::String, "Name of that user, often an e-mail address."),
    column("OrganizationId", ColumnType::String, "Id of the organization."),
    column("OrganizationName", ColumnType::String, "Name of the organization."),
    column("Audience", ColumnType::String, "API for which a token was asked."),
    column("Scope", ColumnType::String, "Scopes, separated by spaces."),
    column(
        "Strategy",
        ColumnType::String,
        "Strategy of the connection: `auth0`, `google-oauth2` …",
    ),
    column(
        "StrategyType",
        ColumnType::String,
        "Kind of the strategy: `database`, `social`, `enterprise` …",
    ),
    column("LocationInfo", ColumnType::Dynamic, "Where Auth0 places the address."),
    column(
        "Details",
        ColumnType::Dynamic,
        "Everything else about the event, in a shape of its type's own.",
    ),
    column(
        "SecurityContext",
        ColumnType::Dynamic,
        "Fingerprints of the TLS client (`ja3`, `ja4`).",
    ),
    column("LogId", ColumnType::String, "Auth0's id of the event."),
    column("TenantName", ColumnType::String, "Name of the tenant as Auth0 writes it."),
    column("IsMobile", ColumnType::Bool, "Whether a mobile device was used."),
    column(
        "Auth0Domain",
        ColumnType::String,
        "Domain of the tenant as configured; the tenant's name in the configuration where none is.",
    ),
    column("EnvironmentName", ColumnType::String, "Auth0's environment that runs the tenant."),
    column(
        "ClientIp",
        ColumnType::String,
        "Address of the nearest peer, without regard to forwarding.",
    ),
    column(
        "IdentityUserId",
        ColumnType::String,
        "Id of the user at the identity provider behind the connection.",
    ),
    column("Auth0Client", ColumnType::Dynamic, "SDK that made the request."),
    column(
        "References",
        ColumnType::Dynamic,
        "Correlation and trace ids that tie events together.",
    ),
    column(
        "SessionConnection",
        ColumnType::String,
        "Connection of the session that was used again.",
    ),
    column("SessionConnectionId", ColumnType::String, "Id of that connection."),
    column("AgentId", ColumnType::String, "Id of the agent that acted for a user or itself."),
    column(
        "ExternalAgentId",
        ColumnType::String,
        "Id of that agent in the customer's own register.",
    ),
    column(
        "MtlsThumbprintSha256",
        ColumnType::String,
        "SHA-256 thumbprint of the client certificate.",
    ),
    column(
        "TransactionLinkingId",
        ColumnType::String,
        "Id that links the steps of a decoupled authorization.",
    ),
    column("TrackingId", ColumnType::String, "Id for Auth0's support."),
    column("EventSchema", ColumnType::Dynamic, "Version of the event's schema."),
    column("Title", ColumnType::String, "Title, of e-mail verification only."),
    column("Email", ColumnType::String, "E-mail address, of e-mail verification only."),
    column("Body", ColumnType::Dynamic, "Request body, of e-mail verification only."),
    column("Query", ColumnType::Dynamic, "Request query, of e-mail verification only."),
    column(
        "EventCategory",
        ColumnType::String,
        "Category of the event's type; null for an unknown type.",
    ),
    column(
        "EventOutcome",
        ColumnType::String,
        "`success`, `failure`, `notice` or `warning`; null for an unknown type.",
    ),
    column(
        "EventName",
        ColumnType::String,
        "What the event's type means, in words; null for an unknown type.",
    ),
    column("SrcGeoCountry", ColumnType::String, "Code of the country in `LocationInfo`."),
    column("SrcGeoRegion", ColumnType::String, "Name of the subdivision in `LocationInfo`."),
    column("SrcGeoCity", ColumnType::String, "Name of the city in `LocationInfo`."),
    column("SrcGeoLatitude", ColumnType::Real, "Latitude in `LocationInfo`."),
    column("SrcGeoLongitude", ColumnType::Real, "Longitude in `LocationInfo`."),
    column(
        "ElapsedTime",
        ColumnType::Long,
        "Milliseconds that the transaction took, `elapsedTime` in `Details`.",
    ),
];

const fn column(name: &'static str, kind: ColumnType, about: &'static str) -> Column {
    Column { name, kind, about }
}

/// Member, column, way. Of two members for one column the first that is written wins.
static FIELDS: &[Field] = &[
    ("date", "event_date", As::Value),
    ("type", "EventType", As::EventType),
    ("description", "Description", As::Value),
    ("connection", "Connection", As::Value),
    ("connection_id", "ConnectionId", As::Value),
    ("client_id", "ClientId", As::Value),
    ("client_name", "ClientName", As::Value),
    ("ip", "SrcIpAddr", As::Value),
    ("user_agent", "HttpUserAgent", As::Value),
    ("hostname", "SrcHostname", As::Value),
    ("user_id", "ActorUserId", As::Value),
    ("user_name", "ActorUsername", As::Value),
    ("organization_id", "OrganizationId", As::Value),
    ("organization_name", "OrganizationName", As::Value),
    ("audience", "Audience", As::Value),
    ("scope", "Scope", As::Joined(" ")),
    ("strategy", "Strategy", As::Value),
    ("strategy_type", "StrategyType", As::Value),
    ("location_info", "LocationInfo", As::Value),
    ("details", "Details", As::Value),
    ("security_context", "SecurityContext", As::Value),
    ("log_id", "LogId", As::EventId),
    ("_id", "LogId", As::EventId),
    ("id", "LogId", As::EventId),
    ("tenant_name", "TenantName", As::Value),
    ("isMobile", "IsMobile", As::Value),
    ("is_mobile", "IsMobile", As::Value),
    ("environment_name", "EnvironmentName", As::Value),
    ("client_ip", "ClientIp", As::Value),
    ("identity_user_id", "IdentityUserId", As::Value),
    ("auth0_client", "Auth0Client", As::Value),
    ("references", "References", As::Value),
    ("session_connection", "SessionConnection", As::Value),
    ("session_connection_id", "SessionConnectionId", As::Value),
    ("agent_id", "AgentId", As::Value),
    ("external_agent_id", "ExternalAgentId", As::Value),
    ("mtls_thumbprint_sha256", "MtlsThumbprintSha256", As::Value),
    ("transaction_linking_id", "TransactionLinkingId", As::Value),
    ("tracking_id", "TrackingId", As::Value),
    ("$event_schema", "EventSchema", As::Value),
    ("title", "Title", As::Value),
    ("email", "Email", As::Value),
    ("body", "Body", As::Value),
    ("query", "Query", As::Value),
];

/// What is asked so often that it has a column beside its place in an object; the `SrcGeo` names are those of ASIM.
static INNER: &[Inner] = &[
    ("location_info", "country_code", "SrcGeoCountry"),
    ("location_info", "subdivision_name", "SrcGeoRegion"),
    ("location_info", "city_name", "SrcGeoCity"),
    ("location_info", "latitude", "SrcGeoLatitude"),
    ("location_info", "longitude", "SrcGeoLongitude"),
    ("details", "elapsedTime", "ElapsedTime"),
];

static MAPPING: LazyLock<Mapping> = LazyLock::new(|| Mapping::new(&TABLE, FIELDS, INNER));
static DERIVED: LazyLock<Derived> = LazyLock::new(Derived::new);

/// Positions of the columns that no member fills directly.
struct Derived {
    log_id: usize,
    domain: usize,
    category: usize,
    outcome: usize,
    name: usize,
}

impl Derived {
    fn new() -> Self {
        let at = |name| position(&TABLE, name).unwrap_or(usize::MAX);
        Self {
            log_id: at("LogId"),
            domain: at("Auth0Domain"),
            category: at("EventCategory"),
            outcome: at("EventOutcome"),
            name: at("EventName"),
        }
    }
}

/// Sets the columns of one event.
pub(crate) fn fill(raw: &[u8], context: EventContext<'_>, row: &mut dyn RowWriter) {
    let derived = &*DERIVED;
    let mut filled = Filled::default();
    if !context.id.is_empty() {
        filled.set(derived.log_id);
        row.string(derived.log_id, context.id);
    }
    row.string(derived.domain, context.domain.unwrap_or(&context.source.tenant));
    let Some(code) = MAPPING.fill(raw, context, &mut filled, row) else { return };
    if let Some(known) = types::find(&code) {
        row.string(derived.category, known.category);
        row.string(derived.outcome, known.outcome);
        row.string(derived.name, known.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_has_its_column_and_every_name_is_found() {
        for (key, column, _) in FIELDS {
            assert!(position(&TABLE, column).is_some(), "{key}");
        }
        for (outer, key, column) in INNER {
            assert!(FIELDS.iter().any(|(key, ..)| key == outer), "{outer}");
            assert!(position(&TABLE, column).is_some(), "{outer}.{key}");
        }
        let derived = Derived::new();
        for at in [derived.log_id, derived.domain, derived.category, derived.outcome, derived.name]
        {
            assert!(at < TABLE.columns.len());
        }
    }

    #[test]
    fn the_first_columns_are_those_of_the_vendors_connector() {
        let expected = [
            ("event_date", ColumnType::DateTime),
            ("EventType", ColumnType::String),
            ("Description", ColumnType::String),
            ("Connection", ColumnType::String),
            ("ConnectionId", ColumnType::String),
            ("ClientId", ColumnType::String),
            ("ClientName", ColumnType::String),
            ("SrcIpAddr", ColumnType::String),
            ("HttpUserAgent", ColumnType::String),
            ("SrcHostname", ColumnType::String),
            ("ActorUserId", ColumnType::String),
            ("ActorUsername", ColumnType::String),
            ("OrganizationId", ColumnType::String),
            ("OrganizationName", ColumnType::String),
            ("Audience", ColumnType::String),
            ("Scope", ColumnType::String),
            ("Strategy", ColumnType::String),
            ("StrategyType", ColumnType::String),
            ("LocationInfo", ColumnType::Dynamic),
            ("Details", ColumnType::Dynamic),
            ("SecurityContext", ColumnType::Dynamic),
            ("LogId", ColumnType::String),
            ("TenantName", ColumnType::String),
            ("IsMobile", ColumnType::Bool),
            ("Auth0Domain", ColumnType::String),
        ];
        for (name, kind) in expected {
            let column = TABLE.columns.iter().find(|column| column.name == name);
            assert_eq!(column.map(|column| column.kind), Some(kind), "{name}");
        }
        assert!(
            TABLE.columns[..expected.len()]
                .iter()
                .all(|column| { expected.iter().any(|(name, _)| *name == column.name) })
        );
    }

    #[test]
    fn the_domain_is_what_is_configured_or_else_the_tenants_name() {
        struct Texts(Vec<(usize, String)>);
        impl RowWriter for Texts {
            fn bool(&mut self, _: usize, _: bool) {}
            fn long(&mut self, _: usize, _: i64) {}
            fn real(&mut self, _: usize, _: f64) {}
            fn string(&mut self, column: usize, value: &str) {
                self.0.push((column, value.to_owned()));
            }
            fn datetime(&mut self, _: usize, _: model::Timestamp) {}
            fn dynamic(&mut self, _: usize, _: &str) {}
            fn additional(&mut self, _: &str, _: &str) {}
        }
        let source = model::SourceId {
            provider: "auth0".to_owned(),
            tenant: "acme".to_owned(),
            source: "stream".to_owned(),
        };
        let received = model::Timestamp::UNIX_EPOCH;
        for (domain, expected) in [(Some("acme.eu.auth0.com"), "acme.eu.auth0.com"), (None, "acme")]
        {
            let context = EventContext { source: &source, domain, id: "", time: None, received };
            let mut row = Texts(Vec::new());
            fill(b"{}", context, &mut row);
            assert_eq!(row.0, [(DERIVED.domain, expected.to_owned())]);
        }
    }
}
