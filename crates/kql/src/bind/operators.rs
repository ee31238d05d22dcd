//! Query operators: which function binds which, and the short ones. Deliberately absent: operators with a file of their
//! own (`columns`, `summarize`, `join`, `union`, `expand`, `parse`, `series`, `search`, `plugin`).

use super::Render;
use super::binder::{Binder, ITEMS_MAX, Row, column, literal, nothing};
use super::columns::items;
use super::naming::name_text;
use super::scope::{Bindable, Table, Variable};
use super::source::{field, property_name};
use super::weight::of_fields;
use crate::diagnostic::Code;
use crate::plan::{Aggregate, Expr, ExprKind, Field, Name, Op, Plan, SortKey};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{
    self, Error, List, NameRef, Property, SortKey as SortKeyNode, With,
};
use crate::syntax::operator_name;
use crate::types::{Type, Value};

/// The end of the message about an operator that is read but not bound.
const SUPPORTED_LATER: &str = "is not supported yet";

impl Binder<'_> {
    /// An operator over its input; without one, an operator that starts a pipe.
    pub(super) fn operator_node(&mut self, node: Node<'_>, input: Option<Table>) -> Table {
        let columns = input.as_ref().map_or(0, |input| of_fields(input.fields()));
        if !self.count_node(node) || !self.count_columns(node, columns) || !self.few_items(node) {
            return nothing();
        }
        self.probe_operator(node, input.as_ref());
        let name = operator_name(node);
        if input.as_ref().is_some_and(|input| !input.more.is_empty()) && name != "render" {
            let message = "Only 'render' may follow an operator that gives several results.";
            self.error(Code::Syntax, node, message);
        }
        let outer = std::mem::replace(&mut self.operator, name.clone());
        let serialized = self.reads_rows_of(&name, input.as_ref());
        let table = match (name.as_str(), input) {
            ("print", None) => self.print(node),
            ("range", None) => self.range(node),
            ("union", input) => self.union(node, input),
            ("search", input) => self.search(node, input),
            ("find", None) => self.find(node),
            ("macro-expand", None) => self.macro_expand(node),
            ("evaluate", None) => self.evaluate(node, nothing()),
            (_, Some(input)) => self.operator_over(&name, node, input),
            (_, None) => {
                let message = "The operator cannot be the first operator in a query.";
                self.error(Code::Syntax, node, message);
                nothing()
            }
        };
        self.operator = outer;
        self.serialized = serialized;
        if !self.count_columns(node, of_fields(table.fields())) {
            return nothing();
        }
        table
    }

    /// Names are compared with each other, so that long lists take time beyond their length.
    fn few_items(&mut self, node: Node<'_>) -> bool {
        let by = node.child(SyntaxKind::By);
        let few = |node: Node<'_>| items(node).nth(ITEMS_MAX).is_none();
        let few = few(node) && by.is_none_or(few);
        if !few {
            let message = self.in_operator(&format!("more than {ITEMS_MAX} items in a list"));
            self.error(Code::TooLarge, node, message);
        }
        few
    }

    fn operator_over(&mut self, name: &str, node: Node<'_>, input: Table) -> Table {
        if !self.takes_input(name, node, &input) {
            return Table { open: true, ..nothing() };
        }
        match name {
            "where" | "filter" => self.filter(node, input),
            "extend" => self.extend(node, input),
            "project" => self.project(node, input),
            "project-away" => self.project_away(node, input),
            "project-keep" => self.project_keep(node, input),
            "project-rename" => self.project_rename(node, input),
            "project-reorder" => self.project_reorder(node, input),
            "distinct" => self.distinct(node, input),
            "summarize" => self.summarize(node, input),
            "count" => count(node, input),
            "sort" | "order" => {
                let keys = self.sort_keys(node, &input);
                wrap(input, |input| Op::Sort { input, keys })
            }
            "top" => self.top(node, input),
            "take" | "limit" => {
                let rows = self.row_count(node.nodes().next());
                wrap(input, |input| Op::Take { input, rows })
            }
            "sample" => {
                let rows = self.row_count(node.nodes().next());
                wrap(input, |input| Op::Sample { input, rows })
            }
            "join" => self.join(node, input),
            "lookup" => self.lookup(node, input),
            "render" => self.render(node, input),
            "as" => self.name_result(node, input),
            "serialize" => {
                let table = wrap(input, |input| Op::Serialize { input });
                self.extend(node, table)
            }
            "getschema" => schema_of(node, &input),
            "consume" => wrap(input, |input| Op::Take { input, rows: 0 }),
            _ => self.rarer_operator(name, node, input),
        }
    }

    fn rarer_operator(&mut self, name: &str, node: Node<'_>, input: Table) -> Table {
        match name {
            "mv-expand" | "mvexpand" => self.mv_expand(node, input),
            "mv-apply" | "mvapply" => self.mv_apply(node, input),
            "parse" | "parse-where" => self.parse(node, input),
            "parse-kv" => self.parse_kv(node, input),
            "make-series" => self.make_series(node, input),
            "evaluate" => self.evaluate(node, input),
            "invoke" => self.invoke(node, input),
            "sample-distinct" => self.sample_distinct(node, input),
            "top-hitters" => self.top_hitters(node, input),
            "top-nested" => self.top_nested(node, input),
            "partition" => self.partition(node, input),
            "scan" => self.scan(node, input),
            "reduce" => self.reduce(node, input),
            "fork" => self.fork(node, input),
            "facet" => self.facet(node, input),
            "make-graph" => self.make_graph(node, input),
            "graph-match" | "graph-shortest-paths" => self.graph_match(name, node, input),
            "graph-mark-components" => self.mark_components(node, input),
            "graph-to-table" => self.graph_to_table(node, input),
            _ => {
                let message = format!("The operator '{name}' {SUPPORTED_LATER}.");
                self.error(Code::Unsupported, node, message);
                Table { open: true, ..input }
            }
        }
    }

    fn filter(&mut self, node: Node<'_>, input: Table) -> Table {
        let Some(predicate) = operand(node, 0) else { return input };
        let expr = self.scalar(predicate, Some(Row::of(&input)));
        let expr = self.predicate(predicate, expr);
        if matches!(expr.kind, ExprKind::Literal(Value::Bool(true))) {
            // `where not(disabled)`, `disabled` being false: all rows stay.
            return Table { name: None, ..input };
        }
        wrap(input, |input| Op::Filter { input, predicate: expr })
    }

    pub(super) fn predicate(&mut self, node: Node<'_>, expr: Expr) -> Expr {
        match expr.ty {
            Type::Bool | Type::Error => expr,
            Type::Dynamic => super::binder::convert(expr, Type::Bool),
            _ => {
                let message = self.in_operator("The expression must have the type bool.");
                self.error(Code::WrongType, node, message);
                super::binder::mistake()
            }
        }
    }

    pub(super) fn sort_keys(&mut self, node: Node<'_>, input: &Table) -> Vec<SortKey> {
        let mut keys = Vec::new();
        for key in node.children_of(SortKeyNode) {
            let Some(expression) = key.nodes().next() else { continue };
            let expr = self.scalar(expression, Some(Row::of(input)));
            if expr.ty == Type::Dynamic {
                let message = self.in_operator(
                    "The value of type 'dynamic' is not allowed in this context. Please use an explicit cast, such as tostring().",
                );
                self.error(Code::WrongType, expression, message);
            }
            let descending = !key.has_word("asc");
            let nulls_first = match (key.has_word("first"), key.has_word("last")) {
                (true, _) => true,
                (_, true) => false,
                _ => !descending,
            };
            keys.push(SortKey { expr, descending, nulls_first });
        }
        keys
    }

    fn top(&mut self, node: Node<'_>, input: Table) -> Table {
        let rows = self.row_count(operand(node, 0));
        let keys = self.sort_keys(node, &input);
        wrap(input, |input| Op::Top { input, rows, keys })
    }

    fn print(&mut self, node: Node<'_>) -> Table {
        let (mut fields, mut row) = (Vec::new(), Vec::new());
        for (at, item) in node.child(List).into_iter().flat_map(Node::nodes).enumerate() {
            let (names, expression) = super::columns::assignment(item);
            let expression = expression.unwrap_or(item);
            let expr = self.scalar(expression, None);
            // Of a call that gives several columns only those remain that are named, if any are.
            let wanted = if names.is_empty() { usize::MAX } else { names.len() };
            let several = self.several(item, names.clone(), expression, &expr);
            let one = several.is_empty() && !self.is_own_function(expression);
            if names.len() > 1 && one && expr.ty != Type::Error {
                self.error(Code::WrongType, item, super::columns::ONE_VALUE);
            }
            let mut columns: Vec<(Name, Expr)> = several
                .into_iter()
                .take(wanted)
                .map(|item| (item.written.or(item.derived).unwrap_or_default(), item.expr))
                .collect();
            if columns.is_empty() {
                let name = names.into_iter().next().unwrap_or_else(|| format!("print_{at}"));
                columns.push((name.into(), expr));
            }
            for (name, expr) in columns {
                if fields.iter().any(|field: &Field| field.name == name) {
                    let message = format!("A column with the name '{name}' is already declared.");
                    self.error(Code::Duplicate, item, message);
                }
                fields.push(Field { name, ty: expr.ty });
                row.push(expr);
            }
        }
        Table::new(Plan { op: Op::Rows(vec![row]), fields: fields.into() })
    }

    fn range(&mut self, node: Node<'_>) -> Table {
        let mut parts = node.nodes();
        let name = parts.next().map(name_text).unwrap_or_default();
        let mut bounds: Vec<Expr> = parts.map(|part| self.scalar(part, None)).collect();
        bounds.resize_with(3, super::binder::mistake);
        let [from, to, step] = <[Expr; 3]>::try_from(bounds)
            .unwrap_or_else(|_| std::array::from_fn(|_| super::binder::mistake()));
        let ty = super::types::common([from.ty, to.ty]);
        let ty = if ty.is_number() { super::types::common([ty, step.ty]) } else { ty };
        let from = super::binder::convert(from, ty);
        let to = super::binder::convert(to, ty);
        let step = if ty.is_number() { super::binder::convert(step, ty) } else { step };
        Table::new(Plan { op: Op::Range { from, to, step }, fields: vec![field(&name, ty)].into() })
    }

    fn render(&mut self, node: Node<'_>, input: Table) -> Table {
        let kind = node.tokens().nth(1).map(|token| token.text().to_string()).unwrap_or_default();
        let mut properties = self.render_properties(node);
        if let Some(with) = node.child(With) {
            properties.extend(self.render_properties(with));
        }
        Table { render: Some(Render { kind, properties }), ..input }
    }

    /// Properties of `render`: names of columns stay what they are written as.
    fn render_properties(&mut self, node: Node<'_>) -> Vec<(String, Value)> {
        node.children_of(Property)
            .filter_map(|property| {
                let value = property.nodes().next()?;
                let value = match value.kind() {
                    SyntaxKind::Literal => self.constant(value)?,
                    _ => Value::String(value.text().to_string()),
                };
                Some((property_name(property), value))
            })
            .collect()
    }

    /// `as Name`: what follows in the query can use the result.
    fn name_result(&mut self, node: Node<'_>, input: Table) -> Table {
        let Some(name) = node.child(NameRef).map(name_text) else { return input };
        let table = self.share(input);
        let named = Table { name: Some(name.clone()), ..table };
        let variable = Variable::Value(Bindable::Table(Box::new(named.clone())));
        self.scope = self.scope.with(&name, variable);
        named
    }

    /// `invoke f(x)`: the input is the first argument.
    fn invoke(&mut self, node: Node<'_>, input: Table) -> Table {
        let Some(call) = node.child(SyntaxKind::Call) else { return input };
        let name = call.child(NameRef).map(name_text).unwrap_or_default();
        let function = match self.variable(call, &name) {
            Some(Variable::Function(function)) => Some(function),
            _ => self.stored(&name),
        };
        let Some(function) = function else {
            let message = format!("Unknown function: '{name}'.");
            self.error(Code::UnknownFunction, call, message);
            return Table { open: true, ..input };
        };
        let mut arguments = vec![(None, Bindable::Table(Box::new(input)))];
        arguments.extend(self.arguments(call, None));
        match self.call_function(&function, call, arguments) {
            Bindable::Table(table) => *table,
            Bindable::Scalar(_) => {
                self.error(Code::WrongType, call, "Tabular value expected.");
                nothing()
            }
        }
    }
}

