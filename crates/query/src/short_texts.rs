//! `column in ("a", "b", …)` over short texts, compared as the 16 bytes by which a view tells a text of up to twelve bytes:
//! one look at each row for the whole list, where DataFusion compares text by text, or hashes.
//!
//! Deliberately absent: lists of one, which prune files by their statistics; lists with long texts; what `in` means (`lower`).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringViewArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::{ColumnarValue, Operator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, InListExpr, Literal};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};

/// A view holds texts up to this length whole.
const SHORT_BYTES_MAX: usize = 12;

/// In longer lists a hash is faster than looking at each.
const LIST_MAX: usize = 16;

/// Puts [`OneOfShort`] into the filters of a plan, before they move into scans.
#[derive(Debug)]
pub(crate) struct CompareShortTexts;

impl PhysicalOptimizerRule for CompareShortTexts {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(plan.transform_down(within_filter)?.data)
    }

    fn name(&self) -> &str {
        "compare_short_texts"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn within_filter(plan: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    let Some(filter) = plan.downcast_ref::<FilterExec>() else { return Ok(Transformed::no(plan)) };
    let schema = filter.input().schema();
    let short = |expr: Arc<dyn PhysicalExpr>| {
        Ok(match OneOfShort::of(&expr, &schema) {
            Some(short) => Transformed::new(Arc::new(short) as _, true, TreeNodeRecursion::Jump),
            None => Transformed::no(expr),
        })
    };
    let predicate = Arc::clone(filter.predicate()).transform_down(short)?;
    if !predicate.transformed {
        return Ok(Transformed::no(plan));
    }
    let filter = FilterExecBuilder::from(filter).with_predicate(predicate.data).build()?;
    Ok(Transformed::yes(Arc::new(filter)))
}

/// Whether a text column holds one of a few short texts; null where it is null.
#[derive(Debug, Eq)]
struct OneOfShort {
    column: Arc<dyn PhysicalExpr>,
    texts: Vec<String>,
}

// A derived comparison would move the column out of its `Arc`.
impl PartialEq for OneOfShort {
    fn eq(&self, other: &Self) -> bool {
        self.column.eq(&other.column) && self.texts == other.texts
    }
}

impl Hash for OneOfShort {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.column.hash(state);
        self.texts.hash(state);
    }
}

impl OneOfShort {
    /// What `expr` asks, if it asks for one of several short texts.
    fn of(expr: &Arc<dyn PhysicalExpr>, schema: &Schema) -> Option<Self> {
        let mut asked = None;
        let mut texts = Vec::new();
        collect(expr, &mut asked, &mut texts)?;
        let column = asked?;
        let views = column.data_type(schema).ok()? == DataType::Utf8View;
        (views && (2..=LIST_MAX).contains(&texts.len())).then_some(Self { column, texts })
    }
}

/// Gathers the texts of `a == "x" or a == "y" or a in ("z", …)`; `None` if `expr` is something else.
fn collect(
    expr: &Arc<dyn PhysicalExpr>,
    asked: &mut Option<Arc<dyn PhysicalExpr>>,
    texts: &mut Vec<String>,
) -> Option<()> {
    // A chain of ors leans to the left, and is as long as a query allows: its right ends are walked, not descended.
    let mut rest = expr;
    while let Some(either) = rest.downcast_ref::<BinaryExpr>().filter(|it| *it.op() == Operator::Or)
    {
        one(either.right(), asked, texts)?;
        if texts.len() > LIST_MAX {
            return None;
        }
        rest = either.left();
    }
    one(rest, asked, texts)
}

/// The texts of one comparison.
fn one(
    expr: &Arc<dyn PhysicalExpr>,
    asked: &mut Option<Arc<dyn PhysicalExpr>>,
    texts: &mut Vec<String>,
) -> Option<()> {
    if let Some(equal) = expr.downcast_ref::<BinaryExpr>() {
        if *equal.op() != Operator::Eq {
            return None;
        }
        same_column(equal.left(), asked)?;
        texts.push(short_text(equal.right())?);
        return Some(());
    }
    let list = expr.downcast_ref::<InListExpr>().filter(|it| !it.negated())?;
    if list.list().len() > LIST_MAX {
        return None;
    }
    same_column(list.expr(), asked)?;
    for text in list.list() {
        texts.push(short_text(text)?);
    }
    Some(())
}

fn same_column(
    column: &Arc<dyn PhysicalExpr>,
    asked: &mut Option<Arc<dyn PhysicalExpr>>,
) -> Option<()> {
    column.downcast_ref::<Column>()?;
    match asked {
        None => *asked = Some(Arc::clone(column)),
        Some(asked) if (*asked).eq(column) => {}
        Some(_) => return None,
    }
    Some(())
}

