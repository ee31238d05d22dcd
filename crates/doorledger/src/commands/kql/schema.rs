//! What queries may name, from JSON: our own form `{"tables", "functions"}`, and the declarations that stand beside Sentinel
//! content: `{"Name", "Properties"}` for a table, `{"FunctionName", "FunctionParameters", "FunctionResultColumns"}` for a
//! function whose body is elsewhere. Any of them alone, in an array, or as the values of an object.
//! Deliberately absent: rows.

use std::path::Path;

use anyhow::{Context as _, Result};
use kql::catalog::{EmptyCatalog, StoredFunction};
use kql::plan::Field;
use kql::types::Type;
use query::{MemoryTables, Stored, StoredFunctions};
use serde_json::{Map, Value};

use crate::cli::Names;
use crate::exit::{Exit, Failure};

/// How large a schema may be: all tables of Azure Monitor are 2 MB.
const SCHEMA_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Tables without rows, and functions.
pub(super) struct Schema {
    /// The tables.
    pub(super) tables: MemoryTables,
    /// The functions.
    pub(super) functions: StoredFunctions,
}

/// Reads everything that the options name, over the functions that are part of the program.
pub(super) fn read(names: &Names) -> Result<Schema> {
    let functions = StoredFunctions::embedded().context("read the built-in functions")?;
    let mut schema = Schema { tables: MemoryTables::default(), functions };
    for path in &names.schema {
        let refused =
            |reason: String| Failure::error(Exit::Data, format!("{}: {reason}", path.display()));
        let document = document(path)?;
        schema.add(&document).map_err(refused)?;
    }
    if let Some(folder) = &names.functions {
        let read = schema.functions.with_folder(folder);
        schema.functions = read.map_err(|error| {
            Failure::error(Exit::Data, format!("{:#}", anyhow::Error::new(error)))
        })?;
    }
    Ok(schema)
}

