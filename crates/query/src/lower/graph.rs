//! Operators on graphs: the tables of the graph are computed as plans, conditions and projections are compiled, and the
//! operator becomes a table of its own. Of tables only the columns are read that somebody asks for. Deliberately absent:
//! the graph in memory and the search in it (`crate::graph`).

use std::sync::Arc;

use arrow::datatypes::{Field as ArrowField, Schema};
use datafusion::common::DFSchema;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use kql::plan::{self, Field, Graph, GraphMatch, GraphTable, MatchColumn, PathPart, Plan};
use kql::types::{Type, Value};

use super::windows::has_window;
use super::{Flow, Lowering, Operand, cast_if_text, named, scalar};
use crate::error::{Error, Result};
use crate::graph::formula::Formula;
use crate::graph::matches::{Column, RowShape};
use crate::graph::pattern::{EdgeShape, PatternShape};
use crate::graph::provider::{GraphRows, Wanted};
use crate::graph::store::Shape;
use crate::kernel::arrow_type;

/// Which columns of nodes and edges somebody reads.
struct Used {
    nodes: Vec<usize>,
    edges: Vec<usize>,
}

impl Lowering<'_> {
    pub(super) fn graph_table(&mut self, table: &GraphTable, fields: &[Field]) -> Result<Flow> {
        let wanted = match table.edges {
            true => Wanted::Edges { with_source: table.with_id, with_target: table.with_target },
            false => Wanted::Nodes { with_id: table.with_id },
        };
        let count = |all: bool, len: usize| vec![usize::from(all); len];
        let used = Used {
            nodes: count(!table.edges, table.graph.node_fields.len()),
            edges: count(table.edges, table.graph.edge_fields().len()),
        };
        self.graph_rows(&table.graph, &used, wanted, fields)
    }

    pub(super) fn graph_match(&mut self, search: &GraphMatch, fields: &[Field]) -> Result<Flow> {
        let graph = &search.graph;
        let edge: Vec<Type> = graph.edge_fields().iter().map(|field| field.ty).collect();
        let mut node: Vec<Type> = graph.node_fields.iter().map(|field| field.ty).collect();
        // The degrees.
        node.extend([Type::Long, Type::Long]);
        let used = used_columns(search, node.len(), edge.len());
        let all = |exprs: &[plan::Expr], types: &[Type]| {
            exprs.iter().map(|expr| formula(expr, types)).collect::<Result<Vec<_>>>()
        };
        let nodes = search.nodes.iter().map(|conditions| all(conditions, &node));
        let edges = search.edges.iter().map(|shape| {
            let (least, most) = shape.length.unwrap_or((1, 1));
            Ok(EdgeShape {
                left: shape.left,
                right: shape.right,
                direction: shape.direction,
                least: least as usize,
                most: most as usize,
                conditions: all(&shape.conditions, &edge)?,
                inner: all(&shape.inner, &node)?,
            })
        });
        let pattern = PatternShape {
            nodes: nodes.collect::<Result<_>>()?,
            edges: edges.collect::<Result<_>>()?,
            search: search.search,
        };
        let of_match: Vec<Type> = search.columns.iter().map(|(_, ty)| *ty).collect();
        let columns = search.columns.iter().map(|(column, _)| {
            Ok(match column {
                MatchColumn::Node { node, column } => Column::Node { node: *node, column: *column },
                MatchColumn::Edge { edge, column } => Column::Edge { edge: *edge, column: *column },
                MatchColumn::Element => Column::Element,
                MatchColumn::Path { edge: at, part, fold, value } => {
                    let element = match part {
                        PathPart::Edges => &edge,
                        PathPart::InnerNodes => &node,
                    };
                    let types = [element.as_slice(), of_match.as_slice()].concat();
                    let value = formula(value, &types)?;
                    Column::Path {
                        edge: *at,
                        part: *part,
                        fold: *fold,
                        value,
                        width: element.len(),
                    }
                }
            })
        });
        let rows = RowShape {
            columns: columns.collect::<Result<_>>()?,
            conditions: all(&search.conditions, &of_match)?,
            exprs: all(&search.exprs, &of_match)?,
        };
        self.graph_rows(graph, &used, Wanted::Matches(pattern, rows), fields)
    }

    fn graph_rows(
        &mut self,
        graph: &Graph,
        used: &Used,
        wanted: Wanted,
        fields: &[Field],
    ) -> Result<Flow> {
        let shape = Shape {
            nodes: graph.node_fields.iter().map(|field| field.ty).collect(),
            keys: graph.keys.clone(),
            marks: graph.marks.clone(),
        };
        let edges = self.graph_input(&graph.edges, 2, &used.edges)?;
        // What comes from tables stands in front of what is computed.
        let nodes = graph
            .nodes
            .iter()
            .map(|table| self.graph_input(table, 1, &used.nodes))
            .collect::<Result<Vec<_>>>()?;
        let named: Vec<Field> = fields
            .iter()
            .enumerate()
            .map(|(at, field)| Field { name: format!("g{at}").into(), ty: field.ty })
            .collect();
        let rows = GraphRows::new((edges, nodes), (shape, graph.id), wanted, &named);
        self.scan("", Arc::new(rows), &named)
    }

    /// A table of a graph. Of its columns behind the ids those become null that nobody reads.
    fn graph_input(
        &mut self,
        table: &Plan,
        ids: usize,
        used: &[usize],
    ) -> Result<datafusion::logical_expr::LogicalPlan> {
        let mut flow = self.flow(table)?;
        if self.is_grouped(&flow.plan) {
            return Err(Error::InBody("a graph"));
        }
        for (column, used) in flow.columns.iter_mut().skip(ids).zip(used) {
            if *used == 0 {
                *column = Operand::literal(&Value::Null(column.ty));
            }
        }
        Ok(self.whole(flow)?.plan)
    }
}

