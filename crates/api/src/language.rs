//! `/api/v1/kql/…` and `/api/v1/schema`: what an editor asks while a query is written, answered by the same reader and the
//! same catalog that answer the query. Every place is counted in UTF-16 code units.
//! Deliberately absent: running anything, and the language itself (`kql`).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::{Request, StatusCode};
use kql::catalog::{Catalog, Lender};
use kql::{BindOptions, CompletionKind, Severity};
use model::{QueryError, QueryErrorKind};

pub(crate) mod shapes;
mod values;

use self::shapes::{
    Checked, ColumnShown, Finding, Formatted, FunctionShown, Gravity, HoverShown, MadeQuery,
    ParameterShown, Place, Proposal, Proposals, ReadAs, Schema, Searched, SignatureShown,
    Signatures, Stretch, TableKind, TableShown, Text, TokenShown,
};
pub(crate) use self::values::FrequentValues;
use self::values::Written;
use crate::api::Shared;
use crate::json_body::read_json;
use crate::problem::HttpProblem;
use crate::utf16::Utf16;

/// Stored functions without required parameters whose columns are told in the schema, at most.
const STORED_TABLES_MAX: usize = 64;
/// How tables of events end, as Log Analytics names what comes from outside; what is told of the collecting itself does not.
const EVENT_TABLE_END: &str = "_CL";

