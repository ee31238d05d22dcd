//! The aggregates of Kusto that DataFusion has no equal of, and the signatures of all of them. A [`Fold`] takes rows in,
//! can be saved and merged (partial results of several threads), and gives one value.
//!
//! Deliberately absent: what DataFusion computes itself (`lower::aggregate`), filters of the `…if` forms.

mod collect;
mod decimals;
pub(crate) mod digest;
pub(crate) mod distinct;
mod grouped;
mod percentile;
mod schema;
mod series;
mod signatures;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, GroupsAccumulator, Signature, Volatility,
};
use datafusion::physical_expr::expressions::Literal;
use kql::types::{Type, Value};

pub(crate) use series::SERIES_VALUES_MAX;
pub(crate) use signatures::{SIGNATURES, find as signature};

use crate::functions;
use crate::kernel::{self, Args, Column, arrow_type};
use crate::lower::Operand;

/// Folds the rows of one group into one value.
pub(crate) trait Fold: fmt::Debug + Send + Sync {
    /// Takes rows in.
    fn add(&mut self, args: &Args<'_>) -> Result<()>;
    /// What it knows so far, for another thread to merge.
    fn save(&mut self) -> Vec<u8>;
    /// Takes in what another thread knows.
    fn merge(&mut self, saved: &[u8]) -> Result<()>;
    /// The value.
    fn answer(&mut self) -> Result<ScalarValue>;
    /// Bytes of memory that it holds.
    fn size(&self) -> usize;
}

/// What a fold is made for.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// Kusto types of the arguments.
    pub(crate) types: Vec<Type>,
    /// The arguments that are constant.
    pub(crate) constants: Vec<Option<ScalarValue>>,
    /// The Kusto type of the answer.
    pub(crate) out: Type,
    /// Whether the answer is an array for several output columns.
    pub(crate) several: bool,
}

impl Setup {
    /// A constant whole number among the arguments.
    pub(crate) fn long(&self, at: usize) -> Option<i64> {
        match self.constants.get(at)?.as_ref()? {
            ScalarValue::Int64(value) => *value,
            ScalarValue::Int32(value) => value.map(i64::from),
            _ => None,
        }
    }
}

/// Makes what folds many groups at once.
type MakeGrouped = fn(&Setup) -> Box<dyn GroupsAccumulator>;

/// An aggregate that is folded.
#[derive(Clone, Copy)]
pub(crate) struct Folding {
    name: &'static str,
    make: fn(&Setup) -> Box<dyn Fold>,
    /// The same for many groups at once, where it is worth while.
    make_grouped: Option<MakeGrouped>,
}

impl Folding {
    const fn new(name: &'static str, make: fn(&Setup) -> Box<dyn Fold>) -> Self {
        Self { name, make, make_grouped: None }
    }

    const fn grouped(self, make: MakeGrouped) -> Self {
        Self { make_grouped: Some(make), ..self }
    }
}

const FOLDINGS: &[Folding] = &[
    Folding::new("dcount", distinct::dcount).grouped(distinct::dcounts),
    Folding::new("make_list", collect::make_list),
    Folding::new("make_list_with_nulls", collect::make_list_with_nulls),
    Folding::new("make_set", collect::make_set),
    Folding::new("make_bag", collect::make_bag),
    Folding::new("percentile", percentile::percentiles).grouped(percentile::percentiles_of_groups),
    Folding::new("percentiles", percentile::percentiles).grouped(percentile::percentiles_of_groups),
    Folding::new("percentiles_array", percentile::percentiles)
        .grouped(percentile::percentiles_of_groups),
    Folding::new("series_values", series::series_values),
    Folding::new("series_axis", series::series_axis),
    Folding::new("percentilew", percentile::weighted),
    Folding::new("percentilesw", percentile::weighted),
    Folding::new("percentilesw_array", percentile::weighted),
    Folding::new("hll", distinct::hll),
    Folding::new("hll_merge", distinct::hll_merge),
    Folding::new("tdigest", digest::tdigest),
    Folding::new("merge_tdigest", digest::merge_tdigest),
    Folding::new("buildschema", schema::buildschema),
    Folding::new("covariance", percentile::covariance),
    Folding::new("covariancep", percentile::covariancep),
];