/// How often each column of a node and of an edge is read.
fn used_columns(search: &GraphMatch, node: usize, edge: usize) -> Used {
    let mut used = Used { nodes: vec![0; node], edges: vec![0; edge] };
    let mut of_match = vec![0; search.columns.len()];
    for condition in search.nodes.iter().flatten() {
        scalar::count_uses(condition, &mut used.nodes);
    }
    for shape in &search.edges {
        shape.conditions.iter().for_each(|expr| scalar::count_uses(expr, &mut used.edges));
        shape.inner.iter().for_each(|expr| scalar::count_uses(expr, &mut used.nodes));
    }
    for expr in search.conditions.iter().chain(&search.exprs) {
        scalar::count_uses(expr, &mut of_match);
    }
    for (column, _) in &search.columns {
        if let MatchColumn::Path { part, value, .. } = column {
            let own = match part {
                PathPart::Edges => &mut used.edges,
                PathPart::InnerNodes => &mut used.nodes,
            };
            let mut uses = vec![0; own.len() + of_match.len()];
            scalar::count_uses(value, &mut uses);
            let (first, rest) = uses.split_at(own.len());
            own.iter_mut().zip(first).for_each(|(total, uses)| *total += uses);
            of_match.iter_mut().zip(rest).for_each(|(total, uses)| *total += uses);
        }
    }
    for ((column, _), uses) in search.columns.iter().zip(&of_match) {
        let slot = match column {
            MatchColumn::Node { column, .. } => used.nodes.get_mut(*column),
            MatchColumn::Edge { column, .. } => used.edges.get_mut(*column),
            MatchColumn::Element | MatchColumn::Path { .. } => None,
        };
        if let Some(slot) = slot {
            *slot += uses;
        }
    }
    used
}

/// An expression over columns of these types, compiled.
fn formula(expr: &plan::Expr, types: &[Type]) -> Result<Formula> {
    if has_window(expr) {
        return Err(Error::NoWindow("prev, next or row_number".to_owned()));
    }
    let mut uses = vec![0; types.len()];
    scalar::count_uses(expr, &mut uses);
    let name = |at: usize| format!("v{at}");
    let columns: Vec<usize> = (0..types.len()).filter(|at| uses[*at] > 0).collect();
    let fields: Vec<ArrowField> =
        columns.iter().map(|at| ArrowField::new(name(*at), arrow_type(types[*at]), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let operands: Vec<Operand> =
        types.iter().enumerate().map(|(at, ty)| Operand::plain(named(&name(at)), *ty)).collect();
    let value = cast_if_text(scalar::operand(&operands, expr)?.value(), expr.ty);
    let physical = datafusion::physical_expr::create_physical_expr(
        &value,
        &DFSchema::try_from(schema.clone())?,
        &ExecutionProps::new(),
        &PhysicalPlanningContext::default(),
    )?;
    Ok(Formula { expr: physical, schema, columns, ty: expr.ty })
}