/// `POST /api/v1/kql/check`
pub(crate) async fn check(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<Checked>, HttpProblem> {
    let Text { query } = read_json(&shared, request).await?;
    let now = shared.clock.now();
    lent(&shared, move |catalog| checked(&query, now, catalog)).await
}

/// `POST /api/v1/kql/complete`
pub(crate) async fn complete(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<Proposals>, HttpProblem> {
    let Place { query, position } = read_json(&shared, request).await?;
    let asked = lent(&shared, move |catalog| {
        let at = Utf16::of(&query).byte_at(position);
        let written = values::written(&query, at, catalog);
        (proposals(&query, position, catalog), written.map(|written| placed(&query, written)))
    });
    let Json((mut found, written)) = asked.await?;
    if let Some((written, from, to)) = written {
        let values = values::proposals(&shared, &written);
        // Inside of quotes nothing else fits; where none are written yet, values come before the rest.
        if written.is_quoted() {
            found = Proposals { from, to, items: Vec::new() };
        }
        found.items.splice(0..0, values);
    }
    Ok(Json(found))
}

/// `POST /api/v1/kql/hover`
pub(crate) async fn hover(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<Option<HoverShown>>, HttpProblem> {
    let Place { query, position } = read_json(&shared, request).await?;
    lent(&shared, move |catalog| {
        let places = Utf16::of(&query);
        let found = kql::hover(&query, places.byte_at(position), catalog)?;
        Some(HoverShown {
            start: places.units_before(found.span.start),
            end: places.units_before(found.span.end),
            title: query.get(found.span).unwrap_or_default().to_owned(),
            text: found.text,
        })
    })
    .await
}

/// `POST /api/v1/kql/signature`
pub(crate) async fn signature(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<Option<Signatures>>, HttpProblem> {
    let Place { query, position } = read_json(&shared, request).await?;
    lent(&shared, move |catalog| {
        let at = Utf16::of(&query).byte_at(position);
        kql::signature_help(&query, at, catalog).map(signatures)
    })
    .await
}

/// `POST /api/v1/kql/format`
pub(crate) async fn format(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<Formatted>, HttpProblem> {
    let Text { query } = read_json(&shared, request).await?;
    lent(&shared, move |_| kql::format(&query))
        .await?
        .0
        .map_err(unreadable)
        .map(|query| Json(Formatted { query }))
}

/// `POST /api/v1/kql/words`
pub(crate) async fn words(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<MadeQuery>, HttpProblem> {
    let Searched { text, table } = read_json(&shared, request).await?;
    lent(&shared, move |catalog| {
        let table = table.clone().unwrap_or_else(|| first_table(catalog));
        let kql::Words { query, form, notes } = kql::words(&text, &table, catalog);
        let form = match form {
            kql::WordsForm::Kql => ReadAs::Kql,
            kql::WordsForm::Lucene => ReadAs::Lucene,
            kql::WordsForm::Words => ReadAs::Words,
        };
        MadeQuery { query, form, notes }
    })
    .await
}

/// The first table of events, by name; what is searched where nobody says which.
fn first_table(catalog: &dyn Catalog) -> String {
    let mut names = catalog.tables();
    names.sort();
    let holds_events = |name: &String| name.ends_with(EVENT_TABLE_END);
    names.into_iter().find(holds_events).unwrap_or_default()
}

/// `GET /api/v1/schema`
pub(crate) async fn schema(State(shared): State<Arc<Shared>>) -> Result<Json<Schema>, HttpProblem> {
    lent(&shared, schema_of).await
}

/// Asks the catalog on a thread that may take its time and has a large stack: the text is a stranger's.
pub(crate) async fn lent<T: Send + 'static>(
    shared: &Shared,
    mut ask: impl FnMut(&dyn Catalog) -> T + Send + 'static,
) -> Result<Json<T>, HttpProblem> {
    let lender: Arc<dyn Lender> = shared.catalog.clone();
    let asked = tokio::task::spawn_blocking(move || {
        let mut answer = None;
        lender.lend(&mut |catalog| answer = Some(ask(catalog)));
        answer
    });
    asked.await.ok().flatten().map(Json).ok_or_else(|| {
        let detail = "the catalog did not answer";
        HttpProblem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    })
}

/// What is wrong with a text that cannot be read.
pub(crate) fn unreadable(diagnostics: Vec<kql::Diagnostic>) -> HttpProblem {
    let first = diagnostics.into_iter().next();
    HttpProblem::from(first.map_or_else(
        || QueryError {
            kind: QueryErrorKind::Syntax,
            code: String::new(),
            message: "the query cannot be read".to_owned(),
            span: None,
            hint: String::new(),
        },
        |found| QueryError {
            kind: QueryErrorKind::Syntax,
            code: found.code.name().to_owned(),
            message: found.message,
            span: Some((found.span.start, found.span.end)),
            hint: found.hint.unwrap_or_default(),
        },
    ))
}

/// A string with its place as browsers count.
fn placed(query: &str, written: Written) -> (Written, usize, usize) {
    let places = Utf16::of(query);
    let (from, to) = (places.units_before(written.from), places.units_before(written.to));
    (written, from, to)
}

fn checked(query: &str, now: model::Timestamp, catalog: &dyn Catalog) -> Checked {
    let places = Utf16::of(query);
    let stretch = |span: kql::Span| Stretch {
        start: places.units_before(span.start),
        end: places.units_before(span.end),
    };
    let options = BindOptions { now: ticks(now), ..BindOptions::default() };
    let bound = kql::bind(query, catalog, &options);
    let last = bound.statements.last().filter(|_| bound.is_clean() && bound.pending.is_none());
    let columns = last.map(|statement| shown(&statement.plan.fields));
    let tokens = kql::highlight(query, catalog).into_iter().map(|found| {
        let Stretch { start, end } = stretch(found.span);
        TokenShown { start, end, kind: found.kind.name() }
    });
    let findings = bound.diagnostics.iter().map(|found| {
        let Stretch { start, end } = stretch(found.span.clone());
        Finding {
            start,
            end,
            severity: match found.severity {
                Severity::Error => Gravity::Error,
                Severity::Warning => Gravity::Warning,
            },
            code: found.code.name(),
            message: found.message.clone(),
            hint: found.hint.clone().unwrap_or_default(),
        }
    });
    let parse = kql::parse(query);
    let statements = parse.tree.root().nodes().map(|node| stretch(node.span()));
    Checked {
        tokens: tokens.collect(),
        diagnostics: findings.collect(),
        columns,
        statements: statements.collect(),
    }
}

/// Ticks of 100 ns from year 1 to 1970.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

fn ticks(now: model::Timestamp) -> i64 {
    now.as_microsecond().saturating_mul(10).saturating_add(UNIX_EPOCH_TICKS)
}

fn shown(fields: &[kql::plan::Field]) -> Vec<ColumnShown> {
    let column = |field: &kql::plan::Field| ColumnShown {
        name: field.name.as_str().to_owned(),
        kind: field.ty.name(),
    };
    fields.iter().map(column).collect()
}

fn proposals(query: &str, position: usize, catalog: &dyn Catalog) -> Proposals {
    let places = Utf16::of(query);
    let found = kql::complete(query, places.byte_at(position), catalog);
    let item = |item: kql::Completion| Proposal {
        label: item.label,
        kind: kind_name(item.kind),
        detail: item.detail,
        text: item.doc,
        insert: item.insert,
    };
    Proposals {
        from: places.units_before(found.replace.start),
        to: places.units_before(found.replace.end),
        items: found.items.into_iter().map(item).collect(),
    }
}

const fn kind_name(kind: CompletionKind) -> &'static str {
    match kind {
        CompletionKind::Column => "column",
        CompletionKind::Variable => "variable",
        CompletionKind::Table => "table",
        CompletionKind::Function => "function",
        CompletionKind::Aggregate => "aggregate",
        CompletionKind::Operator => "operator",
        CompletionKind::Keyword => "keyword",
        CompletionKind::Type => "type",
    }
}

fn signatures(help: kql::SignatureHelp) -> Signatures {
    let one = |form: &String| {
        let label = format!("{}({form})", help.name);
        let parameters = parameters(&label, help.name.len() + 1);
        SignatureShown { label, parameters, text: help.doc.clone() }
    };
    let signatures: Vec<SignatureShown> = help.forms.iter().map(one).collect();
    let count = signatures.get(help.active_form).map_or(0, |form| form.parameters.len());
    Signatures {
        active_signature: help.active_form,
        // What repeats is the last one.
        active_parameter: help.active_argument.min(count.saturating_sub(1)),
        signatures,
    }
}

/// The parameters of `f(a, b:dynamic=dynamic({"x":[1, 2]}))`, which begin behind so many bytes.
fn parameters(label: &str, begin: usize) -> Vec<ParameterShown> {
    let places = Utf16::of(label);
    let end = label.len().saturating_sub(1);
    let (mut depth, mut quote, mut start) = (0_i32, None, begin);
    let mut all = Vec::new();
    let mut add = |from: usize, until: usize| {
        let written = label.get(from..until).unwrap_or_default();
        let text = written.trim();
        if !text.is_empty() {
            let from = from + written.len() - written.trim_start().len();
            all.push(ParameterShown {
                start: places.units_before(from),
                end: places.units_before(from + text.len()),
                text: text.to_owned(),
            });
        }
    };
    for (at, c) in label.char_indices().filter(|(at, _)| (begin..end).contains(at)) {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '{') => depth += 1,
            (None, ')' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                add(start, at);
                start = at + 1;
            }
            _ => {}
        }
    }
    add(start, end);
    all
}

fn schema_of(catalog: &dyn Catalog) -> Schema {
    let mut tables: Vec<TableShown> = Vec::new();
    for name in catalog.tables() {
        let Some(fields) = catalog.table(&name) else { continue };
        let holds_events = name.ends_with(EVENT_TABLE_END);
        let kind = if holds_events { TableKind::Table } else { TableKind::Own };
        let columns = shown(&fields);
        tables.push(TableShown { name, kind, columns, about: String::new() });
    }
    let stored = catalog.stored_functions();
    for (name, about) in stored.iter().take(STORED_TABLES_MAX) {
        let bound = kql::bind(&format!("['{name}']()"), catalog, &BindOptions::default());
        let statement = bound.statements.last().filter(|_| bound.is_clean());
        let Some(statement) = statement.filter(|_| bound.pending.is_none()) else { continue };
        // A table of the same name is what the name stands for in a query.
        if tables.iter().all(|table| table.name != *name) {
            let columns = shown(&statement.plan.fields);
            let (name, about) = (name.clone(), about.clone());
            let kind = TableKind::Function;
            tables.push(TableShown { name, kind, columns, about });
        }
    }
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    let mut functions: Vec<FunctionShown> = catalog
        .functions()
        .into_iter()
        .map(|name| {
            let signature = catalog.function(&name).or_else(|| catalog.aggregate(&name));
            let about = signature.map(|signature| signature.doc.to_owned());
            let about = about.or_else(|| {
                stored.iter().find(|(known, _)| *known == name).map(|(_, about)| about.clone())
            });
            FunctionShown { name, about: about.unwrap_or_default() }
        })
        .collect();
    functions.sort_by(|one, other| one.name.cmp(&other.name));
    functions.dedup_by(|one, other| one.name == other.name);
    Schema { tables, functions }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_told_apart_by_commas_that_belong_to_nobody() {
        for (label, expected) in [
            ("f()", vec![]),
            ("f(a, [b], c, …)", vec!["a", "[b]", "c", "…"]),
            (
                "f(a:dynamic=dynamic({\"x\":[1, 2]}), b:string=',')",
                vec!["a:dynamic=dynamic({\"x\":[1, 2]})", "b:string=','"],
            ),
        ] {
            let found = parameters(label, 2);
            let texts: Vec<&str> = found.iter().map(|parameter| parameter.text.as_str()).collect();
            assert_eq!(texts, expected);
            for parameter in found {
                let units: Vec<u16> = label.encode_utf16().collect();
                let written = String::from_utf16(&units[parameter.start..parameter.end]).unwrap();
                assert_eq!(written, parameter.text);
            }
        }
    }
}
