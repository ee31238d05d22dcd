//! The columns of a migration: what we send, and under which names a table keeps it. Classic columns stand in the `.tsv`
//! files: name, type, what of the stream they are made of.
//! Deliberately absent: the language of transformations (`transform`).

use super::COLUMN_NAME_CHARACTERS_MAX;
use crate::azure_logs_ingestion::declared_columns;

/// Under which columns a table keeps the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Those that the Data Collector made: `user_name_s`, `event_type_id_d`. Old queries work on.
    Classic,
    /// Those of Microsoft's current connectors: `ActorUsername`. The connectors' workbooks and parsers work.
    Current,
    /// Those of the Authentication schema of ASIM, for sign-ins only.
    Asim,
}

/// A column of the stream: what a record that we send may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type as a rule names it: `string`, `real`, `boolean`, `datetime`, `dynamic`.
    pub kind: &'static str,
}

/// A column of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableColumn {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    /// A path into the stream's columns (`details.request.ip`), or, of ASIM, an expression.
    pub(super) from: &'static str,
}

/// What a migration knows of a provider.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) name: &'static str,
    pub(super) classic_table: &'static str,
    pub(super) current_table: &'static str,
    pub(super) asim_table: &'static str,
    pub(super) stream: &'static str,
    classic: &'static str,
    current: &'static [(&'static str, &'static str, &'static str)],
    asim: &'static [(&'static str, &'static str, &'static str)],
    /// The condition of the rows that are sign-ins.
    pub(super) is_sign_in: &'static str,
}

pub(super) const PROVIDERS: [Provider; 2] = [
    Provider {
        name: "auth0",
        classic_table: "Auth0AM_CL",
        current_table: "Auth0Logs_CL",
        asim_table: "Auth0AsimAuthentication_CL",
        stream: "Custom-Auth0Logs_CL",
        classic: include_str!("classic_auth0.tsv"),
        current: AUTH0_CURRENT,
        asim: AUTH0_ASIM,
        is_sign_in: AUTH0_SIGN_IN,
    },
    Provider {
        name: "onelogin",
        classic_table: "OneLogin_CL",
        current_table: "OneLoginEventsV2_CL",
        asim_table: "OneLoginAsimAuthentication_CL",
        stream: "Custom-OneLoginEventsV2_CL",
        classic: include_str!("classic_onelogin.tsv"),
        current: ONELOGIN_CURRENT,
        asim: ONELOGIN_ASIM,
        is_sign_in: "event_type_id in (3, 5, 6, 7, 8, 9, 90)",
    },
];

/// The provider called so.
pub(super) fn provider(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|known| known.name == name)
}

/// The provider whose table is usually called so.
pub(super) fn provider_of_table(table: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|known| {
        [known.classic_table, known.current_table, known.asim_table]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(table))
    })
}

/// What a record of this provider may hold.
pub(super) fn stream_columns(provider: &Provider) -> Vec<StreamColumn> {
    declared_columns(provider.name).map(|(name, kind)| StreamColumn { name, kind }).collect()
}

/// The table's columns, and the names of those that cannot be made any more.
pub(super) fn table_columns(
    provider: &'static Provider,
    shape: Shape,
) -> (Vec<TableColumn>, Vec<String>) {
    let of = |columns: &'static [(&str, &str, &str)]| {
        columns.iter().map(|&(name, kind, from)| TableColumn { name, kind, from }).collect()
    };
    match shape {
        Shape::Current => (of(provider.current), Vec::new()),
        Shape::Asim => (of(provider.asim), Vec::new()),
        Shape::Classic => {
            let (kept, left): (Vec<TableColumn>, Vec<TableColumn>) =
                classic(provider.classic).partition(|column| is_nameable(column.name));
            (kept, left.into_iter().map(|column| column.name.to_owned()).collect())
        }
    }
}

fn classic(file: &'static str) -> impl Iterator<Item = TableColumn> {
    file.lines().filter_map(|line| {
        let mut cells = line.split('\t');
        Some(TableColumn { name: cells.next()?, kind: cells.next()?, from: cells.next()? })
    })
}