/// The n-th expression directly in an operator, properties left out.
pub(super) fn operand(node: Node<'_>, at: usize) -> Option<Node<'_>> {
    node.nodes().filter(|part| !matches!(part.kind(), Property | Error | With)).nth(at)
}

/// An operator that leaves the columns as they are.
pub(super) fn wrap(input: Table, op: impl FnOnce(Box<Plan>) -> Op) -> Table {
    let fields = input.plan.fields.clone();
    let plan = Plan { op: op(Box::new(input.plan)), fields };
    Table { plan, name: None, ..input }
}

fn count(node: Node<'_>, input: Table) -> Table {
    let name = node.child(NameRef).map_or_else(|| "Count".to_string(), name_text);
    let output = field(&name, Type::Long);
    let count = Aggregate {
        function: "count".to_string(),
        args: Vec::new(),
        outputs: vec![output.clone()],
    };
    let op =
        Op::Summarize { input: Box::new(input.plan), keys: Vec::new(), aggregates: vec![count] };
    Table::new(Plan { op, fields: vec![output].into() })
}

/// `getschema`: the columns as rows, with the names of .NET's types beside Kusto's.
fn schema_of(node: Node<'_>, input: &Table) -> Table {
    let text = |value: &str| literal(Value::String(value.to_string()));
    let as_text = node.children_of(Property).any(|property| {
        property_name(property) == "kind"
            && property.nodes().next().is_some_and(|value| value.text() == "csl")
    });
    if as_text {
        // As a declaration of columns, which `datatable` and commands read.
        let columns: Vec<String> =
            input.fields().iter().map(|f| format!("{}:{}", f.name, f.ty.name())).collect();
        let rows = vec![vec![text(&columns.join(","))]];
        return Table::new(Plan {
            op: Op::Rows(rows),
            fields: vec![field("Schema", Type::String)].into(),
        });
    }
    let rows = input
        .fields()
        .iter()
        .zip(0..)
        .map(|(field, ordinal)| {
            vec![
                text(&field.name),
                literal(Value::Long(ordinal)),
                text(dotnet_name(field.ty)),
                text(field.ty.name()),
            ]
        })
        .collect();
    let fields = vec![
        field("ColumnName", Type::String),
        field("ColumnOrdinal", Type::Long),
        field("DataType", Type::String),
        field("ColumnType", Type::String),
    ];
    Table::new(Plan { op: Op::Rows(rows), fields: fields.into() })
}

/// What `getschema` calls a type in `DataType`.
const fn dotnet_name(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "System.SByte",
        Type::Int => "System.Int32",
        Type::Long => "System.Int64",
        Type::Real => "System.Double",
        Type::Decimal => "System.Data.SqlTypes.SqlDecimal",
        Type::String => "System.String",
        Type::DateTime => "System.DateTime",
        Type::TimeSpan => "System.TimeSpan",
        Type::Guid => "System.Guid",
        Type::Dynamic | Type::Error => "System.Object",
    }
}

/// The input with a column in front.
pub(super) fn with_first_column(input: Table, name: &Name, expr: Expr) -> Table {
    let mut fields = Vec::with_capacity(input.fields().len() + 1);
    fields.push(Field { name: name.clone(), ty: expr.ty });
    fields.extend_from_slice(input.fields());
    let mut exprs = Vec::with_capacity(fields.len());
    exprs.push(expr);
    exprs.extend((0..input.fields().len()).map(|at| column(input.fields(), at)));
    let op = Op::Project { input: Box::new(input.plan), exprs };
    let open = input.open;
    Table { open, ..Table::new(Plan { op, fields: fields.into() }) }
}
