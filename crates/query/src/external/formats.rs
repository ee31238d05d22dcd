//! Files as rows: delimited values, lines, JSON. Every value comes out as text, and as JSON where the column is `dynamic`;
//! the plan converts texts to the columns' types as the language does. Deliberately absent: columnar formats.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewBuilder};
use arrow::datatypes::{DataType, Field as ArrowField, Schema};
use kql::plan::Field;
use kql::types::{Type, Value};

use super::delimited::Records;
use crate::dynamic::{self, Kind};
use crate::error::{Error, Result};

/// How many rows the files of one `externaldata` may have.
const ROWS_MAX: usize = 5_000_000;

/// The columns in which texts travel: `s0`, `s1` …
pub(crate) fn columns(fields: &[Field]) -> Vec<ArrowField> {
    let column = |at| ArrowField::new(format!("s{at}"), DataType::Utf8View, true);
    (0..fields.len()).map(column).collect()
}

/// The rows of a file. Its format is said by a property, or by the end of its name.
pub(crate) fn rows(
    content: &[u8],
    path: &str,
    properties: &[(String, Value)],
    fields: &[Field],
) -> Result<RecordBatch> {
    let text = String::from_utf8_lossy(content);
    let format = format_of(path, properties)?;
    let skip = properties.iter().any(|(name, value)| {
        let yes = match value {
            Value::Bool(yes) => *yes,
            Value::Long(number) => *number != 0,
            Value::String(text) => text.eq_ignore_ascii_case("true"),
            _ => false,
        };
        yes && name.eq_ignore_ascii_case("ignoreFirstRecord")
    });
    let mut rows = Rows::new(fields, mapping(properties, fields)?);
    match format {
        Format::Delimited(delimiter) => {
            for record in Records::new(&text, delimiter).skip(usize::from(skip)) {
                rows.add(|at| record.get(at).map(|value| Cell::Text(value)))?;
            }
        }
        Format::Lines => {
            for line in text.lines().skip(usize::from(skip)) {
                rows.add(|at| (at == 0).then_some(Cell::Text(line)))?;
            }
        }
        Format::Whole => rows.add(|at| (at == 0).then_some(Cell::Text(&text)))?,
        Format::JsonLines => {
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                rows.add_json(line)?;
            }
        }
        Format::Json => rows.add_documents(&text)?,
    }
    rows.finish()
}

/// How a file is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Delimited(char),
    /// Each line is a row of one value.
    Lines,
    /// The file is a row of one value.
    Whole,
    /// Each line is an object.
    JsonLines,
    /// Objects one after the other, or in an array.
    Json,
}

fn format_of(path: &str, properties: &[(String, Value)]) -> Result<Format> {
    let said = properties.iter().find(|(name, _)| name.eq_ignore_ascii_case("format"));
    let name = match said {
        Some((_, Value::String(name))) => name.to_ascii_lowercase(),
        _ => path
            .rsplit('/')
            .next()
            .and_then(|file| file.rsplit_once('.'))
            .map_or_else(|| "csv".to_owned(), |(_, extension)| extension.to_ascii_lowercase()),
    };
    Ok(match name.as_str() {
        "csv" => Format::Delimited(','),
        "tsv" | "tsve" => Format::Delimited('\t'),
        "psv" => Format::Delimited('|'),
        "scsv" => Format::Delimited(';'),
        "sohsv" => Format::Delimited('\u{1}'),
        "txt" => Format::Lines,
        "raw" => Format::Whole,
        "json" if said.is_some() => Format::JsonLines,
        "json" | "multijson" => Format::Json,
        other if said.is_some() => {
            return Err(super::wrong(format!(
                "the format '{other}' is not read; there are csv, tsv, psv, scsv, sohsv, txt, raw, json and multijson"
            )));
        }
        // Any other ending says nothing.
        _ => Format::Delimited(','),
    })
}

/// Where the value of a column comes from.
#[derive(Debug, Clone, PartialEq)]
enum Origin {
    Place(usize),
    Path(Vec<String>),
}

