//! `schema_merge`: several schemas, as `getschema` gives them, as one. Deliberately absent: reading of schemas.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringViewArray};
use datafusion::common::Result as DataFusionResult;

use super::{Call, Rows, Work};
use crate::error::Result;

/// What the ordinal of a column that cannot be merged is.
const NO_ORDINAL: i64 = -1;

struct Merged {
    name: String,
    ordinal: i64,
    data_type: String,
    column_type: String,
}

pub(super) fn schema_merge(call: &Call) -> Result<Work> {
    let preserve = call.bool(0)?.unwrap_or(true);
    let mut places = [0; 4];
    for (place, name) in
        places.iter_mut().zip(["ColumnName", "ColumnOrdinal", "DataType", "ColumnType"])
    {
        *place = call.columns.iter().position(|field| field.name == name).ok_or_else(|| {
            call.wrong(format!("the input must have the columns of getschema; '{name}' is missing"))
        })?;
    }
    Ok(Work::whole(move |rows| merge(rows, places, preserve)))
}

fn merge(rows: &Rows, places: [usize; 4], preserve: bool) -> DataFusionResult<Vec<ArrayRef>> {
    let args = rows.args();
    let (names, ordinals) = (args.text(places[0])?, args.long(places[1])?);
    let (data_types, column_types) = (args.text(places[2])?, args.text(places[3])?);
    let mut merged: Vec<Merged> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for row in 0..rows.len() {
        let name = names.get(row);
        let ordinal = ordinals.get(row).unwrap_or(NO_ORDINAL);
        let Some(at) = known.get(name).copied() else {
            known.insert(name, merged.len());
            merged.push(Merged {
                name: name.to_owned(),
                ordinal,
                data_type: data_types.get(row).to_owned(),
                column_type: column_types.get(row).to_owned(),
            });
            continue;
        };
        let Some(column) = merged.get_mut(at) else { continue };
        if column.ordinal == NO_ORDINAL {
            continue;
        }
        if preserve && column.ordinal != ordinal {
            column.refuse("columns are out of order");
        } else {
            column.ordinal = column.ordinal.max(ordinal);
            column.widen(data_types.get(row), column_types.get(row));
        }
    }
    // Columns of one place stand in the order in which they appeared; those that cannot be merged stand last.
    let place = |column: &Merged| match column.ordinal {
        NO_ORDINAL => i64::MAX,
        ordinal => ordinal,
    };
    merged.sort_by_key(place);
    if !preserve {
        let kept = merged.iter_mut().filter(|column| column.ordinal != NO_ORDINAL);
        kept.zip(0..).for_each(|(column, ordinal)| column.ordinal = ordinal);
    }
    let ordered: Vec<&Merged> = merged.iter().collect();
    let texts = |value: fn(&Merged) -> &str| -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values(ordered.iter().map(|column| value(column))))
    };
    Ok(vec![
        texts(|column| &column.name),
        Arc::new(Int64Array::from_iter_values(ordered.iter().map(|column| column.ordinal))),
        texts(|column| &column.data_type),
        texts(|column| &column.column_type),
    ])
}

impl Merged {
    fn refuse(&mut self, reason: &str) {
        self.ordinal = NO_ORDINAL;
        self.data_type = format!("ERROR(unknown CSL type:ERROR({reason}))");
        self.column_type = format!("ERROR({reason})");
    }

    /// Takes on the type that holds the values of both.
    fn widen(&mut self, data_type: &str, column_type: &str) {
        let wide = match (self.column_type.as_str(), column_type) {
            (own, other) if own == other => return,
            ("int", "long") | ("int" | "long", "real") => true,
            ("long", "int") | ("real", "int" | "long") => false,
            (own, other) => {
                let reason = format!("can't unify types {own} and {other}");
                self.refuse(&reason);
                return;
            }
        };
        if wide {
            self.data_type = data_type.to_owned();
            self.column_type = column_type.to_owned();
        }
    }
}
