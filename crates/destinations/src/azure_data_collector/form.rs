//! The form of the destination, for people who have the Azure portal open beside them.
//! Deliberately absent: reading what they wrote.

use model::{Form, FormField};

use super::{API_VERSION_DEFAULT, LOG_TYPES, POST_BYTES_DEFAULT, POST_BYTES_LEAST, POST_BYTES_MAX};
use crate::azure_read_back;
use crate::written::{cloud_field, providers_field, tenants_field};

/// The fields of the destination.
pub(super) fn form() -> Form {
    let key = "The primary or secondary key: on the workspace's page under Agents → Log Analytics agent instructions.";
    let address = "Another receiver that speaks the same protocol; https, or http to this machine.";
    let time = "Lets the service take TimeGenerated from the event where it can read it.";
    let resource = "The Azure resource that the events belong to, for the column _ResourceId.";
    Form::of([
        FormField::text(
            "workspace_id",
            "Workspace id",
            "In the Azure portal on the overview page of the Log Analytics workspace: Workspace ID.",
        )
        .example("33333333-3333-3333-3333-333333333333")
        .required(),
        FormField::secret("shared_key", "Workspace key", key).required(),
        providers_field("log_type", "Tables", "The table of each provider, without the ending _CL.", &LOG_TYPES),
        tenants_field(),
        FormField::address("log_analytics_uri", "Other address", address)
            .example("https://collector.example.com")
            .advanced(),
        FormField::number("post_bytes", "Size of a post", "The size at which a post is full, in bytes.", (POST_BYTES_LEAST, POST_BYTES_MAX as u64))
            .default(POST_BYTES_DEFAULT)
            .advanced(),
        FormField::flag("time_generated", "Times of the events", time).default(true).advanced(),
        FormField::text("resource_id", "Resource id", resource)
            .example("/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/security/providers/Microsoft.Example/things/one")
            .advanced(),
        azure_read_back::field(true),
        cloud_field(),
        FormField::text("api_version", "Version of the API", "As the service names it.").default(API_VERSION_DEFAULT).advanced(),
    ])
}
