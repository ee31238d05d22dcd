//! `mv-expand`: one row for each element of arrays and bags, also for `mv-apply`. Deliberately absent: the body of
//! `mv-apply` (`groups`).

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Int64Builder, ListBuilder, StringViewBuilder};
use arrow::datatypes::{DataType, Field as ArrowField};
use datafusion::common::{Column, Result as DataFusionResult, ScalarValue, UnnestOptions};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, Volatility, cast, lit, when};
use kql::plan::{Expansion, Expr as KqlExpr, Field, Plan};
use kql::types::Type;

use super::carried::Role;
use super::{Flow, Lowering, Operand, scalar};
use crate::dynamic;
use crate::error::{Error, Result};
use crate::kernel::{self, Args};

/// What is expanded, and how.
pub(super) struct Expand<'a> {
    pub(super) columns: &'a [Expansion],
    pub(super) index: Option<usize>,
    pub(super) limit: Option<u64>,
    pub(super) bag_as_array: bool,
}

/// What further columns the expanded rows get, for the body of `mv-apply`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    /// A ghost in front of each row's elements.
    pub(super) ghosts: bool,
    /// The order of the elements.
    pub(super) order: bool,
}

impl Lowering<'_> {
    pub(super) fn mv_expand(
        &mut self,
        input: &Plan,
        expand: &Expand<'_>,
        fields: &[Field],
    ) -> Result<Flow> {
        let flow = self.flow(input)?;
        let order = self.carried.order.own;
        self.expand(flow, expand, Marks { ghosts: false, order }, fields)
    }

    /// One row for each element. `fields` are the columns of the expanded row.
    pub(super) fn expand(
        &mut self,
        flow: Flow,
        expand: &Expand<'_>,
        marks: Marks,
        fields: &[Field],
    ) -> Result<Flow> {
        let width = flow.columns.len();
        let (flow, lists) = self.lists(flow, expand, marks)?;
        let Flow { plan, columns } = self.computed(flow)?;
        let (kept, new) = columns.split_at(width);
        let names: Vec<Column> =
            new.iter().filter_map(|column| column.expr.try_as_col().cloned()).collect();
        let name_at = |at: Option<usize>| {
            at.and_then(|at| columns.get(at)?.expr.try_as_col().map(|column| column.name.clone()))
        };
        if let Some(name) = name_at(lists.positions.filter(|_| marks.order)) {
            self.carry_named(name, Role::Order);
        }
        if let Some(name) = name_at(lists.ghosts) {
            self.carry_named(name, Role::Ghost);
        }
        let options = UnnestOptions::default();
        let plan =
            LogicalPlanBuilder::from(plan).unnest_columns_with_options(names, options)?.build()?;
        let mut out: Vec<Option<Operand>> = vec![None; fields.len()];
        for (at, column) in kept.iter().enumerate() {
            if let Some(slot) = out.get_mut(at) {
                *slot = Some(column.clone());
            }
        }
        let targets = expand.columns.iter().map(|column| column.column).chain(expand.index);
        for (target, column) in targets.zip(new) {
            let ty = fields.get(target).map_or(Type::Dynamic, |field| field.ty);
            if let Some(slot) = out.get_mut(target) {
                *slot = Some(scalar::convert(column.clone(), ty));
            }
        }
        let columns = out
            .into_iter()
            .map(|column| {
                column.ok_or_else(|| Error::Defect("mv-expand lacks a column".to_owned()))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Flow { plan, columns })
    }

    /// The flow with the columns that are expanded: the elements of each source, their positions, the ghosts.
    fn lists(&mut self, flow: Flow, expand: &Expand<'_>, marks: Marks) -> Result<(Flow, Lists)> {
        let limit = expand.limit.map_or(i64::MAX, |rows| i64::try_from(rows).unwrap_or(i64::MAX));
        let sources: Vec<KqlExpr> =
            expand.columns.iter().map(|column| column.source.clone()).collect();
        let width = flow.columns.len();
        let (mut flow, sources) = self.windowed(flow, &sources)?;
        let mut args = vec![lit(limit), lit(expand.bag_as_array), lit(marks.ghosts), lit(0_i64)];
        let ghost = self.ghost(&flow.plan);
        for source in sources.iter() {
            let value = scalar::operand(&flow.columns, source)?.value();
            args.push(match &ghost {
                // A ghost stays one row: null is expanded to itself.
                Some(ghost) => {
                    let null = lit(ScalarValue::Utf8View(None));
                    when(ghost.clone(), null).otherwise(cast(value, DataType::Utf8View))?
                }
                None => value,
            });
        }
        flow.columns.truncate(width);
        for at in 0..sources.len() {
            // Each list is made of all sources, so that all are padded to one length.
            let mut args = args.clone();
            args[SOURCE] = lit(i64::try_from(at).unwrap_or(0));
            flow.columns.push(list_call("expand_elements", elements, args, DataType::Utf8View));
        }
        let mut lists = Lists::default();
        if expand.index.is_some() || marks.order {
            lists.positions = Some(flow.columns.len());
            let args = args.clone();
            flow.columns.push(list_call("expand_positions", positions, args, DataType::Int64));
        }
        if marks.ghosts {
            lists.ghosts = Some(flow.columns.len());
            flow.columns.push(list_call("expand_ghosts", ghosts, args, DataType::Boolean));
        }
        Ok((flow, lists))
    }
}

