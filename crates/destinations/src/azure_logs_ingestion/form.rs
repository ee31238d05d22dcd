//! The form of the destination, and of who we are to Entra, for people who have the Azure portal open beside them.
//! Deliberately absent: reading what they wrote.

use model::{Choice, Form, FormField};

use super::STREAMS;
use super::identity::WAYS;
use crate::azure_read_back;
use crate::written::{cloud_field, providers_field, tenants_field};

/// The fields of the destination.
pub(super) fn form() -> Form {
    let endpoint = "The logs ingestion address: in the Azure portal on the overview page of the data collection endpoint, \
                    or in the JSON view of the rule itself if it is of kind Direct (logsIngestion).";
    let rule = "On the overview page of the data collection rule → JSON View → immutableId. The identity needs the role \
                Monitoring Metrics Publisher on this rule.";
    let shape = "columns sends what Microsoft's own connectors send, so that their tables and workbooks go on working; \
                 raw sends one form for all providers, with the whole event in RawEvent.";
    let raw_event = "With the shape columns: sends the whole event too, as a further column RawEvent, which stream and \
                     table must declare.";
    Form::of([
        FormField::address("endpoint", "Logs ingestion address", endpoint)
            .example("https://collect-ab12.westeurope-1.ingest.monitor.azure.com")
            .required(),
        FormField::text("dcr_immutable_id", "Immutable id of the data collection rule", rule)
            .example("dcr-0123456789abcdef0123456789abcdef")
            .required(),
        identity_field("Who we are to Microsoft Entra.").required(),
        providers_field(
            "streams",
            "Streams",
            "The stream of each provider, as the data collection rule declares it.",
            &STREAMS,
        )
        .advanced(),
        FormField::choice("shape", "Shape", shape, &super::SHAPES.map(|(name, _)| name))
            .default("columns")
            .advanced(),
        FormField::flag("raw_event", "With the whole event", raw_event).default(false).advanced(),
        tenants_field(),
        azure_read_back::field(false),
        cloud_field(),
        authority_field(),
        FormField::text(
            "audience",
            "Audience",
            "What tokens are for, where a service imitates Azure.",
        )
        .example("https://monitor.azure.com")
        .advanced(),
    ])
}

/// The field `authority`.
pub(crate) fn authority_field() -> FormField {
    let about = "Where tokens are issued, if not where the cloud issues them.";
    FormField::address("authority", "Issuer of tokens", about)
        .example("https://login.microsoftonline.com")
        .advanced()
}

/// The field `identity`.
pub(crate) fn identity_field(about: &str) -> FormField {
    let [secret, managed, workload] = WAYS.map(|(name, _)| name);
    let kind = "An app registration with a client secret, the managed identity of the machine that this runs on, or a \
                workload identity (Kubernetes and other issuers of federated tokens).";
    let tenant =
        "Microsoft Entra ID → App registrations → the application → Directory (tenant) ID.";
    let client = "On the same page: Application (client) ID. For a managed identity only if it is a user-assigned one.";
    let value = "On the application's page: Certificates & secrets → Client secrets → Value (not the id of the secret).";
    let file = "The file that AZURE_FEDERATED_TOKEN_FILE names; it is read anew for each token.";
    let guid = "22222222-2222-2222-2222-222222222222";
    let form = Form::of([
        FormField::choice("kind", "Kind", kind, &[secret, managed, workload]),
        FormField::text("tenant_id", "Directory (tenant) id", tenant)
            .example("11111111-1111-1111-1111-111111111111"),
        FormField::text("client_id", "Application (client) id", client).example(guid),
        FormField::secret("client_secret", "Client secret", value),
        FormField::text("token_file", "Token file", file)
            .example("/var/run/secrets/azure/tokens/azure-identity-token"),
    ])
    .one_of(
        "Kind",
        &[
            Choice {
                said_by: Some(("kind", secret)),
                ..Choice::of("App registration", &["tenant_id", "client_id", "client_secret"], &[])
            },
            Choice {
                said_by: Some(("kind", managed)),
                ..Choice::of("Managed identity", &[], &["client_id"])
            },
            Choice {
                said_by: Some(("kind", workload)),
                ..Choice::of("Workload identity", &["tenant_id", "client_id", "token_file"], &[])
            },
        ],
    );
    FormField::fields("identity", "Identity", about, form)
}
