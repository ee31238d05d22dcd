//! Operators that give several results: `fork`, `facet`, `evaluate preview`. The first result is the operator's own, the
//! others stand beside it until the statement is done. Deliberately absent: names of results.

use super::binder::{Binder, Row, column, convert};
use super::columns::items;
use super::naming::of_expression;
use super::operators::wrap;
use super::scope::Table;
use super::source::field;
use crate::diagnostic::Code;
use crate::plan::{Aggregate, Expr, ExprKind, Field, Name, Op, Plan, PluginArg};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Args, Body};
use crate::types::{Type, Value};

/// How many results one statement may have.
const RESULTS_MAX: usize = 32;

impl Binder<'_> {
    /// `fork (…) name=(…)`: the input through each of the pipes.
    pub(super) fn fork(&mut self, node: Node<'_>, input: Table) -> Table {
        let shared = self.share(input);
        let mut results = Vec::new();
        for body in node.children_of(Body) {
            results.push(self.body(body, shared.clone()));
        }
        self.several_results(node, results)
    }

    /// `facet by a, b with (…)`: how often each value of each column occurs, and the input through a pipe.
    pub(super) fn facet(&mut self, node: Node<'_>, input: Table) -> Table {
        let shared = self.share(input);
        let mut results = Vec::new();
        for item in items(node) {
            let key = self.scalar(item, Some(Row::of(&shared)));
            self.refuse_dynamic_key(item, &key);
            let name = of_expression(item).unwrap_or_else(|| "Column1".to_string());
            let count = field(&format!("count_{name}"), Type::Long);
            results.push(Table::new(counted(shared.plan.clone(), Some((name.into(), key)), count)));
        }
        if let Some(body) = node.child(Body) {
            results.push(self.body(body, shared));
        }
        self.several_results(node, results)
    }

    /// `evaluate preview(n)`: some rows, and how many there are.
    pub(super) fn preview(&mut self, plugin: Node<'_>, input: Table) -> Table {
        let args: Vec<Node<'_>> = plugin.child(Args).into_iter().flat_map(Node::nodes).collect();
        let [rows] = args[..] else {
            self.error(Code::Arity, plugin, "preview(): function expects 1 argument(s).");
            return input;
        };
        let rows = self.scalar(rows, None);
        let rows = match convert(rows, Type::Long).kind {
            ExprKind::Literal(Value::Long(rows)) => u64::try_from(rows).unwrap_or(0),
            _ => {
                self.error(
                    Code::WrongType,
                    plugin,
                    "preview(): a constant number of rows expected.",
                );
                return input;
            }
        };
        let shared = self.share(input);
        let count = Table::new(counted(shared.plan.clone(), None, field("Count", Type::Long)));
        let first = wrap(shared, |input| Op::Take { input, rows });
        self.several_results(plugin, vec![first, count])
    }

    /// `evaluate funnel_sequence(…)`: by what came before and after, by what came before, by what came after.
    pub(super) fn funnel_sequence(
        &mut self,
        plugin: Node<'_>,
        input: Table,
        args: &[PluginArg],
        fields: &[Field],
    ) -> Table {
        let shared = self.share(input);
        let mut results = Vec::new();
        for (name, without) in [
            ("funnel_sequence", None),
            ("funnel_sequence_before", Some("next")),
            ("funnel_sequence_after", Some("prev")),
        ] {
            let op = Op::Evaluate {
                input: Box::new(shared.plan.clone()),
                plugin: name.to_string(),
                args: args.to_vec(),
            };
            let fields = fields.iter().filter(|field| Some(field.name.as_str()) != without);
            let fields = fields.cloned().collect();
            results.push(Table { open: shared.open, ..Table::new(Plan { op, fields }) });
        }
        self.several_results(plugin, results)
    }

    /// The first of these, with the others beside it.
    fn several_results(&mut self, node: Node<'_>, results: Vec<Table>) -> Table {
        if results.len() > RESULTS_MAX {
            let message = format!("a statement gives more than {RESULTS_MAX} results");
            self.error(Code::TooLarge, node, message);
        }
        let open = results.iter().any(|table| table.open);
        let mut results = results.into_iter().take(RESULTS_MAX);
        let Some(first) = results.next() else { return super::binder::nothing() };
        let more = results.map(|table| table.plan).collect();
        Table { open, name: None, more, ..first }
    }
}

/// The number of rows, of each value of `key` or of all.
fn counted(input: Plan, key: Option<(Name, Expr)>, count: Field) -> Plan {
    let aggregate =
        Aggregate { function: "count".into(), args: Vec::new(), outputs: vec![count.clone()] };
    let (mut fields, mut keys) = (Vec::new(), Vec::new());
    if let Some((name, expr)) = key {
        fields.push(Field { name, ty: expr.ty });
        keys.push(expr);
    }
    fields.push(count);
    let op = Op::Summarize { input: Box::new(input), keys, aggregates: vec![aggregate] };
    let plan = Plan { op, fields: fields.into() };
    // The most frequent value first.
    match plan.fields.len() {
        2 => {
            let expr = column(&plan.fields, 1);
            let keys = vec![crate::plan::SortKey { expr, descending: true, nulls_first: false }];
            let fields = plan.fields.clone();
            Plan { op: Op::Sort { input: Box::new(plan), keys }, fields }
        }
        _ => plan,
    }
}
