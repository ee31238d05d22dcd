//! How a Kusto function becomes a DataFusion function: a kernel reads typed argument columns and gives one column back.
//! Readers hide the layouts in which storage may hand a value over, and constants stay constants.
//!
//! Deliberately absent: what any function computes (`functions`), and how calls are typed (`kql`).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Float64Array, Float64Builder,
    Int32Builder, Int64Array, Int64Builder, StringArray, StringViewArray, StringViewBuilder,
};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, TimeUnit};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use kql::types::Type;

/// What computes a function: argument columns in, one column of `Args::rows` values out.
pub(crate) type Kernel = fn(&Args<'_>) -> Result<ArrayRef>;

/// The Arrow type in which the engine carries a Kusto type. `datetime` and `timespan` are ticks of 100 ns; `guid`,
/// `decimal` and `dynamic` (JSON) are text.
pub(crate) const fn arrow_type(ty: Type) -> DataType {
    match ty {
        Type::Bool => DataType::Boolean,
        Type::Int => DataType::Int32,
        Type::Long | Type::DateTime | Type::TimeSpan => DataType::Int64,
        Type::Real => DataType::Float64,
        Type::String | Type::Guid | Type::Decimal | Type::Dynamic | Type::Error => {
            DataType::Utf8View
        }
    }
}

/// A call of `kernel` on `args`, which have the Kusto types `types`; the answer is of type `out`.
pub(crate) fn call(
    name: &str,
    kernel: Kernel,
    args: Vec<Expr>,
    types: Vec<Type>,
    out: Type,
) -> Expr {
    function(name, kernel, types, arrow_type(out), Volatility::Immutable).call(args)
}

/// The DataFusion function that runs `kernel`.
pub(crate) fn function(
    name: &str,
    kernel: Kernel,
    types: Vec<Type>,
    out: DataType,
    volatility: Volatility,
) -> ScalarUDF {
    ScalarUDF::new_from_impl(Function {
        name: name.to_owned(),
        kernel,
        types,
        out,
        signature: Signature::variadic_any(volatility),
        nullary: Signature::nullary(volatility),
    })
}

/// A kernel with the name, types and volatility by which DataFusion tells it from others.
struct Function {
    name: String,
    kernel: Kernel,
    types: Vec<Type>,
    out: DataType,
    signature: Signature,
    nullary: Signature,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

// A name stands for one kernel, so that kernels themselves (function pointers, whose addresses mean nothing) need no
// comparison.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.types == other.types && self.out == other.out
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.types.hash(state);
        self.out.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        if self.types.is_empty() { &self.nullary } else { &self.signature }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.out.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = !args.args.is_empty()
            && self.signature.volatility == Volatility::Immutable
            && args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let columns = args.args.into_iter().map(Column::of).collect::<Result<Vec<_>>>()?;
        let given = Args { columns: &columns, types: &self.types, out: &self.out, rows };
        let array = (self.kernel)(&given)?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

/// An argument column, or one value that stands for a whole column.
pub(crate) struct Column {
    array: ArrayRef,
    constant: bool,
}

impl Column {
    fn of(value: ColumnarValue) -> Result<Self> {
        Ok(match value {
            ColumnarValue::Array(array) => Self { array, constant: false },
            ColumnarValue::Scalar(scalar) => Self { array: scalar.to_array()?, constant: true },
        })
    }
}

impl Column {
    /// A column with a value for every row.
    pub(crate) const fn full(array: ArrayRef) -> Self {
        Self { array, constant: false }
    }
}

/// The arguments of one call of a kernel.
pub(crate) struct Args<'a> {
    columns: &'a [Column],
    /// The Kusto types of the arguments.
    pub(crate) types: &'a [Type],
    /// The Arrow type of the answer.
    pub(crate) out: &'a DataType,
    /// How many rows to give.
    pub(crate) rows: usize,
}

impl<'a> Args<'a> {
    /// Arguments of the Kusto types `types`.
    pub(crate) const fn over(
        columns: &'a [Column],
        types: &'a [Type],
        out: &'a DataType,
        rows: usize,
    ) -> Self {
        Self { columns, types, out, rows }
    }

    /// How many arguments there are.
    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    fn column(&self, index: usize) -> Result<&'a Column> {
        self.columns.get(index).ok_or_else(|| {
            DataFusionError::Internal(format!("argument {index} of a kernel is missing"))
        })
    }

    /// The raw column of an argument, and whether its only value stands for all rows.
    pub(crate) fn raw(&self, index: usize) -> Result<(&'a ArrayRef, bool)> {
        let column = self.column(index)?;
        Ok((&column.array, column.constant))
    }

    /// An argument of type `string`, `guid`, `decimal` or `dynamic`.
    pub(crate) fn text(&self, index: usize) -> Result<Text<'a>> {
        let column = self.column(index)?;
        let layout = match column.array.data_type() {
            DataType::Utf8View => Layout::View(column.array.as_string_view()),
            DataType::Utf8 => Layout::Small(column.array.as_string::<i32>()),
            DataType::LargeUtf8 => Layout::Large(column.array.as_string::<i64>()),
            DataType::Null => Layout::Absent,
            other => return Err(mismatch("text", other)),
        };
        Ok(Text { layout, constant: column.constant })
    }

    /// The value of a text argument that is the same in all rows.
    pub(crate) fn constant_text(&self, index: usize) -> Result<Option<&'a str>> {
        let text = self.text(index)?;
        Ok(text.constant.then(|| text.get(0)))
    }

    /// An argument of type `int`, `long`, `datetime` or `timespan`.
    pub(crate) fn long(&self, index: usize) -> Result<Long<'a>> {
        let column = self.column(index)?;
        let layout = match column.array.data_type() {
            DataType::Int64 => LongLayout::Long(column.array.as_primitive::<Int64Type>()),
            DataType::Int32 => LongLayout::Int(column.array.as_primitive::<Int32Type>()),
            DataType::Null => LongLayout::Absent,
            other => return Err(mismatch("whole number", other)),
        };
        Ok(Long { layout, constant: column.constant })
    }

    /// An argument of any number type, as `real`.
    pub(crate) fn real(&self, index: usize) -> Result<Real<'a>> {
        let column = self.column(index)?;
        let layout = match column.array.data_type() {
            DataType::Float64 => RealLayout::Real(column.array.as_primitive::<Float64Type>()),
            DataType::Int64 | DataType::Int32 | DataType::Null => {
                return Ok(Real { layout: RealLayout::Whole(self.long(index)?), constant: false });
            }
            DataType::Utf8View | DataType::Utf8 | DataType::LargeUtf8 => {
                return Ok(Real { layout: RealLayout::Text(self.text(index)?), constant: false });
            }
            other => return Err(mismatch("number", other)),
        };
        Ok(Real { layout, constant: column.constant })
    }

    /// An argument of type `bool`.
    pub(crate) fn bool(&self, index: usize) -> Result<Bool<'a>> {
        let column = self.column(index)?;
        match column.array.data_type() {
            DataType::Boolean => {
                Ok(Bool { array: Some(column.array.as_boolean()), constant: column.constant })
            }
            DataType::Null => Ok(Bool { array: None, constant: true }),
            other => Err(mismatch("bool", other)),
        }
    }

    /// A `bool` column, row by row.
    pub(crate) fn bools(&self, mut value: impl FnMut(usize) -> Option<bool>) -> Result<ArrayRef> {
        let mut out = BooleanBuilder::with_capacity(self.rows);
        (0..self.rows).for_each(|row| out.append_option(value(row)));
        Ok(Arc::new(out.finish()))
    }

    /// A column of the whole-number type that is asked for (`int` or the 64-bit ones), row by row. An `int` keeps the
    /// low 32 bits, as Kusto's conversions do.
    #[expect(clippy::cast_possible_truncation, reason = "an int keeps the low 32 bits of a long")]
    pub(crate) fn longs(&self, mut value: impl FnMut(usize) -> Option<i64>) -> Result<ArrayRef> {
        if matches!(self.out, DataType::Int32) {
            let mut out = Int32Builder::with_capacity(self.rows);
            (0..self.rows).for_each(|row| out.append_option(value(row).map(|v| v as i32)));
            return Ok(Arc::new(out.finish()));
        }
        let mut out = Int64Builder::with_capacity(self.rows);
        (0..self.rows).for_each(|row| out.append_option(value(row)));
        Ok(Arc::new(out.finish()))
    }

    /// A `real` column, row by row.
    pub(crate) fn reals(&self, mut value: impl FnMut(usize) -> Option<f64>) -> Result<ArrayRef> {
        let mut out = Float64Builder::with_capacity(self.rows);
        (0..self.rows).for_each(|row| out.append_option(value(row)));
        Ok(Arc::new(out.finish()))
    }

    /// A text column, row by row: `write` puts the value into the (empty) buffer and tells whether there is one.
    pub(crate) fn texts(
        &self,
        mut write: impl FnMut(usize, &mut String) -> bool,
    ) -> Result<ArrayRef> {
        let mut out = StringViewBuilder::with_capacity(self.rows);
        let mut buffer = String::new();
        for row in 0..self.rows {
            buffer.clear();
            if write(row, &mut buffer) {
                out.try_append_value(&buffer)?;
            } else {
                out.append_null();
            }
        }
        Ok(Arc::new(out.finish()))
    }

    /// A `string` column, row by row; a string is never null.
    pub(crate) fn strings(&self, mut write: impl FnMut(usize, &mut String)) -> Result<ArrayRef> {
        self.texts(|row, out| {
            write(row, out);
            true
        })
    }
}

