//! `doorledger kql check`: binds queries against a schema and says what is wrong, as JSON lines for programs and with the
//! place marked for people. Nothing is run and no engine is started.
//! Deliberately absent: rows, and rules' files of other products (their queries can be piped in).

use std::io::Write as _;

use anyhow::{Context as _, Result};
use kql::{BindOptions, Bound, Diagnostic, Severity};
use model::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::lines::{self, Query};
use super::{schema, told};
use crate::cli::CheckKql;
use crate::commands::say;
use crate::exit::{Exit, Failure};

/// Ticks (100 ns) from year 1 to 1970.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// Checks every query.
pub(super) fn run(options: &CheckKql) -> Result<()> {
    let schema = schema::read(&options.names)?;
    let catalog = query::catalog(&schema.tables, &schema.functions);
    let now = SystemClock.now().as_microsecond().saturating_mul(10);
    let bind_options = BindOptions {
        now: now.saturating_add(UNIX_EPOCH_TICKS),
        check_only: true,
        ..BindOptions::default()
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut checked, mut refused) = (0, 0);
    lines::each(&options.files, |query| {
        let bound = kql::bind(&query.text, &catalog, &bind_options);
        let wrong = |diagnostic: &&Diagnostic| {
            options.deny_warnings || diagnostic.severity == Severity::Error
        };
        let ok = !bound.diagnostics.iter().any(|diagnostic| wrong(&diagnostic));
        checked += 1;
        refused += usize::from(!ok);
        if query.is_file && !options.json {
            let name = query.id.as_str().unwrap_or_default();
            for diagnostic in &bound.diagnostics {
                writeln!(out, "{}", told::told(name, &query.text, diagnostic))
                    .context("write the verdict")?;
            }
            return Ok(());
        }
        let line = verdict(query, &bound, ok);
        writeln!(out, "{line}").context("write the verdict")
    })?;
    out.flush().context("write the verdict")?;
    if options.files.is_empty() {
        return Ok(());
    }
    let noun = if checked == 1 { "query" } else { "queries" };
    if refused == 0 {
        say(&format!("{checked} {noun} checked"));
        return Ok(());
    }
    Err(Failure::error(Exit::Findings, format!("{refused} of {checked} {noun} refused")))
}

/// `{"id","ok","errors","columns","diagnostics"}`
fn verdict(query: Query, bound: &Bound, ok: bool) -> Value {
    let errors: Vec<&str> = bound
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(|diagnostic| diagnostic.message.as_str())
        .collect();
    let columns = bound.statements.last().map(|statement| {
        let fields = statement.plan.fields.iter();
        fields
            .map(|field| json!({ "name": field.name.as_str(), "type": field.ty.name() }))
            .collect::<Vec<_>>()
    });
    let diagnostics: Vec<Value> = bound.diagnostics.iter().map(diagnostic).collect();
    json!({
        "id": query.id, "ok": ok, "errors": errors, "columns": columns, "diagnostics": diagnostics,
    })
}

fn diagnostic(diagnostic: &Diagnostic) -> Value {
    json!({
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "code": diagnostic.code.name(),
        "message": diagnostic.message,
        "start": diagnostic.span.start,
        "end": diagnostic.span.end,
        "hint": diagnostic.hint,
    })
}