fn short_text(expr: &Arc<dyn PhysicalExpr>) -> Option<String> {
    match expr.downcast_ref::<Literal>()?.value() {
        ScalarValue::Utf8View(Some(text)) if text.len() <= SHORT_BYTES_MAX => Some(text.clone()),
        _ => None,
    }
}

impl fmt::Display for OneOfShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} IN {:?}", self.column, self.texts)
    }
}

impl PhysicalExpr for OneOfShort {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.column.nullable(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let column = self.column.evaluate(batch)?.into_array(batch.num_rows())?;
        let Some(column) = column.as_string_view_opt() else {
            return internal_err!("{} is no column of text views", self.column);
        };
        Ok(ColumnarValue::Array(Arc::new(one_of(column, &self.texts))))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.column]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(Self { column: children.swap_remove(0), texts: self.texts.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn one_of(column: &StringViewArray, texts: &[String]) -> BooleanArray {
    let views: &[u128] = column.views();
    let wanted: Vec<u128> = texts.iter().map(|text| view(text)).collect();
    let found = match *wanted.as_slice() {
        [a, b] => look(views, |it| (it == a) | (it == b)),
        [a, b, c] => look(views, |it| (it == a) | (it == b) | (it == c)),
        [a, b, c, d] => look(views, |it| (it == a) | (it == b) | (it == c) | (it == d)),
        _ => look(views, |it| wanted.contains(&it)),
    };
    BooleanArray::new(found, column.nulls().cloned())
}

fn look(views: &[u128], is_wanted: impl Fn(u128) -> bool) -> BooleanBuffer {
    BooleanBuffer::collect_bool(views.len(), |row| is_wanted(views[row]))
}

/// The view of a short text: its length in four bytes, then the text, then zeros.
fn view(text: &str) -> u128 {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().skip(4).zip(text.bytes()) {
        *to = from;
    }
    u128::from_le_bytes(bytes) | text.len() as u128
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;
    use datafusion::common::DFSchema;
    use datafusion::prelude::{Expr, SessionContext, col, in_list, lit};

    use super::*;

    fn asked(texts: &[&str], column: &[Option<&str>]) -> Vec<Option<bool>> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        one_of(&StringViewArray::from_iter(column.iter().copied()), &texts).iter().collect()
    }

    #[test]
    fn a_text_is_found_whole_and_null_stays_null() {
        let column = [Some("f"), Some("fp"), Some("fpx"), Some(""), None, Some("twelve bytes!")];
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(asked(&["f", "fp"], &column), [yes, yes, no, no, None, no]);
        assert_eq!(asked(&["", "x", "fpx"], &column), [no, no, yes, yes, None, no]);
        assert_eq!(asked(&["twelve bytes", "a", "b", "c"], &column), [no, no, no, no, None, no]);
        assert_eq!(asked(&["a", "b", "c", "d", "fp"], &column), [no, yes, no, no, None, no]);
    }

    fn rewritten(predicate: Expr) -> Option<String> {
        let fields = ["a", "b"].map(|name| Field::new(name, DataType::Utf8View, true));
        let schema = Schema::new(fields.to_vec());
        let names = DFSchema::try_from(schema.clone()).unwrap();
        let asked = SessionContext::new().create_physical_expr(predicate, &names).unwrap();
        OneOfShort::of(&asked, &schema).map(|short| short.to_string())
    }

    fn text(text: &str) -> Expr {
        lit(ScalarValue::Utf8View(Some(text.to_owned())))
    }

    #[test]
    fn comparisons_with_one_column_are_gathered_and_nothing_else_is() {
        let is = |name: &str, it: &str| col(name).eq(text(it));
        let some = |found: &str| Some(found.to_owned());
        assert_eq!(rewritten(is("a", "x").or(is("a", "y"))), some(r#"a@0 IN ["y", "x"]"#));
        let listed = in_list(col("b"), ["p", "q", "r", "s"].map(text).to_vec(), false);
        assert_eq!(rewritten(listed), some(r#"b@1 IN ["p", "q", "r", "s"]"#));
        assert_eq!(rewritten(is("a", "x")), None);
        assert_eq!(rewritten(is("a", "x").or(is("b", "y"))), None);
        assert_eq!(rewritten(is("a", "x").or(col("a").gt(text("y")))), None);
        assert_eq!(rewritten(is("a", "x").or(is("a", "thirteen bytes"))), None);
        let not_listed = in_list(col("b"), ["p", "q", "r", "s"].map(text).to_vec(), true);
        assert_eq!(rewritten(not_listed), None);
    }

    #[test]
    fn a_slice_of_a_column_is_read_from_its_start() {
        let whole = StringViewArray::from_iter_values(["a", "b", "c", "d"]);
        let found: Vec<_> =
            one_of(&whole.slice(2, 2), &["b".to_owned(), "d".to_owned()]).iter().collect();
        assert_eq!(found, [Some(false), Some(true)]);
    }
}