/// The folding called `name`, in its current or an obsolete spelling.
pub(crate) fn find(name: &str) -> Option<Folding> {
    let name = match name {
        "makelist" => "make_list",
        "makeset" => "make_set",
        "make_dictionary" => "make_bag",
        "tdigest_merge" => "merge_tdigest",
        current => current,
    };
    FOLDINGS.iter().find(|folding| folding.name == name).copied()
}

const DECIMAL_FOLDINGS: &[Folding] = &[
    Folding::new("sum", decimals::sum),
    Folding::new("avg", decimals::mean),
    Folding::new("min", decimals::least),
    Folding::new("max", decimals::greatest),
];

/// The folding called `name` for decimals, or for other values.
pub(crate) fn find_for(name: &str, is_decimal: bool) -> Option<Folding> {
    let of_decimals = DECIMAL_FOLDINGS.iter().find(|folding| is_decimal && folding.name == name);
    of_decimals.copied().or_else(|| find(name))
}

/// Whether the order of rows shows in the answer.
pub(crate) fn is_list(name: &str) -> bool {
    matches!(name, "make_list" | "makelist" | "make_list_with_nulls")
}

/// A call of a folding; `several` asks for an array of the values of several output columns.
pub(crate) fn call(
    folding: Folding,
    args: Vec<Expr>,
    types: Vec<Type>,
    out: Type,
    several: bool,
) -> Expr {
    AggregateUDF::from(Function {
        folding,
        types,
        out,
        several,
        signature: Signature::variadic_any(Volatility::Immutable),
    })
    .call(args)
}

/// One of the output columns of a call with several.
pub(crate) fn output(whole: Operand, at: usize, ty: Type) -> Operand {
    let index = Operand::literal(&Value::Long(i64::try_from(at).unwrap_or(i64::MAX)));
    let args = vec![whole.value(), index.value()];
    let types = vec![Type::Dynamic, Type::Long];
    let value = kernel::call("dynamic_at", functions::access::at, args, types, Type::Dynamic);
    crate::lower::converted(Operand::plain(value, Type::Dynamic), ty)
}

struct Function {
    folding: Folding,
    types: Vec<Type>,
    out: Type,
    several: bool,
    signature: Signature,
}

impl Function {
    fn setup(&self, args: &AccumulatorArgs<'_>) -> Setup {
        let constants = args
            .exprs
            .iter()
            .map(|expr| expr.downcast_ref::<Literal>().map(|literal| literal.value().clone()))
            .collect();
        Setup { types: self.types.clone(), constants, out: self.out, several: self.several }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.folding.name)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.folding.name == other.folding.name
            && self.types == other.types
            && self.out == other.out
            && self.several == other.several
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folding.name.hash(state);
        self.types.hash(state);
    }
}

impl AggregateUDFImpl for Function {
    fn name(&self) -> &str {
        self.folding.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(arrow_type(self.out))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let setup = self.setup(&args);
        let fold = (self.folding.make)(&setup);
        Ok(Box::new(Folded { fold, types: setup.types }))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        self.folding.make_grouped.is_some()
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let make = self.folding.make_grouped.ok_or_else(|| {
            DataFusionError::Internal(format!("{} is folded a group at a time", self.folding.name))
        })?;
        Ok(make(&self.setup(&args)))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[saved]", args.name), DataType::Binary, true))])
    }
}

/// A fold as DataFusion drives it.
#[derive(Debug)]
struct Folded {
    fold: Box<dyn Fold>,
    types: Vec<Type>,
}

impl Accumulator for Folded {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = values.first().map_or(0, Array::len);
        let columns: Vec<Column> = values.iter().map(|array| Column::full(array.clone())).collect();
        self.fold.add(&Args::over(&columns, &self.types, &DataType::Null, rows))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.fold.answer()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.fold.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.fold.save()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(saved) = states.first() else { return Ok(()) };
        let saved = saved.as_binary_opt::<i32>().ok_or_else(|| {
            DataFusionError::Internal("a saved aggregate is not binary".to_owned())
        })?;
        for row in 0..saved.len() {
            if saved.is_valid(row) {
                self.fold.merge(saved.value(row))?;
            }
        }
        Ok(())
    }
}

/// Reads a saved state that another thread of the same query wrote.
pub(crate) fn damaged() -> DataFusionError {
    DataFusionError::Internal("a saved aggregate cannot be read".to_owned())
}
