//! Calls of aggregates: their arguments, columns and names. Deliberately absent: how they are computed.

use std::collections::HashSet;

use super::binder::{Binder, Row, column};
use super::columns::assignment;
use super::naming::{aggregate_prefix, name_text, of_expression};
use super::scope::Table;
use crate::diagnostic::Code;
use crate::plan::{Aggregate, Expr, ExprKind, Field, Name};
use crate::signature::{ParamKind, Signature};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Args, Call, NameRef, StarExpr};
use crate::types::{Type, Value};

/// How many elements `makelist` and `makeset` take unless the query says otherwise.
const OLD_ELEMENTS_MAX: i64 = 128;

/// A bound aggregate before its columns have their final names.
pub(super) struct AggregateCall {
    pub(super) function: String,
    pub(super) args: Vec<Expr>,
    /// Derived name and type of each column.
    pub(super) columns: Vec<(Name, Type)>,
}

impl AggregateCall {
    pub(super) fn named(self, names: Vec<Name>) -> Aggregate {
        let outputs = names
            .into_iter()
            .zip(&self.columns)
            .map(|(name, (_, ty))| Field { name, ty: *ty })
            .collect();
        Aggregate { function: self.function, args: self.args, outputs }
    }
}

/// What an aggregate is computed over.
#[derive(Clone, Copy)]
struct Over<'t> {
    input: &'t Table,
    /// Names of the columns grouped by, which `*` leaves out.
    keys: &'t HashSet<Name>,
}