/// Whether Azure takes a new column of this name.
fn is_nameable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= COLUMN_NAME_CHARACTERS_MAX
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Of Microsoft Sentinel's Auth0 solution.
const AUTH0_CURRENT: &[(&str, &str, &str)] = &[
    ("TimeGenerated", "datetime", "date"),
    ("event_date", "datetime", "date"),
    ("EventType", "string", "type"),
    ("Description", "string", "description"),
    ("Connection", "string", "connection"),
    ("ConnectionId", "string", "connection_id"),
    ("ClientId", "string", "client_id"),
    ("ClientName", "string", "client_name"),
    ("SrcIpAddr", "string", "ip"),
    ("HttpUserAgent", "string", "user_agent"),
    ("SrcHostname", "string", "hostname"),
    ("ActorUserId", "string", "user_id"),
    ("ActorUsername", "string", "user_name"),
    ("OrganizationId", "string", "organization_id"),
    ("OrganizationName", "string", "organization_name"),
    ("Audience", "string", "audience"),
    ("Scope", "string", "scope"),
    ("Strategy", "string", "strategy"),
    ("StrategyType", "string", "strategy_type"),
    ("LocationInfo", "dynamic", "location_info"),
    ("Details", "dynamic", "details"),
    ("SecurityContext", "dynamic", "security_context"),
    ("LogId", "string", "log_id"),
    ("TenantName", "string", "tenant_name"),
    ("IsMobile", "boolean", "isMobile"),
    ("Auth0Domain", "string", "Auth0Domain"),
];

/// Of Microsoft Sentinel's OneLogin solution.
const ONELOGIN_CURRENT: &[(&str, &str, &str)] = &[
    ("TimeGenerated", "datetime", "created_at"),
    ("EventId", "real", "id"),
    ("AppName", "string", "app_name"),
    ("AppId", "real", "app_id"),
    ("RoleName", "string", "role_name"),
    ("RoleId", "real", "role_id"),
    ("PolicyName", "string", "policy_name"),
    ("PolicyId", "real", "policy_id"),
    ("PolicyType", "string", "policy_type"),
    ("UserId", "real", "user_id"),
    ("UserName", "string", "user_name"),
    ("ActorSystem", "string", "actor_system"),
    ("CustomMessage", "string", "custom_message"),
    ("AccountId", "real", "account_id"),
    ("Ipaddr", "string", "ipaddr"),
    ("ActorUserName", "string", "actor_user_name"),
    ("ActorUserId", "real", "actor_user_id"),
    ("Notes", "string", "notes"),
    ("EventTypeId", "real", "event_type_id"),
    ("EventTimestamp", "string", "created_at"),
];

/// The codes of sign-ins, sign-outs, exchanges of tokens and what stops them.
const AUTH0_SIGN_IN: &str = r#"['type'] in ("s", "scoa", "sens", "ssa", "scv", "seacft", "seccft", "sepft", "sercft", "sede", "f", "fp", "fu", "fc", "fcoa", "fens", "fsa", "feacft", "feccft", "fepft", "fercft", "ferrt", "fede", "pwd_leak", "limit_wc", "limit_mu", "limit_sul", "gd_auth_failed", "gd_auth_rejected", "gd_auth_succeed", "slo", "flo")"#;

