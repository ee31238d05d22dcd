//! The configuration: what a user wrote, in a file or in the environment of the tools that doorledger replaces, made
//! into what the program needs. Every problem is found at once.
//!
//! Deliberately absent: fetching secrets (`net` does it, before `validate` sees the text) and the fields of providers and
//! destinations, which they check themselves.

mod environment;
mod file;
mod machine_identity;
mod public_url;
mod settings;

pub(crate) use environment::from_environment;
pub(crate) use file::{find, read};
pub(crate) use settings::{DEFAULT_LISTEN, Settings, read as read_settings};

use std::collections::HashSet;

use destinations::Destination;
use model::{Fields, NAME_HINT, Problem, SourceId, Timestamp, name_problem, nearest};
use serde_json::{Map, Value};
use sources::{PollSource, Provider, Receiver};

use crate::domains::Domains;

/// A configuration without problems.
pub(crate) struct Config {
    /// Where data lies, where we listen, limits.
    pub(crate) settings: Settings,
    /// Every configured way in.
    pub(crate) sources: Vec<ConfiguredSource>,
    /// Every configured way out.
    pub(crate) destinations: Vec<ConfiguredDestination>,
    /// Which domain a tenant has.
    pub(crate) domains: Domains,
}

/// What can be known of a configuration without its secrets, for commands that call nobody.
pub(crate) struct Outline {
    /// Where data lies, limits.
    pub(crate) settings: Settings,
    /// Every configured way out.
    pub(crate) destinations: Vec<PlannedDestination>,
    /// Which domain a tenant has.
    pub(crate) domains: Domains,
}

/// One way in.
pub(crate) struct ConfiguredSource {
    /// Its full name.
    pub(crate) id: SourceId,
    /// Who writes the events.
    pub(crate) provider: &'static dyn Provider,
    /// Asked, or waiting to be told.
    pub(crate) way: Way,
    /// When its secret expires, if that was told.
    pub(crate) secret_expires: Option<Timestamp>,
    /// What was written of it for its provider: a backfill starts the same source at another moment.
    pub(crate) written: Value,
    /// What was written of it beside that, which the configuration reads itself.
    pub(crate) beside: Map<String, Value>,
}

/// How a source works.
pub(crate) enum Way {
    /// It is asked, page by page.
    Poll(Box<dyn PollSource>),
    /// It is sent to us.
    Receive(std::sync::Arc<dyn Receiver>),
}

/// What the journal has to know of a way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedDestination {
    /// Its name; its offset in the journal is kept under it.
    pub(crate) name: String,
    /// Begin with what the journal holds, rather than with what comes from now on.
    pub(crate) from_beginning: bool,
}

/// One way out.
pub(crate) struct ConfiguredDestination {
    /// Its name, and where it begins.
    pub(crate) plan: PlannedDestination,
    /// The kind, as configured.
    pub(crate) kind: &'static str,
    /// When its secret expires, if that was told.
    pub(crate) secret_expires: Option<Timestamp>,
    /// The destination.
    pub(crate) destination: std::sync::Arc<dyn Destination>,
    /// What was written of it.
    pub(crate) written: Value,
}

/// Checks the whole configuration. `Err` holds every problem, with paths from the root of the document.
pub(crate) fn validate(written: &Value) -> Result<Config, Vec<Problem>> {
    let mut fields = Fields::of(written);
    let settings = settings::read(&mut fields);
    let sources = read_tenants(&mut fields);
    let destinations = read_destinations(&mut fields);
    let problems = fields.finish();
    if problems.is_empty() {
        let domains = Domains::of_document(written);
        Ok(Config { settings, sources, destinations, domains })
    } else {
        Err(problems)
    }
}

/// Checks what an entry of `tenants` holds, with paths from there: for a tenant that stands elsewhere.
pub(crate) fn tenant(written: &Value) -> Result<Vec<ConfiguredSource>, Vec<Problem>> {
    let mut fields = Fields::of(written);
    let sources = read_tenant(&mut fields, &mut HashSet::new());
    let problems = fields.finish();
    if problems.is_empty() { Ok(sources) } else { Err(problems) }
}

