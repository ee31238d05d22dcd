//! The columns of `OneLoginEventsV2_CL`: first those of Microsoft's connector by name and type (numbers are `real` there,
//! which holds ids up to 2^53 exactly; `TimeGenerated` comes from the lake), then every further member that the API or the
//! webhook is known to send, then what the event's type means.
//! Deliberately absent: how a value gets into a column (`crate::columns`).

use std::sync::LazyLock;

use model::{Column, ColumnType, EventContext, RowWriter, TableSchema};

use super::types;
use crate::columns::{As, Field, Filled, Mapping, position};

/// The table, without the columns that the lake adds to every table.
pub(crate) static TABLE: TableSchema =
    TableSchema { name: "OneLoginEventsV2_CL", columns: COLUMNS };

static COLUMNS: &[Column] = &[
    column("EventId", ColumnType::Real, "Id of the event in the API; null in webhook events."),
    column("AppName", ColumnType::String, "Name of the app."),
    column("AppId", ColumnType::Real, "Id of the app."),
    column("RoleName", ColumnType::String, "Name of the role."),
    column("RoleId", ColumnType::Real, "Id of the role."),
    column("PolicyName", ColumnType::String, "Name of the policy."),
    column("PolicyId", ColumnType::Real, "Id of the policy."),
    column("PolicyType", ColumnType::String, "Kind of the policy."),
    column("UserId", ColumnType::Real, "Id of the user who was acted upon."),
    column("UserName", ColumnType::String, "Display name of that user, not the login name."),
    column("ActorSystem", ColumnType::String, "The system that acted, if it was no person."),
    column("CustomMessage", ColumnType::String, "Further text."),
    column("AccountId", ColumnType::Real, "Id of the OneLogin account."),
    column("Ipaddr", ColumnType::String, "Address of the machine that was used."),
    column("ActorUserName", ColumnType::String, "Display name of the user who acted."),
    column("ActorUserId", ColumnType::Real, "Id of the user who acted."),
    column(
        "Notes",
        ColumnType::String,
        "Free text: way of authentication, transitions, correlation id.",
    ),
    column("EventTypeId", ColumnType::Real, "Number of the event's type."),
    column("EventTimestamp", ColumnType::String, "When it happened, as OneLogin writes it."),
    column("Uuid", ColumnType::String, "Id of the event in webhooks; null in API events."),
    column(
        "CreateId",
        ColumnType::String,
        "Id of the message that created the event; in webhooks only.",
    ),
    column("AdcId", ColumnType::Long, "Id of the Active Directory connector."),
    column("AdcName", ColumnType::String, "Name of the Active Directory connector."),
    column("ApiCredentialName", ColumnType::String, "Name of the API credential that was used."),
    column(
        "AssumedBySuperadminOrReseller",
        ColumnType::Bool,
        "Whether a super-administrator or reseller acted as somebody else.",
    ),
    column("AssumingActingUserId", ColumnType::Long, "Id of the user who acted as the actor."),
    column("AuthenticationFactorDescription", ColumnType::String, "The factor in words."),
    column("AuthenticationFactorId", ColumnType::Long, "Id of the factor."),
    column("AuthenticationFactorType", ColumnType::Long, "Number of the factor's kind."),
    column("BrowserFingerprint", ColumnType::String, "Fingerprint of the browser."),
    column("CertificateId", ColumnType::String, "Id of the certificate."),
    column("CertificateName", ColumnType::String, "Name of the certificate."),
    column(
        "ClientId",
        ColumnType::String,
        "Client id of the API credential that caused the event.",
    ),
    column("DirectoryId", ColumnType::Long, "Id of the directory."),
    column("DirectoryName", ColumnType::String, "Name of the directory."),
    column(
        "DirectorySyncRunId",
        ColumnType::Long,
        "Id of the run of the directory synchronization.",
    ),
    column("Entity", ColumnType::String, "The thing that was acted upon."),
    column("ErrorDescription", ColumnType::String, "Why provisioning failed."),
    column("GroupId", ColumnType::Long, "Id of the group."),
    column("GroupName", ColumnType::String, "Name of the group."),
    column("ImportedUserId", ColumnType::Long, "Id of the imported user."),
    column("ImportedUserName", ColumnType::String, "Name of the imported user."),
    column("JobId", ColumnType::Long, "Id of the job."),
    column("JobName", ColumnType::String, "Name of the job."),
    column("LoginId", ColumnType::Long, "Id of the login of an app."),
    column("LoginName", ColumnType::String, "Name of the login of an app."),
    column("MappingId", ColumnType::Long, "Id of the mapping."),
    column("MappingName", ColumnType::String, "Name of the mapping."),
    column("NoteId", ColumnType::Long, "Id of the secure note."),
    column("NoteTitle", ColumnType::String, "Title of the secure note."),
    column("ObjectId", ColumnType::Long, "Id of the object."),
    column("OperationName", ColumnType::String, "Name of the operation."),
    column("OtpDeviceId", ColumnType::Long, "Id of the device of the second factor."),
    column("OtpDeviceName", ColumnType::String, "Name of the device of the second factor."),
    column("Param", ColumnType::String, "Parameter of the operation."),
    column("PrivilegeId", ColumnType::Long, "Id of the privilege."),
    column("PrivilegeName", ColumnType::String, "Name of the privilege; in webhooks only."),
    column("ProxyAgentId", ColumnType::Long, "Id of the proxy agent."),
    column("ProxyAgentName", ColumnType::String, "Name of the proxy agent."),
    column("ProxyIp", ColumnType::String, "Address of a proxy on the way."),
    column("RadiusConfigId", ColumnType::Long, "Id of the RADIUS configuration."),
    column("RadiusConfigName", ColumnType::String, "Name of the RADIUS configuration."),
    column("ReportId", ColumnType::Long, "Id of the report."),
    column("ReportName", ColumnType::String, "Name of the report."),
    column("Resolution", ColumnType::String, "How the matter was resolved: a number or a word."),
    column("ResolvedAt", ColumnType::DateTime, "When the matter was resolved."),
    column("ResolvedByUserId", ColumnType::Long, "Id of the user who resolved it."),
    column("ResourceTypeId", ColumnType::Long, "Number of the kind of resource."),
    column(
        "RiskCookieId",
        ColumnType::String,
        "Id of the cookie by which a browser is known again.",
    ),
    column("RiskReasons", ColumnType::String, "Why the risk was set so, one reason a line."),
    column("RiskScore", ColumnType::Long, "Risk from 0 to 100."),
    column("SafeToUnescape", ColumnType::Bool, "Whether names may be unescaped for display."),
    column("SelfRegistrationProfileId", ColumnType::Long, "Id of the self-registration profile."),
    column(
        "SelfRegistrationProfileName",
        ColumnType::String,
        "Name of the self-registration profile.",
    ),
    column("ServiceDirectoryId", ColumnType::Long, "Id of the service directory."),
    column("ServiceJobId", ColumnType::Long, "Id of the service job."),
    column("ServiceJobName", ColumnType::String, "Name of the service job."),
    column("Solved", ColumnType::Bool, "Whether the matter is solved."),
    column("TaskId", ColumnType::Long, "Id of the task."),
    column("TaskName", ColumnType::String, "Name of the task."),
    column("TrustedIdpId", ColumnType::Long, "Id of the trusted identity provider."),
    column("TrustedIdpName", ColumnType::String, "Name of the trusted identity provider."),
    column("UserAgent", ColumnType::String, "User agent as the browser sent it; in webhooks only."),
    column("UserAttributesUsername", ColumnType::String, "Login name of the user."),
    column("UserAttributesAccountId", ColumnType::Long, "Account of the user."),
    column("UserAttributesFirstname", ColumnType::String, "First name of the user."),
    column("UserAttributesLastname", ColumnType::String, "Last name of the user."),
    column("UserAttributesEmail", ColumnType::String, "E-mail address of the user."),
    column("UserAttributesDepartment", ColumnType::String, "Department of the user."),
    column("UserAttributesTitle", ColumnType::String, "Title of the user."),
    column("UserAttributesOpenidName", ColumnType::String, "OpenID name of the user."),
    column("UserFieldId", ColumnType::String, "Id of the custom field."),
    column("UserFieldName", ColumnType::String, "Name of the custom field."),
    column(
        "EventTypeName",
        ColumnType::String,
        "Name of the event's type: `USER_LOGGED_INTO_ONELOGIN`.",
    ),
    column(
        "EventCategory",
        ColumnType::String,
        "Category of the event's type; null for an unknown type.",
    ),
    column(
        "EventOutcome",
        ColumnType::String,
        "`success`, `failure` or `info`; null for an unknown type.",
    ),
];