/// Where a flow has the columns that are expanded beside the elements.
#[derive(Debug, Clone, Copy, Default)]
struct Lists {
    positions: Option<usize>,
    ghosts: Option<usize>,
}

/// Where the arguments of the kernels below have the number of the source that is meant, and the first of the sources.
const SOURCE: usize = 3;
const FIRST_SOURCE: usize = 4;

fn list_call(name: &str, kernel: kernel::Kernel, args: Vec<Expr>, item: DataType) -> Operand {
    let ty = match item {
        DataType::Int64 => Type::Long,
        DataType::Boolean => Type::Bool,
        _ => Type::Dynamic,
    };
    let types = vec![Type::Dynamic; args.len()];
    let list = DataType::List(Arc::new(ArrowField::new_list_field(item, true)));
    let udf = kernel::function(name, kernel, types, list, Volatility::Immutable);
    Operand::plain(udf.call(args), ty)
}

/// The pieces into which a value falls: elements of an array, members of a bag (as bags of one, or as pairs), or itself.
/// `None` among them is null.
fn pieces(json: Option<&str>, bag_as_array: bool) -> Vec<Option<String>> {
    let Some(json) = json else { return vec![None] };
    if let Some(elements) = dynamic::elements(json) {
        return elements
            .into_iter()
            .map(|element| (element != "null").then(|| element.into_owned()))
            .collect();
    }
    let Some(members) = dynamic::members(json) else { return vec![Some(json.to_owned())] };
    members
        .into_iter()
        .map(|(name, value)| {
            let (open, middle, close) =
                if bag_as_array { ('[', ',', ']') } else { ('{', ':', '}') };
            let mut piece = String::from(open);
            dynamic::write_string(&name, &mut piece);
            piece.push(middle);
            piece.push_str(&value);
            piece.push(close);
            Some(piece)
        })
        .collect()
}

/// The pieces of every source of one row, and how many rows they make together.
fn expanded(args: &Args<'_>, row: usize) -> DataFusionResult<(Vec<Vec<Option<String>>>, usize)> {
    let limit = usize::try_from(args.long(0)?.get(row).unwrap_or(i64::MAX)).unwrap_or(usize::MAX);
    let bag_as_array = args.bool(1)?.get(row) == Some(true);
    let mut all = Vec::with_capacity(args.len() - FIRST_SOURCE);
    for source in FIRST_SOURCE..args.len() {
        all.push(pieces(args.text(source)?.opt(row), bag_as_array));
    }
    let length = all.iter().map(Vec::len).max().unwrap_or(0).min(limit);
    Ok((all, length))
}

/// Whether a ghost goes before the elements of every row.
fn has_ghosts(args: &Args<'_>) -> DataFusionResult<bool> {
    Ok(args.bool(2)?.get(0) == Some(true))
}

fn elements(args: &Args<'_>) -> DataFusionResult<ArrayRef> {
    let mut out = ListBuilder::new(StringViewBuilder::new());
    let ghosts = args.rows > 0 && has_ghosts(args)?;
    for row in 0..args.rows {
        let which = usize::try_from(args.long(SOURCE)?.get(row).unwrap_or(0)).unwrap_or(0);
        let (mut all, length) = expanded(args, row)?;
        let mut mine = if which < all.len() { all.swap_remove(which) } else { Vec::new() };
        mine.resize(length, None);
        if ghosts {
            out.values().append_null();
        }
        for piece in mine {
            match piece {
                Some(json) => out.values().try_append_value(json)?,
                None => out.values().append_null(),
            }
        }
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

fn positions(args: &Args<'_>) -> DataFusionResult<ArrayRef> {
    let mut out = ListBuilder::new(Int64Builder::new());
    let ghosts = args.rows > 0 && has_ghosts(args)?;
    for row in 0..args.rows {
        let (_, length) = expanded(args, row)?;
        if ghosts {
            out.values().append_null();
        }
        (0_i64..).take(length).for_each(|position| out.values().append_value(position));
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

/// True for the ghost, false for every element.
fn ghosts(args: &Args<'_>) -> DataFusionResult<ArrayRef> {
    let mut out = ListBuilder::new(BooleanBuilder::new());
    for row in 0..args.rows {
        let (_, length) = expanded(args, row)?;
        out.values().append_value(true);
        out.values().append_n(length, false);
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}
