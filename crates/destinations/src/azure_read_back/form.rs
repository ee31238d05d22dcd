//! The form of `read_back`. Deliberately absent: reading what was written.

use model::{Form, FormField};

use super::{GRACE_SECONDS_DEFAULT, GRACE_SECONDS_MAX};
use crate::azure_logs_ingestion::{authority_field, identity_field};
use crate::written::providers_field;

/// The field `read_back`, of a destination that knows its workspace but has no identity, or the other way round.
pub(crate) fn field(knows_workspace: bool) -> FormField {
    let about = "Asks the workspace once an hour how many events it shows, and compares that with what was acknowledged.";
    let workspace =
        "In the Azure portal on the overview page of the Log Analytics workspace: Workspace ID.";
    let who = "Who asks; needs the role Log Analytics Reader on the workspace.";
    let grace = "For so many seconds after it was acknowledged an event may be invisible.";
    let text = FormField::text("workspace_id", "Workspace id", workspace)
        .example("33333333-3333-3333-3333-333333333333");
    let identity = identity_field(who);
    let (workspace, identity) = match knows_workspace {
        true => (text.advanced(), identity.required()),
        false => (text.required(), identity.advanced()),
    };
    let none = [("auth0", ""), ("onelogin", "")];
    let form = Form::of([
        workspace,
        identity,
        providers_field("tables", "Tables", "The table of each provider in the workspace, if it is another than the destination writes to.", &none)
            .advanced(),
        providers_field("time_column", "Columns of time", "The column of each provider's table that holds the event's own time.", &none)
            .advanced(),
        FormField::number("grace_seconds", "Grace", grace, (0, GRACE_SECONDS_MAX)).default(GRACE_SECONDS_DEFAULT).advanced(),
        FormField::address("endpoint", "Address of the query service", "Where to ask, if not the cloud's own service.")
            .example("https://api.loganalytics.azure.com")
            .advanced(),
        authority_field(),
        FormField::text("audience", "Audience", "What tokens for the question are for, where a service imitates Azure.")
            .example("https://api.loganalytics.io")
            .advanced(),
    ]);
    FormField::fields("read_back", "Reading back", about, form).advanced()
}