fn mismatch(expected: &str, found: &DataType) -> DataFusionError {
    DataFusionError::Internal(format!("a kernel expected a {expected} column, found {found}"))
}

/// A column of text in whatever layout it came.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    layout: Layout<'a>,
    constant: bool,
}

#[derive(Clone, Copy)]
enum Layout<'a> {
    View(&'a StringViewArray),
    Small(&'a StringArray),
    Large(&'a arrow::array::LargeStringArray),
    Absent,
}

impl<'a> Text<'a> {
    /// A reader of `array`, which must hold text.
    pub(crate) fn of(array: &'a ArrayRef) -> Result<Self> {
        let layout = match array.data_type() {
            DataType::Utf8View => Layout::View(array.as_string_view()),
            DataType::Utf8 => Layout::Small(array.as_string::<i32>()),
            DataType::LargeUtf8 => Layout::Large(array.as_string::<i64>()),
            DataType::Null => Layout::Absent,
            other => return Err(mismatch("text", other)),
        };
        Ok(Self { layout, constant: false })
    }

    /// The value, with null as the empty string.
    pub(crate) fn get(&self, row: usize) -> &'a str {
        self.opt(row).unwrap_or_default()
    }

    /// The value, or `None` for null.
    pub(crate) fn opt(&self, row: usize) -> Option<&'a str> {
        let row = if self.constant { 0 } else { row };
        match self.layout {
            Layout::View(array) => array.is_valid(row).then(|| array.value(row)),
            Layout::Small(array) => array.is_valid(row).then(|| array.value(row)),
            Layout::Large(array) => array.is_valid(row).then(|| array.value(row)),
            Layout::Absent => None,
        }
    }
}