const AUTH0_ASIM: &[(&str, &str, &str)] = &[
    ("TimeGenerated", "datetime", "date"),
    ("EventCount", "int", "int(1)"),
    ("EventStartTime", "datetime", "TimeGenerated"),
    ("EventEndTime", "datetime", "TimeGenerated"),
    ("EventType", "string", r#"iif(['type'] in ("slo", "flo"), "Logoff", "Logon")"#),
    (
        "EventResult",
        "string",
        r#"iif(['type'] in ("s", "scoa", "sens", "ssa", "scv", "seacft", "seccft", "sepft", "sercft", "sede", "slo", "gd_auth_succeed"), "Success", "Failure")"#,
    ),
    (
        "EventResultDetails",
        "string",
        r#"case(EventResult == "Success", "", ['type'] == "fu", "No such user", ['type'] == "fp", "Incorrect password", ['type'] in ("ferrt", "gd_auth_failed"), "Incorrect key", ['type'] == "fsa", "Session expired", ['type'] == "limit_sul", "User locked", ['type'] in ("pwd_leak", "limit_wc", "limit_mu"), "Logon violates policy", "Other")"#,
    ),
    (
        "EventSubType",
        "string",
        r#"iif(['type'] in ("seccft", "feccft"), "Service", "Interactive")"#,
    ),
    (
        "EventSeverity",
        "string",
        r#"iif(EventResult == "Success" or ['type'] == "fsa", "Informational", "Low")"#,
    ),
    ("EventOriginalType", "string", "['type']"),
    ("EventOriginalUid", "string", "log_id"),
    ("EventUid", "string", "log_id"),
    ("EventMessage", "string", "description"),
    ("EventVendor", "string", r#""Auth0""#),
    ("EventProduct", "string", r#""Auth0""#),
    ("EventSchema", "string", r#""Authentication""#),
    ("EventSchemaVersion", "string", r#""0.1.4""#),
    ("SrcIpAddr", "string", "ip"),
    ("Src", "string", "ip"),
    ("HttpUserAgent", "string", "user_agent"),
    ("TargetUserId", "string", "user_id"),
    ("TargetUserIdType", "string", r#"iif(isempty(user_id), "", "Other")"#),
    ("TargetUsername", "string", "user_name"),
    (
        "TargetUsernameType",
        "string",
        r#"case(isempty(user_name), "", user_name contains "@", "UPN", "Simple")"#,
    ),
    ("TargetAppId", "string", "client_id"),
    ("TargetAppName", "string", "client_name"),
    ("TargetAppType", "string", r#"iif(isempty(client_name), "", "SaaS application")"#),
    ("TargetHostname", "string", "hostname"),
    (
        "AdditionalFields",
        "dynamic",
        r#"pack("connection", connection, "strategy", strategy, "organization_id", organization_id, "audience", audience, "scope", ['scope'], "tenant_name", tenant_name, "domain", Auth0Domain)"#,
    ),
];

const ONELOGIN_ASIM: &[(&str, &str, &str)] = &[
    ("TimeGenerated", "datetime", "created_at"),
    ("EventCount", "int", "int(1)"),
    ("EventStartTime", "datetime", "TimeGenerated"),
    ("EventEndTime", "datetime", "TimeGenerated"),
    (
        "EventType",
        "string",
        r#"case(event_type_id == 7, "Logoff", event_type_id == 3, "Elevate", "Logon")"#,
    ),
    ("EventResult", "string", r#"iif(event_type_id in (6, 9, 90), "Failure", "Success")"#),
    (
        "EventResultDetails",
        "string",
        r#"case(EventResult == "Success", "", event_type_id == 90, "Logon violates policy", "Other")"#,
    ),
    ("EventSubType", "string", r#""Interactive""#),
    ("EventSeverity", "string", r#"iif(EventResult == "Success", "Informational", "Low")"#),
    ("EventOriginalType", "string", "tostring(tolong(event_type_id))"),
    ("EventOriginalUid", "string", "tostring(tolong(['id']))"),
    ("EventUid", "string", "tostring(tolong(['id']))"),
    ("EventMessage", "string", "notes"),
    ("EventVendor", "string", r#""OneLogin""#),
    ("EventProduct", "string", r#""OneLogin""#),
    ("EventSchema", "string", r#""Authentication""#),
    ("EventSchemaVersion", "string", r#""0.1.4""#),
    ("SrcIpAddr", "string", "ipaddr"),
    ("Src", "string", "ipaddr"),
    ("ActorUserId", "string", "tostring(tolong(actor_user_id))"),
    ("ActorUserIdType", "string", r#"iif(isnull(actor_user_id), "", "Other")"#),
    ("ActorUsername", "string", "actor_user_name"),
    ("ActorUsernameType", "string", r#"iif(isempty(actor_user_name), "", "Simple")"#),
    ("TargetUserId", "string", "tostring(tolong(user_id))"),
    ("TargetUserIdType", "string", r#"iif(isnull(user_id), "", "Other")"#),
    ("TargetUsername", "string", "user_name"),
    (
        "TargetUsernameType",
        "string",
        r#"case(isempty(user_name), "", user_name contains "@", "UPN", "Simple")"#,
    ),
    ("TargetAppId", "string", "tostring(tolong(app_id))"),
    ("TargetAppName", "string", "app_name"),
    ("TargetAppType", "string", r#"iif(isempty(app_name), "", "SaaS application")"#),
    (
        "AdditionalFields",
        "dynamic",
        r#"pack("account_id", account_id, "policy_name", policy_name, "role_name", role_name, "custom_message", custom_message)"#,
    ),
];
