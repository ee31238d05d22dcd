//! Reading the settings that several destinations share: addresses, tenants, clouds, names by provider.
//! Deliberately absent: what only one destination asks for.

use model::{Fields, Form, FormField};
use net::{Cloud, is_https_or_loopback};
use serde_json::Value;
use url::Url;

/// The address in `name`: https, or http to this machine; no query, no fragment, no credentials. `None` if absent or wrong.
pub(crate) fn address(fields: &mut Fields<'_>, name: &'static str, example: &str) -> Option<Url> {
    let text = fields.text(name)?;
    let hint = format!("write it like {example}");
    match Url::parse(text) {
        Ok(url) if !is_https_or_loopback(&url) => {
            fields.problem(name, "must begin with https:// (http only to this machine)", &hint);
            None
        }
        Ok(url)
            if url.query().is_some()
                || url.fragment().is_some()
                || !url.username().is_empty()
                || url.password().is_some() =>
        {
            fields.problem(name, "must be a plain address, without query or credentials", &hint);
            None
        }
        Ok(url) => Some(url),
        Err(_) => {
            fields.problem(name, "is not an address", &hint);
            None
        }
    }
}

/// The cloud in `cloud`; the public one if nothing is written.
pub(crate) fn cloud(fields: &mut Fields<'_>) -> Cloud {
    fields.choice("cloud", &Cloud::NAMES).unwrap_or_default()
}

/// Names by provider, from `name`: one text for all of them, or fields `provider: text`. What is not written keeps its
/// default. `valid` says what a name may look like; `rule` says it to the user.
pub(crate) fn names_by_provider(
    fields: &mut Fields<'_>,
    name: &'static str,
    defaults: &[(&str, &str)],
    valid: fn(&str) -> bool,
    rule: &str,
) -> Vec<(String, String)> {
    let mut names: Vec<(String, String)> = defaults
        .iter()
        .map(|(provider, name)| ((*provider).to_owned(), (*name).to_owned()))
        .collect();
    match fields.value(name) {
        None => {}
        Some(Value::String(one)) if valid(one) => {
            names.iter_mut().for_each(|(_, name)| name.clone_from(one));
        }
        Some(Value::Object(written)) => {
            for (provider, value) in written {
                let path = format!("{name}.{provider}");
                let Some((_, name)) = names.iter_mut().find(|(known, _)| known == provider) else {
                    let known: Vec<&str> = defaults.iter().map(|(known, _)| *known).collect();
                    let hint = format!("known providers: {}", known.join(", "));
                    fields.problem(&path, "is not a provider", &hint);
                    continue;
                };
                match value.as_str().filter(|text| valid(text)) {
                    Some(text) => text.clone_into(name),
                    None => fields.problem(&path, "is not a possible name", rule),
                }
            }
        }
        Some(_) => fields.problem(name, "is not a possible name", rule),
    }
    names
}

/// The field of [`names_by_provider`]: one text for each provider; an empty default is none.
pub(crate) fn providers_field(
    name: &'static str,
    title: &str,
    about: &str,
    defaults: &[(&'static str, &str)],
) -> FormField {
    let fields = defaults.iter().map(|(provider, default)| {
        let field = FormField::text(provider, provider, &format!("For events of {provider}."));
        if default.is_empty() { field.example("Events_CL") } else { field.default(*default) }
    });
    FormField::fields_or_text(name, title, about, Form::of(fields))
}

/// The field `tenants`.
pub(crate) fn tenants_field() -> FormField {
    let about =
        "The names of the tenants whose events are sent. Leave it out to send those of all.";
    FormField::texts("tenants", "Tenants", about).example(Value::from(vec!["acme"])).advanced()
}

/// The field `cloud`.
pub(crate) fn cloud_field() -> FormField {
    let about = "Which of Microsoft's clouds the workspace is in.";
    FormField::choice("cloud", "Cloud", about, &Cloud::NAMES.map(|(name, _)| name))
        .default("public")
        .advanced()
}

/// The tenants that a destination is limited to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TenantFilter(Option<Vec<String>>);

impl TenantFilter {
    /// From `tenants`: all of them if nothing is written.
    pub(crate) fn written(fields: &mut Fields<'_>) -> Self {
        let absent = fields.is_absent("tenants");
        let tenants = fields.texts("tenants");
        if !absent && tenants.is_empty() {
            fields.problem(
                "tenants",
                "names no tenant",
                "leave it out to send the events of all tenants",
            );
        }
        Self((!absent).then(|| tenants.into_iter().map(str::to_owned).collect()))
    }

    /// Whether events of this tenant are sent.
    pub(crate) fn takes(&self, tenant: &str) -> bool {
        self.0.as_ref().is_none_or(|tenants| tenants.iter().any(|wanted| wanted == tenant))
    }
}
