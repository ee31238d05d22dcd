//! A limit on the rows that a window holds: DataFusion keeps all of its input in memory, and does not count it as the
//! query's. So rows are counted before they come there. Deliberately absent: windows over few rows at a time
//! (`row_number`), which hold nothing.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::datatypes::DataType;
use datafusion::common::{Result as DataFusionResult, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{Flow, Lowering, named};
use crate::error::{Error, Result};

/// How many rows one window may see: as many as a shared result may have.
const WINDOW_ROWS_MAX: usize = 5_000_000;

impl Lowering<'_> {
    /// The rows as a window can be computed over them, and the column that counts them: it has to be among the window's
    /// arguments, so that it is computed.
    ///
    /// The optimiser takes windows that directly follow each other for one, and looks for what their arguments have in
    /// common where not all of these exist; the projection made here keeps them apart, too.
    pub(super) fn guarded(&mut self, flow: Flow) -> Result<(Flow, Expr)> {
        let name = self.name();
        let udf = ScalarUDF::new_from_impl(Guard {
            number: self.number(),
            rows: AtomicUsize::new(0),
            signature: Signature::nullary(Volatility::Volatile),
        });
        let mut exprs = self.all_carried(&flow.plan);
        exprs.push(udf.call(Vec::new()).alias(&name));
        Ok((self.computed_with(flow, exprs)?, named(&name)))
    }
}

/// Counts rows; fails over the limit.
#[derive(Debug)]
struct Guard {
    /// A number that no other guard of the query has.
    number: usize,
    rows: AtomicUsize,
    signature: Signature,
}

impl PartialEq for Guard {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Guard {}

impl Hash for Guard {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl ScalarUDFImpl for Guard {
    fn name(&self) -> &'static str {
        "window_rows"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let before = self.rows.fetch_add(args.number_rows, Ordering::Relaxed);
        if before.saturating_add(args.number_rows) > WINDOW_ROWS_MAX {
            let what = "a function of other rows";
            return Err(Error::TooManyTogether { what, rows_max: WINDOW_ROWS_MAX }.into());
        }
        // A value for each row: a constant would be computed once.
        Ok(ColumnarValue::Array(
            ScalarValue::Boolean(Some(true)).to_array_of_size(args.number_rows)?,
        ))
    }
}
