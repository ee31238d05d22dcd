//! The arguments of a plugin, read: columns by place, constants by value. Deliberately absent: their number and types,
//! which `kql` has checked where the language says so.

use datafusion::common::ScalarValue;
use kql::plan::Field;
use kql::types::Type;

use crate::error::{Error, Result};

/// One argument.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    /// A column of the rows: of the input, or an expression that was computed beside it.
    Column(usize),
    /// A constant, with its Kusto type.
    Constant(ScalarValue, Type),
    /// A table; they come in the order of the arguments.
    Table,
    /// A column of one of the tables: (table, column).
    TableColumn(usize, usize),
}

/// A call of a plugin.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) args: Vec<Arg>,
    /// The columns of the input, then those that were computed for arguments.
    pub(crate) columns: Vec<Field>,
    /// How many of them are the input's.
    pub(crate) width: usize,
    /// The columns of the tables among the arguments.
    pub(crate) tables: Vec<Vec<Field>>,
}

impl Call {
    /// An error about this call.
    pub(crate) fn wrong(&self, message: impl Into<String>) -> Error {
        Error::Plugin { name: self.name.clone(), message: message.into() }
    }

    pub(crate) fn arg(&self, at: usize) -> Option<&Arg> {
        self.args.get(at)
    }

    /// The column that an argument is.
    pub(crate) fn column(&self, at: usize) -> Result<usize> {
        match self.arg(at) {
            Some(Arg::Column(column)) => Ok(*column),
            _ => Err(self.wrong(format!("argument {} must be a column", at + 1))),
        }
    }

    /// Whether an argument is a column of the input.
    pub(crate) fn is_column(&self, at: usize) -> bool {
        matches!(self.arg(at), Some(Arg::Column(_)))
    }

    /// The type of a column.
    pub(crate) fn column_type(&self, column: usize) -> Type {
        self.columns.get(column).map_or(Type::Dynamic, |field| field.ty)
    }

    /// The columns that the arguments from `from` on are.
    pub(crate) fn dimensions(&self, from: usize) -> Result<Vec<usize>> {
        (from..self.args.len()).map(|at| self.column(at)).collect()
    }

    /// A constant argument; `None` where there is none, or `'~'`, which stands for the default.
    pub(crate) fn constant(&self, at: usize) -> Result<Option<(&ScalarValue, Type)>> {
        match self.arg(at) {
            None => Ok(None),
            Some(Arg::Constant(value, ty)) => {
                let default = *ty == Type::String && text_of(value) == Some("~");
                Ok((!default).then_some((value, *ty)))
            }
            Some(_) => Err(self.wrong(format!("argument {} must be a constant", at + 1))),
        }
    }

    /// A constant whole number, moment or span.
    pub(crate) fn long(&self, at: usize) -> Result<Option<i64>> {
        let Some((value, _)) = self.constant(at)? else { return Ok(None) };
        match value {
            ScalarValue::Int64(value) => Ok(*value),
            ScalarValue::Int32(value) => Ok(value.map(i64::from)),
            ScalarValue::Float64(value) => Ok(value.and_then(crate::ticks::whole)),
            _ => Err(self.wrong(format!("argument {} must be a number", at + 1))),
        }
    }

    /// A constant number.
    #[expect(clippy::cast_precision_loss, reason = "a long becomes the nearest real, as in Kusto")]
    pub(crate) fn real(&self, at: usize) -> Result<Option<f64>> {
        match self.constant(at)? {
            Some((ScalarValue::Float64(value), _)) => Ok(*value),
            _ => Ok(self.long(at)?.map(|value| value as f64)),
        }
    }

    /// A constant text, of whatever text-like type.
    pub(crate) fn text(&self, at: usize) -> Result<Option<String>> {
        let Some((value, _)) = self.constant(at)? else { return Ok(None) };
        Ok(text_of(value).map(str::to_owned))
    }

    /// A constant truth value.
    pub(crate) fn bool(&self, at: usize) -> Result<Option<bool>> {
        match self.constant(at)? {
            None => Ok(None),
            Some((ScalarValue::Boolean(value), _)) => Ok(*value),
            Some(_) => Err(self.wrong(format!("argument {} must be true or false", at + 1))),
        }
    }
}

fn text_of(value: &ScalarValue) -> Option<&str> {
    match value {
        ScalarValue::Utf8View(Some(text))
        | ScalarValue::Utf8(Some(text))
        | ScalarValue::LargeUtf8(Some(text)) => Some(text),
        _ => None,
    }
}