const fn column(name: &'static str, kind: ColumnType, about: &'static str) -> Column {
    Column { name, kind, about }
}

/// Member, column, way. Of two members for one column the first that is written wins.
static FIELDS: &[Field] = &[
    ("id", "EventId", As::Value),
    ("app_name", "AppName", As::Value),
    ("app_id", "AppId", As::Value),
    ("role_name", "RoleName", As::Value),
    ("role_id", "RoleId", As::Value),
    ("policy_name", "PolicyName", As::Value),
    ("policy_id", "PolicyId", As::Value),
    ("policy_type", "PolicyType", As::Value),
    ("user_id", "UserId", As::Value),
    ("user_name", "UserName", As::Value),
    ("actor_system", "ActorSystem", As::Value),
    ("custom_message", "CustomMessage", As::Value),
    ("account_id", "AccountId", As::Value),
    ("ipaddr", "Ipaddr", As::Value),
    ("actor_user_name", "ActorUserName", As::Value),
    ("actor_user_id", "ActorUserId", As::Value),
    ("notes", "Notes", As::Value),
    ("event_type_id", "EventTypeId", As::EventType),
    ("created_at", "EventTimestamp", As::Value),
    ("event_timestamp", "EventTimestamp", As::Value),
    ("uuid", "Uuid", As::Value),
    ("create", "CreateId", As::InnerId),
    ("adc_id", "AdcId", As::Value),
    ("adc_name", "AdcName", As::Value),
    ("api_credential_name", "ApiCredentialName", As::Value),
    ("assumed_by_superadmin_or_reseller", "AssumedBySuperadminOrReseller", As::Value),
    ("assuming_acting_user_id", "AssumingActingUserId", As::Value),
    ("authentication_factor_description", "AuthenticationFactorDescription", As::Value),
    ("authentication_factor_id", "AuthenticationFactorId", As::Value),
    ("authentication_factor_type", "AuthenticationFactorType", As::Value),
    ("browser_fingerprint", "BrowserFingerprint", As::Value),
    ("certificate_id", "CertificateId", As::Value),
    ("certificate_name", "CertificateName", As::Value),
    ("client_id", "ClientId", As::Value),
    ("directory_id", "DirectoryId", As::Value),
    ("directory_name", "DirectoryName", As::Value),
    ("directory_sync_run_id", "DirectorySyncRunId", As::Value),
    ("entity", "Entity", As::Value),
    ("error_description", "ErrorDescription", As::Value),
    ("group_id", "GroupId", As::Value),
    ("group_name", "GroupName", As::Value),
    ("imported_user_id", "ImportedUserId", As::Value),
    ("imported_user_name", "ImportedUserName", As::Value),
    ("job_id", "JobId", As::Value),
    ("job_name", "JobName", As::Value),
    ("login_id", "LoginId", As::Value),
    ("login_name", "LoginName", As::Value),
    ("mapping_id", "MappingId", As::Value),
    ("mapping_name", "MappingName", As::Value),
    ("note_id", "NoteId", As::Value),
    ("note_title", "NoteTitle", As::Value),
    ("object_id", "ObjectId", As::Value),
    ("operation_name", "OperationName", As::Value),
    ("otp_device_id", "OtpDeviceId", As::Value),
    ("otp_device_name", "OtpDeviceName", As::Value),
    ("param", "Param", As::Value),
    ("privilege_id", "PrivilegeId", As::Value),
    ("privilege_name", "PrivilegeName", As::Value),
    ("proxy_agent_id", "ProxyAgentId", As::Value),
    ("proxy_agent_name", "ProxyAgentName", As::Value),
    ("proxy_ip", "ProxyIp", As::Value),
    ("radius_config_id", "RadiusConfigId", As::Value),
    ("radius_config_name", "RadiusConfigName", As::Value),
    ("report_id", "ReportId", As::Value),
    ("report_name", "ReportName", As::Value),
    ("resolution", "Resolution", As::Value),
    ("resolved_at", "ResolvedAt", As::Value),
    ("resolved_by_user_id", "ResolvedByUserId", As::Value),
    ("resource_type_id", "ResourceTypeId", As::Value),
    ("risk_cookie_id", "RiskCookieId", As::Value),
    ("risk_reasons", "RiskReasons", As::Joined("\n")),
    ("risk_score", "RiskScore", As::Value),
    ("safe_to_unescape", "SafeToUnescape", As::Value),
    ("self_registration_profile_id", "SelfRegistrationProfileId", As::Value),
    ("self_registration_profile_name", "SelfRegistrationProfileName", As::Value),
    ("service_directory_id", "ServiceDirectoryId", As::Value),
    ("service_job_id", "ServiceJobId", As::Value),
    ("service_job_name", "ServiceJobName", As::Value),
    ("solved", "Solved", As::Value),
    ("task_id", "TaskId", As::Value),
    ("task_name", "TaskName", As::Value),
    ("trusted_idp_id", "TrustedIdpId", As::Value),
    ("trusted_idp_name", "TrustedIdpName", As::Value),
    ("user_agent", "UserAgent", As::Value),
    ("user_attributes_username", "UserAttributesUsername", As::Value),
    ("user_attributes_account_id", "UserAttributesAccountId", As::Value),
    ("user_attributes_firstname", "UserAttributesFirstname", As::Value),
    ("user_attributes_lastname", "UserAttributesLastname", As::Value),
    ("user_attributes_email", "UserAttributesEmail", As::Value),
    ("user_attributes_department", "UserAttributesDepartment", As::Value),
    ("user_attributes_title", "UserAttributesTitle", As::Value),
    ("user_attributes_openid_name", "UserAttributesOpenidName", As::Value),
    ("user_field_id", "UserFieldId", As::Value),
    ("user_field_name", "UserFieldName", As::Value),
];