fn document(path: &Path) -> Result<Value> {
    let failed =
        |exit, reason: String| Failure::error(exit, format!("{}: {reason}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| failed(Exit::Io, error.to_string()))?.len();
    if size > SCHEMA_BYTES_MAX {
        return Err(failed(Exit::Data, format!("is larger than {SCHEMA_BYTES_MAX} bytes")));
    }
    let text = std::fs::read(path).map_err(|error| failed(Exit::Io, error.to_string()))?;
    serde_json::from_slice(&text)
        .map_err(|error| failed(Exit::Data, format!("is not JSON: {error}")))
}

impl Schema {
    fn add(&mut self, document: &Value) -> Result<(), String> {
        match document {
            Value::Array(all) => all.iter().try_for_each(|one| self.add(one)),
            Value::Object(object) => self.add_object(object),
            _ => Err("declares neither tables nor functions".to_owned()),
        }
    }

    fn add_object(&mut self, object: &Map<String, Value>) -> Result<(), String> {
        if let (Some(Value::String(name)), Some(columns)) =
            (object.get("Name"), object.get("Properties"))
        {
            return self.table(name, declared(columns)?);
        }
        if let Some(Value::String(name)) = object.get("FunctionName") {
            return self.declared_function(name, object);
        }
        let (tables, functions) = (object.get("tables"), object.get("functions"));
        if tables.is_none() && functions.is_none() {
            return object.values().try_for_each(|one| self.add(one));
        }
        for (name, columns) in tables.and_then(Value::as_object).into_iter().flatten() {
            let fields = match columns {
                Value::String(text) => written(text).ok_or("is not a list of columns"),
                other => declared(other).map_err(|_| "is not a list of columns"),
            };
            self.table(name, fields.map_err(|reason| format!("tables.{name}: {reason}"))?)?;
        }
        for (name, text) in functions.and_then(Value::as_object).into_iter().flatten() {
            let text = text.as_str().unwrap_or_default();
            let Some(open) = text.find('{') else {
                return Err(format!("functions.{name}: is not `(parameters) {{ body }}`"));
            };
            let (parameters, body) = text.split_at(open);
            self.function(name, parameters.trim().to_owned(), body.to_owned());
        }
        Ok(())
    }

    fn table(&mut self, name: &str, fields: Vec<Field>) -> Result<(), String> {
        self.tables.declare(name, fields).map_err(|error| format!("table {name}: {error}"))
    }

    fn function(&mut self, name: &str, parameters: String, body: String) {
        let function = StoredFunction { parameters, body };
        self.functions.insert(name, Stored { function, doc: String::new() });
    }

    /// A function that is known by its parameters and columns alone gives no rows.
    fn declared_function(&mut self, name: &str, object: &Map<String, Value>) -> Result<(), String> {
        let parameters: Result<Vec<String>, String> = items(object.get("FunctionParameters"))
            .map(|item| {
                let name = text(item, "Name").ok_or("a parameter has no name")?;
                let ty = text(item, "Type").unwrap_or("string");
                let ty = Type::named(&ty.to_lowercase()).map_or("dynamic", Type::name);
                let optional = item.get("IsRequired").and_then(Value::as_bool) == Some(false);
                let default = match (optional, ty) {
                    (false, _) => String::new(),
                    (true, "string") => "=''".to_owned(),
                    (true, _) => format!("={ty}(null)"),
                };
                Ok(format!("{}:{ty}{default}", quoted(name)))
            })
            .collect();
        let columns = object.get("FunctionResultColumns").map_or(Ok(Vec::new()), declared)?;
        let columns: Vec<String> = columns
            .iter()
            .map(|field| format!("{}:{}", quoted(&field.name), field.ty.name()))
            .collect();
        let body = format!("{{ datatable ({}) [] }}", columns.join(", "));
        self.function(name, format!("({})", parameters?.join(", ")), body);
        Ok(())
    }
}

/// A name as a query writes it.
fn quoted(name: &str) -> String {
    format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

fn text<'v>(item: &'v Value, name: &str) -> Option<&'v str> {
    item.get(name).or_else(|| item.get(name.to_lowercase()))?.as_str()
}

/// `[{"Name": …, "Type": …}]`
fn declared(columns: &Value) -> Result<Vec<Field>, String> {
    items(Some(columns))
        .map(|item| {
            let name = text(item, "Name").ok_or("a column has no name")?;
            let ty = text(item, "Type").unwrap_or("dynamic").to_lowercase();
            let ty = ty.trim_start_matches("system.");
            // Declarations of functions say `object` and `array` where the language says `dynamic`.
            let ty = if matches!(ty, "object" | "array") { "dynamic" } else { ty };
            let ty = Type::named(ty)
                .ok_or_else(|| format!("column {name} has an unknown type `{ty}`"))?;
            Ok(Field { name: name.into(), ty })
        })
        .collect()
}

/// `(a:string, ['b c']:long)`
fn written(columns: &str) -> Option<Vec<Field>> {
    let text = format!("datatable {columns} []");
    let bound = kql::bind(&text, &EmptyCatalog, &kql::BindOptions::default());
    if !bound.is_clean() {
        return None;
    }
    bound.statements.into_iter().next().map(|statement| statement.plan.fields.to_vec())
}

#[cfg(test)]
mod tests {
    use query::Tables as _;
    use serde_json::json;

    use super::*;

    fn read_all(documents: &[Value]) -> Result<Schema, String> {
        let mut schema =
            Schema { tables: MemoryTables::default(), functions: StoredFunctions::default() };
        documents.iter().try_for_each(|document| schema.add(document))?;
        Ok(schema)
    }

    #[test]
    fn every_form_of_declaration_is_read() {
        let schema = read_all(&[
            json!({ "tables": { "A": "(x:string, ['y z']:long)", "B": [{ "name": "x", "type": "int" }] },
                    "functions": { "F": "(n:long) { A | take n }" } }),
            json!([{ "Name": "C", "Properties": [{ "Name": "x", "Type": "DateTime" }] }]),
            json!({ "G": { "FunctionName": "G",
                "FunctionParameters": [{ "Name": "from", "Type": "DateTime", "IsRequired": false }],
                "FunctionResultColumns": [{ "Name": "u", "Type": "String" }] } }),
        ])
        .unwrap();
        assert_eq!(schema.tables.names(), ["A", "B", "C"]);
        assert_eq!(schema.tables.columns("A").unwrap()[1].name, "y z");
        let catalog = query::catalog(&schema.tables, &schema.functions);
        let bound =
            kql::bind("union (F(1)), (G() | where u == 'x')", &catalog, &Default::default());
        assert!(bound.is_clean(), "{:?}", bound.diagnostics);
    }

    #[test]
    fn what_is_no_declaration_is_refused_by_name() {
        for (document, reason) in [
            (json!(5), "neither tables"),
            (json!({ "tables": { "A": "(x" } }), "tables.A"),
            (json!({ "functions": { "F": "T" } }), "functions.F"),
            (json!([{ "Name": "C", "Properties": [{ "Name": "x", "Type": "money" }] }]), "money"),
        ] {
            let error = read_all(&[document]).err().unwrap();
            assert!(error.contains(reason), "{error}");
        }
    }
}