/// Reads what an [`Outline`] holds. Problems of sources, and of destinations apart from their names, are not told: the
/// command that asks does not depend on them.
pub(crate) fn outline(written: &Value) -> Result<Outline, Vec<Problem>> {
    let mut fields = Fields::of(written);
    let settings = settings::read(&mut fields);
    fields.value("tenants");
    let mut destinations = Vec::new();
    for (index, written) in list(&mut fields, "destinations").iter().enumerate() {
        let mut own = Fields::of(written);
        match read_plan(&mut own).1 {
            Some(plan) => destinations.push(plan),
            None => {
                let told = own
                    .finish()
                    .into_iter()
                    .filter(|it| ["name", "kind", ""].contains(&it.path.as_str()));
                fields.problems_under(&format!("destinations[{index}]"), told);
            }
        }
    }
    let problems = fields.finish();
    if problems.is_empty() {
        Ok(Outline { settings, destinations, domains: Domains::of_document(written) })
    } else {
        Err(problems)
    }
}

fn read_tenants(fields: &mut Fields<'_>) -> Vec<ConfiguredSource> {
    let mut seen = HashSet::new();
    let mut sources = Vec::new();
    for (index, tenant) in list(fields, "tenants").iter().enumerate() {
        let mut tenant_fields = Fields::of(tenant);
        let found = read_tenant(&mut tenant_fields, &mut seen);
        sources.extend(found);
        fields.problems_under(&format!("tenants[{index}]"), tenant_fields.finish());
    }
    sources
}

fn read_tenant(
    fields: &mut Fields<'_>,
    seen: &mut HashSet<(String, String)>,
) -> Vec<ConfiguredSource> {
    let name = fields
        .required_text("name", "a short name of the tenant, for example `acme-prod`")
        .map(str::to_owned);
    let provider = read_provider(fields);
    let written = fields.value("sources").cloned().unwrap_or(Value::Null);
    let (Some(name), Some(provider)) = (name, provider) else { return Vec::new() };
    if let Some(problem) = name_problem(&name) {
        fields.problem("name", problem, NAME_HINT);
    }
    if !seen.insert((provider.name().to_owned(), name.clone())) {
        fields.problem(
            "name",
            &format!("`{name}` is the name of two {} tenants", provider.title()),
            "rename one of them",
        );
    }
    let Some(written) = written.as_object().filter(|sources| !sources.is_empty()) else {
        let hint = format!(
            "add `{}: {{…}}` or `{}: {{…}}`",
            provider.poll_name(),
            provider.receive_name()
        );
        fields.problem("sources", "needs at least one source", &hint);
        return Vec::new();
    };
    let mut sources = Vec::new();
    for (source, written) in written {
        match read_source(provider, &name, source, written) {
            Ok(source) => sources.push(source),
            Err(problems) => fields.problems_under(&format!("sources.{source}"), problems),
        }
    }
    sources
}

fn read_provider(fields: &mut Fields<'_>) -> Option<&'static dyn Provider> {
    let known: Vec<&str> = sources::ALL.iter().map(|provider| provider.name()).collect();
    let name = fields.required_text("provider", &format!("choose one of: {}", known.join(", ")))?;
    let provider = sources::find(name);
    if provider.is_none() {
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("choose one of: {}", known.join(", ")),
        };
        fields.problem("provider", &format!("`{name}` is not a provider"), &hint);
    }
    provider
}

/// What the configuration itself reads of a source.
const BESIDE: [&str; 2] = ["kind", "secret_expires"];

/// A source's kind is its name, unless a `kind` field says otherwise: so a tenant can have two streams.
fn read_source(
    provider: &'static dyn Provider,
    tenant: &str,
    source: &str,
    written: &Value,
) -> Result<ConfiguredSource, Vec<Problem>> {
    let mut written = written.clone();
    let beside: Map<String, Value> = match written.as_object_mut() {
        Some(fields) => BESIDE.iter().filter_map(|name| fields.remove_entry(*name)).collect(),
        None => Map::new(),
    };
    let kind = match beside.get("kind") {
        Some(Value::String(kind)) => kind,
        Some(_) => return Err(vec![Problem::new("kind", "expected a text", "")]),
        None => source,
    };
    let secret_expires = beside.get("secret_expires").map(moment).transpose()?;
    if let Some(problem) = name_problem(source) {
        return Err(vec![Problem::new("", problem, NAME_HINT)]);
    }
    let way = if kind == provider.poll_name() {
        Way::Poll(provider.poll(&written)?)
    } else if kind == provider.receive_name() {
        Way::Receive(provider.receive(&written)?.into())
    } else {
        let known = [provider.poll_name(), provider.receive_name()];
        let hint = format!(
            "{} has `{}` and `{}`; give another name with `kind:`",
            provider.title(),
            known[0],
            known[1]
        );
        return Err(vec![Problem::new("", format!("`{kind}` is not a kind of source"), hint)]);
    };
    let id = SourceId {
        provider: provider.name().to_owned(),
        tenant: tenant.to_owned(),
        source: source.to_owned(),
    };
    Ok(ConfiguredSource { id, provider, way, secret_expires, written, beside })
}