/// Where the columns come from: by place or name, unless `ingestionMapping` says otherwise.
fn mapping(properties: &[(String, Value)], fields: &[Field]) -> Result<Vec<Origin>> {
    let mut from: Vec<Origin> = (0..fields.len()).map(Origin::Place).collect();
    let said = properties.iter().find(|(name, _)| name.eq_ignore_ascii_case("ingestionMapping"));
    let Some((_, Value::String(json) | Value::Dynamic(json))) = said else { return Ok(from) };
    let wrong = || super::wrong("ingestionMapping is not an array of columns".to_owned());
    for entry in dynamic::elements(json).ok_or_else(wrong)? {
        let of = |name: &str| {
            let lower = name.to_ascii_lowercase();
            let found = dynamic::member(&entry, name).or_else(|| dynamic::member(&entry, &lower));
            found.or_else(|| dynamic::path(&entry, &["Properties", name]))
        };
        let text = |name: &str| of(name).map(|value| dynamic::to_text(&value).into_owned());
        let column = text("Column").ok_or_else(wrong)?;
        let place = fields.iter().position(|field| field.name == column);
        let Some(slot) = place.and_then(|at| from.get_mut(at)) else { continue };
        if let Some(path) = text("Path") {
            *slot = Origin::Path(steps(&path));
        } else if let Some(ordinal) = of("Ordinal").and_then(|at| dynamic::to_long(&at)) {
            *slot = Origin::Place(usize::try_from(ordinal).map_err(|_| wrong())?);
        }
    }
    Ok(from)
}

/// `$.a.b['c']` as names.
fn steps(path: &str) -> Vec<String> {
    path.trim_start_matches('$')
        .split(['.', '[', ']'])
        .map(|step| step.trim_matches(['\'', '"']))
        .filter(|step| !step.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A value in a file.
enum Cell<'c> {
    Text(&'c str),
    Json(&'c str),
}

/// Columns in the making.
struct Rows<'f> {
    fields: &'f [Field],
    from: Vec<Origin>,
    columns: Vec<StringViewBuilder>,
    count: usize,
}

impl<'f> Rows<'f> {
    fn new(fields: &'f [Field], from: Vec<Origin>) -> Self {
        let columns = fields.iter().map(|_| StringViewBuilder::new()).collect();
        Self { fields, from, columns, count: 0 }
    }

    fn count(&mut self) -> Result<()> {
        self.count += 1;
        if self.count > ROWS_MAX {
            return Err(Error::TooManyRows { operator: "externaldata", rows_max: ROWS_MAX });
        }
        Ok(())
    }

    /// A row of values by place.
    fn add<'c>(&mut self, value: impl Fn(usize) -> Option<Cell<'c>>) -> Result<()> {
        self.count()?;
        for ((column, field), from) in self.columns.iter_mut().zip(self.fields).zip(&self.from) {
            let cell = match from {
                Origin::Place(place) => value(*place),
                Origin::Path(_) => None,
            };
            append(column, cell, field.ty)?;
        }
        Ok(())
    }

    /// A row of the members of an object; what is no object is no row.
    fn add_json(&mut self, json: &str) -> Result<()> {
        if dynamic::kind(json) != Kind::Bag {
            return Ok(());
        }
        self.count()?;
        for ((column, field), from) in self.columns.iter_mut().zip(self.fields).zip(&self.from) {
            let value = match from {
                Origin::Place(_) => dynamic::member(json, &field.name),
                Origin::Path(path) => {
                    let names: Vec<&str> = path.iter().map(String::as_str).collect();
                    dynamic::path(json, &names)
                }
            };
            append(column, value.as_deref().map(Cell::Json), field.ty)?;
        }
        Ok(())
    }

    /// All objects of a text that holds some, one after the other or in an array.
    fn add_documents(&mut self, text: &str) -> Result<()> {
        let values =
            serde_json::Deserializer::from_str(text).into_iter::<&serde_json::value::RawValue>();
        for value in values {
            let value = value.map_err(|_| super::wrong("a file is not JSON".to_owned()))?;
            match dynamic::elements(value.get()) {
                Some(elements) => elements.iter().try_for_each(|one| self.add_json(one))?,
                None => self.add_json(value.get())?,
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<RecordBatch> {
        let arrays: Vec<ArrayRef> =
            self.columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        let schema = Arc::new(Schema::new(columns(self.fields)));
        let options = RecordBatchOptions::new().with_row_count(Some(self.count));
        Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
    }
}

fn append(column: &mut StringViewBuilder, cell: Option<Cell<'_>>, ty: Type) -> Result<()> {
    let mut json = String::new();
    match (cell, ty) {
        (None, _) => column.append_null(),
        (Some(Cell::Text("")), Type::Dynamic) => column.append_null(),
        (Some(Cell::Text(text)), Type::Dynamic) => {
            if dynamic::is_json(text) {
                json.push_str(text);
            } else {
                dynamic::write_string(text, &mut json);
            }
            column.try_append_value(&json)?;
        }
        (Some(Cell::Json(value)), Type::Dynamic) => column.try_append_value(value)?,
        (Some(Cell::Text(text)), _) => column.try_append_value(text)?,
        (Some(Cell::Json(value)), _) => column.try_append_value(dynamic::to_text(value))?,
    }
    Ok(())
}