/// A column of whole numbers.
#[derive(Clone, Copy)]
pub(crate) struct Long<'a> {
    layout: LongLayout<'a>,
    constant: bool,
}

#[derive(Clone, Copy)]
enum LongLayout<'a> {
    Long(&'a Int64Array),
    Int(&'a arrow::array::Int32Array),
    Absent,
}

impl Long<'_> {
    /// The value, or `None` for null.
    pub(crate) fn get(&self, row: usize) -> Option<i64> {
        let row = if self.constant { 0 } else { row };
        match self.layout {
            LongLayout::Long(array) => array.is_valid(row).then(|| array.value(row)),
            LongLayout::Int(array) => array.is_valid(row).then(|| i64::from(array.value(row))),
            LongLayout::Absent => None,
        }
    }
}

/// A column of numbers, read as `real`.
#[derive(Clone, Copy)]
pub(crate) struct Real<'a> {
    layout: RealLayout<'a>,
    constant: bool,
}

#[derive(Clone, Copy)]
enum RealLayout<'a> {
    Real(&'a Float64Array),
    Whole(Long<'a>),
    Text(Text<'a>),
}

impl Real<'_> {
    /// The value, or `None` for null.
    #[expect(clippy::cast_precision_loss, reason = "a long becomes the nearest real, as in Kusto")]
    pub(crate) fn get(&self, row: usize) -> Option<f64> {
        match self.layout {
            RealLayout::Real(array) => {
                let row = if self.constant { 0 } else { row };
                array.is_valid(row).then(|| array.value(row))
            }
            RealLayout::Whole(long) => long.get(row).map(|value| value as f64),
            RealLayout::Text(text) => text.opt(row).and_then(|value| value.parse().ok()),
        }
    }
}

/// A column of `bool`.
#[derive(Clone, Copy)]
pub(crate) struct Bool<'a> {
    array: Option<&'a BooleanArray>,
    constant: bool,
}

impl Bool<'_> {
    /// The value, or `None` for null.
    pub(crate) fn get(&self, row: usize) -> Option<bool> {
        let row = if self.constant { 0 } else { row };
        self.array.and_then(|array| array.is_valid(row).then(|| array.value(row)))
    }
}

/// The number of ticks in one unit of a stored timestamp, as (multiplier, divisor).
pub(crate) const fn ticks_per_unit(unit: TimeUnit) -> (i64, i64) {
    match unit {
        TimeUnit::Second => (10_000_000, 1),
        TimeUnit::Millisecond => (10_000, 1),
        TimeUnit::Microsecond => (10, 1),
        TimeUnit::Nanosecond => (1, 100),
    }
}