fn read_destinations(fields: &mut Fields<'_>) -> Vec<ConfiguredDestination> {
    let mut seen = HashSet::new();
    let mut destinations = Vec::new();
    for (index, written) in list(fields, "destinations").iter().enumerate() {
        let path = format!("destinations[{index}]");
        match read_destination(written) {
            Ok(found) => {
                let name = &found.plan.name;
                if !seen.insert(name.clone()) {
                    let message = format!("`{name}` is the name of two destinations");
                    fields.problems_under(
                        &path,
                        [Problem::new("name", message, "rename one of them")],
                    );
                }
                destinations.push(found);
            }
            Err(problems) => fields.problems_under(&path, problems),
        }
    }
    destinations
}

/// Checks what an entry of `destinations` holds, with paths from there: for a destination that stands elsewhere, written by
/// somebody who may not have what this machine has.
pub(crate) fn destination(written: &Value) -> Result<ConfiguredDestination, Vec<Problem>> {
    let read = read_destination(written)?;
    let problems = machine_identity::problems(read.destination.as_ref());
    if problems.is_empty() { Ok(read) } else { Err(problems) }
}

fn read_destination(written: &Value) -> Result<ConfiguredDestination, Vec<Problem>> {
    let Some(object) = written.as_object() else {
        return Err(vec![Problem::new(
            "",
            "expected fields",
            "write `kind:` and the kind's fields",
        )]);
    };
    // What every destination has is taken out here; the rest belongs to the kind.
    let (mut own, mut rest) = (Map::new(), Map::new());
    for (name, value) in object {
        let target = if ["name", "kind", "start", "secret_expires"].contains(&name.as_str()) {
            &mut own
        } else {
            &mut rest
        };
        target.insert(name.clone(), value.clone());
    }
    let own = Value::Object(own);
    let mut fields = Fields::of(&own);
    let known: Vec<&str> = destinations::ALL.iter().map(|kind| kind.name()).collect();
    let (kind_name, plan) = read_plan(&mut fields);
    let secret_expires = fields.value("secret_expires").map(moment).transpose();
    let kind = kind_name.and_then(destinations::find);
    if let (Some(written), None) = (kind_name, kind) {
        let hint = match nearest(written, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("choose one of: {}", known.join(", ")),
        };
        fields.problem("kind", &format!("`{written}` is not a kind of destination"), &hint);
    }
    let mut problems = fields.finish();
    let secret_expires = secret_expires.unwrap_or_else(|wrong| {
        problems.extend(wrong);
        None
    });
    match (kind.map(|kind| (kind, kind.validate(&Value::Object(rest)))), plan) {
        (Some((kind, Ok(destination))), Some(plan)) if problems.is_empty() => {
            Ok(ConfiguredDestination {
                plan,
                kind: kind.name(),
                secret_expires,
                destination: destination.into(),
                written: written.clone(),
            })
        }
        (validated, _) => {
            problems.extend(validated.and_then(|(_, outcome)| outcome.err()).unwrap_or_default());
            Err(problems)
        }
    }
}

/// A date, or a moment.
fn moment(written: &Value) -> Result<Timestamp, Vec<Problem>> {
    let text = written.as_str().unwrap_or_default();
    let read = if text.len() == 10 { format!("{text}T00:00:00Z").parse() } else { text.parse() };
    read.map_err(|_| {
        let hint = "write 2027-01-31 or 2027-01-31T08:00:00Z";
        vec![Problem::new("secret_expires", "is no date", hint)]
    })
}

/// The kind as written, and what the journal has to know.
fn read_plan<'a>(fields: &mut Fields<'a>) -> (Option<&'a str>, Option<PlannedDestination>) {
    let known: Vec<&str> = destinations::ALL.iter().map(|kind| kind.name()).collect();
    let kind = fields.required_text("kind", &format!("choose one of: {}", known.join(", ")));
    let name = fields.text("name").or(kind).map(str::to_owned);
    let from_beginning =
        fields.choice("start", &[("beginning", true), ("now", false)]).unwrap_or(true);
    if let Some(problem) = name.as_deref().and_then(name_problem) {
        fields.problem("name", problem, NAME_HINT);
        return (kind, None);
    }
    (kind, name.map(|name| PlannedDestination { name, from_beginning }))
}

fn list<'a>(fields: &mut Fields<'a>, name: &'static str) -> &'a [Value] {
    match fields.value(name) {
        None => &[],
        Some(Value::Array(items)) => items,
        Some(_) => {
            fields.problem(name, "expected a list", "begin each entry with `- `");
            &[]
        }
    }
}
