//! Functions that the binder itself must understand: those that give tables, that look at the columns around them, or whose
//! value it knows. Deliberately absent: all others (`call`).

use super::binder::{Binder, Row, call, column, literal, mistake, nothing};
use super::call::{constant_text, text};
use super::fold::fold;
use super::naming::name_text;
use super::scope::{Bindable, Table};
use crate::diagnostic::Code;
use crate::plan::{Expr, ExprKind, Op, Plan};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Args, NameRef, StarExpr};
use crate::types::{Type, Value};

impl Binder<'_> {
    /// The value of a call that the binder treats itself; `None` for all other functions.
    pub(super) fn special_call(
        &mut self,
        name: &str,
        node: Node<'_>,
        row: Option<Row<'_>>,
    ) -> Option<Bindable> {
        let args: Vec<Node<'_>> = node.child(Args).into_iter().flat_map(Node::nodes).collect();
        let first = args.first().copied();
        if let Some(expr) = self.graph_call(name, node, row) {
            return Some(Bindable::Scalar(expr));
        }
        Some(match name {
            "toscalar" => Bindable::Scalar(self.toscalar(first?)),
            "materialize" => Bindable::Table(Box::new(self.materialize(first?))),
            "table" => Bindable::Table(Box::new(self.table_function(first?))),
            "_GetWatchlist" if self.catalog.stored_function(name).is_none() => {
                Bindable::Table(Box::new(self.watchlist(node, &args)))
            }
            "cluster" => {
                let message = "'cluster()' is not available in this workspace.";
                self.error(Code::Unsupported, node, message);
                Bindable::Table(Box::new(nothing()))
            }
            "workspace" | "app" | "resource" | "database" => {
                self.error(Code::WrongType, node, "Tabular value expected.");
                Bindable::Table(Box::new(nothing()))
            }
            "now" | "ago" => Bindable::Scalar(self.moment(name, node, first, row)?),
            "not" => {
                let arg = self.scalar(first?, row);
                let arg = self.expect_bool(first?, arg);
                Bindable::Scalar(fold(call("not", vec![arg], Type::Bool)))
            }
            "column_ifexists" | "columnifexists" => {
                let [column, default] = args[..] else { return None };
                Bindable::Scalar(self.column_ifexists(column, default, row))
            }
            "make_datetime" if args.len() < 3 => {
                Bindable::Scalar(self.short_moment(node, first?, args.get(1).copied(), row)?)
            }
            "iscolumnexists" => {
                let name = self.scalar(first?, None);
                let name = constant_text(&name)?;
                let there = row?.fields.iter().any(|field| field.name == name);
                Bindable::Scalar(literal(Value::Bool(there)))
            }
            "pack_all" => Bindable::Scalar(pack_columns(row?, |_| true, self.scalar_args(&args))),
            // Kusto counts weeks as a real number.
            "datetime_diff" => {
                let signature = self.catalog.function(name).copied()?;
                let expr = self.builtin(&signature, name, node, row);
                let in_weeks = matches!(&expr.kind, ExprKind::Call { args, .. }
                    if args.first().and_then(constant_text).is_some_and(|part| part.eq_ignore_ascii_case("week")));
                let ty = if in_weeks { Type::Real } else { expr.ty };
                Bindable::Scalar(super::binder::convert(expr, ty))
            }
            "estimate_data_size" if first.is_some_and(|arg| arg.kind() == StarExpr) => {
                let row = row?;
                let all = (0..row.fields.len()).map(|at| column(row.fields, at)).collect();
                Bindable::Scalar(call(name, all, Type::Long))
            }
            "bag_pack_columns" => Bindable::Scalar(self.bag_pack_columns(&args, row)),
            "column_names_of" => {
                let table = self.table(first?);
                let names: Vec<Expr> =
                    table.fields().iter().map(|field| text(&field.name)).collect();
                Bindable::Scalar(call("pack_array", names, Type::Dynamic))
            }
            _ => return None,
        })
    }

    /// `_GetWatchlist('alias')`, `_GetWatchlist('alias', dynamic(['key']))`: a named list, or the rows of some keys.
    fn watchlist(&mut self, node: Node<'_>, args: &[Node<'_>]) -> Table {
        let (alias, keys) = match args {
            [alias] => (*alias, None),
            [alias, keys] => (*alias, Some(*keys)),
            _ => {
                self.error(
                    Code::Arity,
                    node,
                    "_GetWatchlist(): function expects 1 to 2 arguments.",
                );
                return nothing();
            }
        };
        let name = self.scalar(super::columns::assignment(alias).1.unwrap_or(alias), None);
        let Some(name) = constant_text(&name) else {
            if name.ty != Type::Error {
                self.error(Code::WrongType, alias, "The expression must be a constant.");
            }
            return nothing();
        };
        let Some(fields) = self.catalog.watchlist(&name) else {
            if self.options.check_only {
                // Lists belong to the workspace that will run the query.
                return Table { open: true, ..nothing() };
            }
            self.no_watchlist(alias, &name);
            return nothing();
        };
        let plan = Plan { op: Op::Watchlist { name }, fields };
        let table = Table::new(plan);
        let Some(keys) = keys else { return table };
        let keys = self.scalar(keys, None);
        let Some(at) = table.fields().iter().position(|field| field.name == "SearchKey") else {
            return table;
        };
        let predicate = call("in", vec![column(table.fields(), at), keys], Type::Bool);
        super::operators::wrap(table, |input| Op::Filter { input, predicate })
    }

    fn no_watchlist(&mut self, node: Node<'_>, name: &str) {
        self.missing_tables += 1;
        let lists = self.catalog.watchlists();
        let mut message = format!("The watchlist '{name}' was not found.");
        if lists.is_empty() {
            message.push_str(" No watchlist was uploaded to this workspace yet.");
        }
        let nearest = crate::nearest::nearest(name, lists.iter().map(String::as_str));
        let hint = nearest.map(|name| format!("did you mean '{name}'?"));
        let diagnostic =
            crate::diagnostic::Diagnostic::error(Code::Unresolved, node.span(), message);
        self.report(diagnostic.with_hint(hint));
    }

    fn scalar_args(&mut self, args: &[Node<'_>]) -> Vec<Expr> {
        args.iter()
            .filter(|arg| arg.kind() != StarExpr)
            .map(|arg| self.scalar(*arg, None))
            .collect()
    }

    fn toscalar(&mut self, arg: Node<'_>) -> Expr {
        match self.value(arg, None) {
            Bindable::Scalar(expr) => expr,
            Bindable::Table(table) => {
                let Some(first) = table.fields().first() else { return mistake() };
                let ty = first.ty;
                Expr { kind: ExprKind::Scalar(Box::new(table.plan)), ty }
            }
        }
    }

    fn materialize(&mut self, arg: Node<'_>) -> Table {
        let table = self.table(arg);
        self.share(table)
    }

    /// The same table under a number, so that all its uses see one result.
    pub(super) fn share(&mut self, table: Table) -> Table {
        let id = self.shared;
        self.shared += 1;
        let fields = table.plan.fields.clone();
        let plan = Plan { op: Op::Shared { id, input: Box::new(table.plan) }, fields };
        Table { plan, ..table }
    }

    /// `table("name")`
    fn table_function(&mut self, arg: Node<'_>) -> Table {
        let name = self.scalar(arg, None);
        if name.ty == Type::Error {
            return nothing();
        }
        let Some(name) = constant_text(&name) else {
            self.error(Code::WrongType, arg, "The expression must be a constant.");
            return nothing();
        };
        if let Some(table) = self.catalog_table(&name) {
            return table;
        }
        if let Some(function) = self.stored(&name)
            && let Bindable::Table(table) = self.call_function(&function, arg, Vec::new())
        {
            return *table;
        }
        self.unresolved_table(arg, &name);
        nothing()
    }

    /// `now()`, `now(offset)`, `ago(span)`: one moment for the whole query.
    fn moment(
        &mut self,
        name: &str,
        node: Node<'_>,
        offset: Option<Node<'_>>,
        row: Option<Row<'_>>,
    ) -> Option<Expr> {
        let now = literal(Value::DateTime(self.options.now));
        let Some(offset) = offset else { return (name == "now").then_some(now) };
        let span = self.scalar(offset, row);
        let span = match span.ty {
            Type::Error => return Some(Expr { ty: Type::DateTime, ..mistake() }),
            Type::Dynamic => super::binder::convert(span, Type::TimeSpan),
            Type::TimeSpan => span,
            _ => {
                self.error(Code::WrongType, offset, "A value of type timespan expected.");
                return Some(Expr { ty: Type::DateTime, ..mistake() });
            }
        };
        Some(self.apply(node, if name == "now" { "+" } else { "-" }, now, span))
    }

    /// `make_datetime(text)`; `make_datetime(year)` and `(year, month)` are the first of it.
    fn short_moment(
        &mut self,
        node: Node<'_>,
        first: Node<'_>,
        month: Option<Node<'_>>,
        row: Option<Row<'_>>,
    ) -> Option<Expr> {
        let value = self.scalar(first, row);
        let from_text = month.is_none() && !value.ty.is_number();
        let name = if from_text { "todatetime" } else { "make_datetime" };
        let signature = self.scalar_signature(name)?;
        let mut args = vec![value];
        if !from_text {
            let one = || literal(Value::Long(1));
            args.push(month.map_or_else(one, |month| self.scalar(month, row)));
            args.push(one());
        }
        Some(self.choose(&signature, name, node, args))
    }

    /// The column of that name if the input has it, else the second argument.
    fn column_ifexists(&mut self, name: Node<'_>, default: Node<'_>, row: Option<Row<'_>>) -> Expr {
        let constant = match name.kind() {
            // Content in the wild leaves the quotes out: what is no variable is the column's own name.
            NameRef if row.is_some() && self.variable(name, &name_text(name)).is_none() => {
                Some(name_text(name))
            }
            _ => constant_text(&self.scalar(name, None)),
        };
        let at = row.zip(constant).and_then(|(row, name)| {
            row.fields.iter().position(|field| field.name == name).map(|at| column(row.fields, at))
        });
        match at {
            Some(found) => found,
            None => self.scalar(default, row),
        }
    }

    fn bag_pack_columns(&mut self, args: &[Node<'_>], row: Option<Row<'_>>) -> Expr {
        let mut pairs = Vec::new();
        for arg in args {
            pairs.push(text(&name_text(*arg)));
            pairs.push(self.scalar(*arg, row));
        }
        call("bag_pack", pairs, Type::Dynamic)
    }
}

/// All columns as one bag; `pack_all(true)` leaves out what is null or empty.
fn pack_columns(row: Row<'_>, keep: impl Fn(&str) -> bool, options: Vec<Expr>) -> Expr {
    let mut pairs = Vec::new();
    for (at, field) in row.fields.iter().enumerate().filter(|(_, field)| keep(&field.name)) {
        pairs.push(text(&field.name));
        pairs.push(column(row.fields, at));
    }
    let ignore_empty = matches!(
        options.first().map(|option| &option.kind),
        Some(ExprKind::Literal(Value::Bool(true)))
    );
    let function = if ignore_empty { "bag_pack_nonempty" } else { "bag_pack" };
    call(function, pairs, Type::Dynamic)
}