impl Binder<'_> {
    /// Whether a node is a call of an aggregate.
    pub(super) fn is_aggregate(&self, node: Node<'_>) -> bool {
        node.kind() == Call
            && node
                .child(NameRef)
                .map(name_text)
                .is_some_and(|name| self.aggregate_signature(&name).is_some())
    }

    /// An aggregate call over `input`. `keys` are the names of the columns grouped by, which `*` leaves out.
    pub(super) fn aggregate(
        &mut self,
        node: Node<'_>,
        input: &Table,
        keys: &HashSet<Name>,
    ) -> AggregateCall {
        let written = node.child(NameRef).map(name_text).unwrap_or_default();
        let args: Vec<Node<'_>> = node.child(Args).into_iter().flat_map(Node::nodes).collect();
        let canonical = self.aggregate_signature(&written).map_or("", |signature| signature.name);
        let over = Over { input, keys };
        let counted = args.iter().filter(|arg| arg.kind() != StarExpr).count();
        match canonical {
            // The spelling from before there was `countif`.
            "count" if counted == 1 => {
                let call = self.plain_aggregate(node, "countif", &args, input);
                let columns = vec![("count_".into(), Type::Long)];
                AggregateCall { columns, ..call }
            }
            "arg_max" | "arg_min" => self.arg_extreme(canonical, &written, &args, over),
            "take_any" => self.take_any(&written, &args, over),
            "percentiles" | "percentilesw" => self.percentiles(node, canonical, &args, input),
            _ => self.plain_aggregate(node, &written, &args, input),
        }
    }

    fn plain_aggregate(
        &mut self,
        node: Node<'_>,
        written: &str,
        args: &[Node<'_>],
        input: &Table,
    ) -> AggregateCall {
        let Some(signature) = self.aggregate_signature(written) else {
            return unknown_call(written);
        };
        if self.catalog.aggregate(written).is_none() {
            self.unavailable("aggregate", node, written);
        }
        let row = Row::of(input);
        // `count(*)` is `count()`.
        let args: Vec<Node<'_>> =
            args.iter().filter(|arg| arg.kind() != StarExpr).copied().collect();
        let mut bound: Vec<Expr> = args.iter().map(|arg| self.scalar(*arg, Some(row))).collect();
        // The older spellings take fewer elements unless the query says how many.
        if matches!(written, "makelist" | "makeset") && bound.len() == 1 {
            bound.push(super::binder::literal(Value::Long(OLD_ELEMENTS_MAX)));
        }
        self.expect_conditions(&signature, &args, &mut bound);
        let expr = self.choose(&signature, written, node, bound);
        let name = match aggregate_prefix(written) {
            Some("percentile") => {
                let first = args.first().copied().and_then(of_expression).unwrap_or_default();
                let rank = args.last().map(|arg| rank_text(*arg)).unwrap_or_default();
                format!("percentile_{first}_{rank}")
            }
            Some(prefix) => {
                let first = args.first().copied().and_then(of_expression).unwrap_or_default();
                match args.get(1).copied().and_then(of_expression) {
                    // The engine names covariances after both arguments; Microsoft's binder does not.
                    Some(second) if prefix.starts_with("covariance") => {
                        format!("{prefix}_{first}_{second}")
                    }
                    _ => format!("{prefix}_{first}"),
                }
            }
            None => args.first().copied().and_then(of_expression).unwrap_or_default(),
        };
        let ty = expr.ty;
        let args = match expr.kind {
            ExprKind::Call { args, .. } => args,
            _ => Vec::new(),
        };
        AggregateCall {
            function: signature.name.to_string(),
            args,
            columns: vec![(name.into(), ty)],
        }
    }

    /// The conditions of `countif`, `sumif` …: true or false, nothing that becomes so.
    fn expect_conditions(&mut self, signature: &Signature, nodes: &[Node<'_>], args: &mut [Expr]) {
        let params = signature.overloads.iter().find_map(|overload| overload.spread(args.len()));
        let condition = ParamKind::Exactly(Type::Bool);
        for ((param, node), arg) in params.into_iter().flatten().zip(nodes).zip(args) {
            if param.kind == condition && !matches!(arg.ty, Type::Bool | Type::Error) {
                self.error(Code::WrongType, *node, "A value of type bool expected.");
                *arg = super::binder::mistake();
            }
        }
    }

    /// `arg_max(x, *)`, `arg_max(x, a, b)`: the columns of the row with the largest `x`.
    fn arg_extreme(
        &mut self,
        canonical: &str,
        written: &str,
        args: &[Node<'_>],
        over: Over<'_>,
    ) -> AggregateCall {
        let Over { input, keys } = over;
        let mut bound = Vec::new();
        let mut columns: Vec<(Name, Type)> = Vec::new();
        let prefix = aggregate_prefix(written);
        let first = args.first().and_then(|arg| of_expression(*arg)).unwrap_or_default();
        for (at, arg) in args.iter().enumerate() {
            if arg.kind() == StarExpr {
                let there: HashSet<Name> = columns.iter().map(|(name, _)| name.clone()).collect();
                for (at, field) in input.fields().iter().enumerate() {
                    if !there.contains(&field.name)
                        && !keys.contains(&field.name)
                        && field.name != first
                    {
                        bound.push(column(input.fields(), at));
                        let name = match prefix {
                            Some(prefix) => format!("{prefix}_{first}_{}", field.name).into(),
                            None => field.name.clone(),
                        };
                        columns.push((name, field.ty));
                    }
                }
                continue;
            }
            let (names, expression) = assignment(*arg);
            let Some(expression) = expression else { continue };
            let expr = self.scalar(expression, Some(Row::of(input)));
            let derived = of_expression(expression).unwrap_or_default();
            let name = match (names.into_iter().next(), prefix, at) {
                (Some(name), ..) => name,
                (None, Some(prefix), 0) => format!("{prefix}_{derived}"),
                (None, Some(prefix), _) => format!("{prefix}_{first}_{derived}"),
                (None, None, _) => derived,
            };
            columns.push((name.into(), expr.ty));
            bound.push(expr);
        }
        AggregateCall { function: canonical.to_string(), args: bound, columns }
    }

    /// `take_any(a, b)`, `any(*)`
    fn take_any(&mut self, written: &str, args: &[Node<'_>], over: Over<'_>) -> AggregateCall {
        let Over { input, keys } = over;
        let mut bound = Vec::new();
        let mut columns = Vec::new();
        let named = |name: Name| match aggregate_prefix(written) {
            Some(prefix) => format!("{prefix}_{name}").into(),
            None => name,
        };
        for arg in args {
            if arg.kind() == StarExpr {
                for (at, field) in input.fields().iter().enumerate() {
                    if !keys.contains(&field.name) {
                        bound.push(column(input.fields(), at));
                        columns.push((named(field.name.clone()), field.ty));
                    }
                }
                continue;
            }
            let expr = self.scalar(*arg, Some(Row::of(input)));
            columns.push((named(of_expression(*arg).unwrap_or_default().into()), expr.ty));
            bound.push(expr);
        }
        AggregateCall { function: "take_any".to_string(), args: bound, columns }
    }

    /// `percentiles(x, 5, 95)`: one column for each rank.
    fn percentiles(
        &mut self,
        node: Node<'_>,
        canonical: &str,
        args: &[Node<'_>],
        input: &Table,
    ) -> AggregateCall {
        let leading = if canonical == "percentilesw" { 2 } else { 1 };
        if args.len() <= leading {
            let message =
                format!("{canonical}(): function expects at least {} arguments.", leading + 1);
            self.error(Code::Arity, node, message);
            return unknown_call(canonical);
        }
        let row = Row::of(input);
        let bound: Vec<Expr> = args.iter().map(|arg| self.scalar(*arg, Some(row))).collect();
        let ty = match bound[0].ty {
            Type::Int => Type::Long,
            other => other,
        };
        let first = of_expression(args[0]).unwrap_or_default();
        let columns = args[leading..]
            .iter()
            .map(|arg| (format!("percentile_{first}_{}", rank_text(*arg)).into(), ty))
            .collect();
        AggregateCall { function: canonical.to_string(), args: bound, columns }
    }
}

/// `95`, `5_5`: a rank as it goes into a column's name.
fn rank_text(node: Node<'_>) -> String {
    if node.kind() == crate::syntax::SyntaxKind::Literal {
        node.text().replace('.', "_")
    } else {
        String::new()
    }
}

fn unknown_call(function: &str) -> AggregateCall {
    AggregateCall {
        function: function.to_string(),
        args: Vec::new(),
        columns: vec![(function.into(), Type::Error)],
    }
}
