//! Reading who we are to Entra, as a destination's settings tell it. Deliberately absent: obtaining the token (`net`).

use model::Fields;
use net::{Cloud, EntraCredential, EntraIdentity};
use serde_json::{Value, json};

use crate::written::address;

/// The credential in `identity`, `cloud`, `authority` and `audience`.
pub(super) fn written(fields: &mut Fields<'_>, cloud: Cloud) -> Option<EntraCredential> {
    let authority = authority(fields, cloud);
    let audience = fields.text("audience").unwrap_or(cloud.monitor_audience()).to_owned();
    let identity = identity(fields)?;
    Some(EntraCredential { authority: authority?, audience, identity })
}

/// Where tokens are issued: `authority`, or the cloud's own.
pub(crate) fn authority(fields: &mut Fields<'_>, cloud: Cloud) -> Option<String> {
    if fields.is_absent("authority") {
        fields.value("authority");
        return Some(cloud.authority().to_owned());
    }
    let url = address(fields, "authority", cloud.authority())?;
    Some(url.as_str().trim_end_matches('/').to_owned())
}

#[derive(Clone, Copy)]
pub(super) enum Way {
    ClientSecret,
    Managed,
    Workload,
}

/// The ways, as they are written.
pub(super) const WAYS: [(&str, Way); 3] =
    [("client_secret", Way::ClientSecret), ("managed", Way::Managed), ("workload", Way::Workload)];

/// Who we are to Microsoft Entra, from `identity`: `managed`, or fields with a `kind`.
pub fn identity(fields: &mut Fields<'_>) -> Option<EntraIdentity> {
    let written = match fields.value("identity") {
        None => {
            let hint = "write `identity: {kind: client_secret, tenant_id: …, client_id: …, client_secret: …}`, or \
                        `identity: managed`";
            fields.problem("identity", "is missing", hint);
            return None;
        }
        // The short form, enough for a system-assigned identity.
        Some(Value::String(kind)) => json!({ "kind": kind }),
        Some(other) => other.clone(),
    };
    let mut inner = Fields::of(&written);
    let identity = identity_fields(&mut inner);
    let problems = inner.finish();
    let whole = problems.is_empty();
    fields.problems_under("identity", problems);
    identity.filter(|_| whole)
}

fn identity_fields(fields: &mut Fields<'_>) -> Option<EntraIdentity> {
    if fields.is_absent("kind") {
        fields.problem("kind", "is missing", "choose one of: client_secret, managed, workload");
    }
    let Some(way) = fields.choice("kind", &WAYS) else {
        // What the other fields may be depends on the kind, so only the kind is told.
        for name in ["tenant_id", "client_id", "client_secret", "token_file"] {
            fields.value(name);
        }
        return None;
    };
    if matches!(way, Way::Managed) {
        let client_id = fields.text("client_id").map(str::to_owned);
        return Some(EntraIdentity::Managed { client_id });
    }
    let tenant_id = fields.required_text("tenant_id", "the directory's id, a GUID");
    let client_id = fields.required_text("client_id", "the application's id, a GUID");
    if matches!(way, Way::Workload) {
        let hint = "the file that AZURE_FEDERATED_TOKEN_FILE names";
        let token_file = fields.required_text("token_file", hint);
        return Some(EntraIdentity::Workload {
            tenant_id: tenant_id?.to_owned(),
            client_id: client_id?.to_owned(),
            token_file: token_file?.into(),
        });
    }
    let client_secret =
        fields.required_secret("client_secret", "the value of a client secret, not its id");
    Some(EntraIdentity::ClientSecret {
        tenant_id: tenant_id?.to_owned(),
        client_id: client_id?.to_owned(),
        client_secret: client_secret?,
    })
}