static MAPPING: LazyLock<Mapping> = LazyLock::new(|| Mapping::new(&TABLE, FIELDS, &[]));
static DERIVED: LazyLock<Derived> = LazyLock::new(Derived::new);

/// Positions of the columns that no member fills directly.
struct Derived {
    name: usize,
    category: usize,
    outcome: usize,
}

impl Derived {
    fn new() -> Self {
        let at = |name| position(&TABLE, name).unwrap_or(usize::MAX);
        Self {
            name: at("EventTypeName"),
            category: at("EventCategory"),
            outcome: at("EventOutcome"),
        }
    }
}

/// Sets the columns of one event.
pub(crate) fn fill(raw: &[u8], context: EventContext<'_>, row: &mut dyn RowWriter) {
    let derived = &*DERIVED;
    let mut filled = Filled::default();
    let Some(id) = MAPPING.fill(raw, context, &mut filled, row) else { return };
    let id = id.strip_suffix(".0").unwrap_or(&id);
    match types::find(id) {
        Some(known) => {
            row.string(derived.name, known.name);
            row.string(derived.category, known.category);
            row.string(derived.outcome, known.outcome);
        }
        // OneLogin adds types faster than anybody lists them; the number alone still tells them apart.
        None => row.string(derived.name, &format!("UNKNOWN_{id}")),
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
        let derived = Derived::new();
        for at in [derived.name, derived.category, derived.outcome] {
            assert!(at < TABLE.columns.len());
        }
    }

    #[test]
    fn the_first_columns_are_those_of_the_vendors_connector() {
        let expected = [
            ("EventId", ColumnType::Real),
            ("AppName", ColumnType::String),
            ("AppId", ColumnType::Real),
            ("RoleName", ColumnType::String),
            ("RoleId", ColumnType::Real),
            ("PolicyName", ColumnType::String),
            ("PolicyId", ColumnType::Real),
            ("PolicyType", ColumnType::String),
            ("UserId", ColumnType::Real),
            ("UserName", ColumnType::String),
            ("ActorSystem", ColumnType::String),
            ("CustomMessage", ColumnType::String),
            ("AccountId", ColumnType::Real),
            ("Ipaddr", ColumnType::String),
            ("ActorUserName", ColumnType::String),
            ("ActorUserId", ColumnType::Real),
            ("Notes", ColumnType::String),
            ("EventTypeId", ColumnType::Real),
            ("EventTimestamp", ColumnType::String),
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
}
