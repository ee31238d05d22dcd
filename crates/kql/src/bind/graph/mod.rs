//! Graph operators: `make-graph`, `graph-mark-components`, `graph-to-table`. A graph is a plan without columns; only
//! operators on graphs take it. Deliberately absent: patterns (`pattern`), their conditions and projections (`matching`),
//! stored graphs.

mod functions;
mod matching;
mod pattern;

pub(super) use functions::GraphScope;

use super::binder::{Binder, all_columns, column, convert, literal, nothing, project};
use super::naming::name_text;
use super::scope::{Bindable, Table, Variable};
use super::source::{field, property_name};
use super::types::wider;
use crate::diagnostic::Code;
use crate::plan::{Expr, Field, Fields, Graph, GraphTable, Mark, Name, Op, Plan};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{By, GraphOutput, NameRef, NodeTable, Property, With};
use crate::types::{Type, Value};

/// The operators that take a graph.
const ON_GRAPHS: [&str; 6] = [
    "graph-match",
    "graph-shortest-paths",
    "graph-mark-components",
    "graph-to-table",
    "graph-where-nodes",
    "graph-where-edges",
];

/// The graph that a plan is, if it is one.
fn graph_of(plan: &Plan) -> Option<&Graph> {
    let mut plan = plan;
    loop {
        match &plan.op {
            Op::Graph(graph) => return Some(graph),
            Op::Shared { input, .. } => plan = input,
            _ => return None,
        }
    }
}

/// A node's row: its columns, then its degrees.
fn node_row(graph: &Graph) -> Vec<Field> {
    let mut fields = graph.node_fields.clone();
    // No column can have these names, as they are no names.
    fields.push(field("(in)", Type::Long));
    fields.push(field("(out)", Type::Long));
    fields
}

/// The name and the value of a property of an operator.
fn property<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    let found = node.children_of(Property).find(|property| property_name(*property) == name)?;
    found.nodes().next()
}

impl Binder<'_> {
    /// Whether an operator can take its input: graphs go to operators on graphs, and nothing else does.
    pub(super) fn takes_input(&mut self, name: &str, node: Node<'_>, input: &Table) -> bool {
        let on_graphs = ON_GRAPHS.contains(&name);
        let is_graph = graph_of(&input.plan).is_some();
        if on_graphs == is_graph || name == "as" {
            return true;
        }
        if !input.open {
            let message = match on_graphs {
                true => "The query operator requires an input graph.",
                false => "Tabular value expected.",
            };
            let message = self.in_operator(message);
            self.error(Code::WrongType, node, message);
        }
        false
    }

    /// A query cannot give a graph.
    pub(super) fn refuse_graph(&mut self, node: Node<'_>, table: &Table) {
        if graph_of(&table.plan).is_some() {
            let message = "A graph is not a table: end the query with graph-match, graph-shortest-paths or graph-to-table.";
            self.error(Code::Unsupported, node, message);
        }
    }

    pub(super) fn make_graph(&mut self, node: Node<'_>, input: Table) -> Table {
        match node.child(By) {
            Some(by) => self.partitioned_graph(node, by, input),
            None => self.whole_graph(node, input),
        }
    }

    fn whole_graph(&mut self, node: Node<'_>, input: Table) -> Table {
        let mut ends = node.children_of(NameRef);
        let (Some(source), Some(target)) = (ends.next(), ends.next()) else { return input };
        let open = input.open;
        let ends = [self.id_column(source, &input), self.id_column(target, &input)];
        let tables: Vec<(Table, Option<usize>)> = node
            .child(With)
            .into_iter()
            .flat_map(|with| with.children_of(NodeTable))
            .map(|table| self.node_table(table))
            .collect();
        let [Some(source), Some(target)] = ends else { return Table { open: true, ..nothing() } };
        if tables.iter().any(|(_, key)| key.is_none()) {
            return Table { open: true, ..nothing() };
        }
        let implicit = property(node, "with_node_id").map(name_text);
        let mut ids = vec![input.fields()[source].ty, input.fields()[target].ty];
        ids.extend(tables.iter().filter_map(|(table, key)| Some(table.fields().get((*key)?)?.ty)));
        let id = id_type(&ids);
        let mut columns: Vec<(Name, Expr)> = vec![
            ("source".into(), convert(column(input.fields(), source), id)),
            ("target".into(), convert(column(input.fields(), target), id)),
        ];
        columns
            .extend(input.fields().iter().map(|f| f.name.clone()).zip(all_columns(input.fields())));
        let mut graph = Graph {
            edges: project(input.plan, columns),
            nodes: Vec::new(),
            id,
            node_fields: Vec::new(),
            keys: Vec::new(),
            marks: Vec::new(),
        };
        match implicit {
            Some(name) if tables.is_empty() => {
                graph.node_fields.push(Field { name: name.into(), ty: ids[0] });
                graph.keys.push(0);
            }
            _ => add_nodes(&mut graph, tables),
        }
        let plan = Plan { op: Op::Graph(Box::new(graph)), fields: Fields::default() };
        Table { open, ..Table::new(plan) }
    }

    /// `partitioned-by c ( operators )`: a graph of the edges of each value, and the operators' rows of all of them.
    fn partitioned_graph(&mut self, node: Node<'_>, by: Node<'_>, input: Table) -> Table {
        let Some(key) = by.child(NameRef) else { return input };
        let Some(at) = input.fields().iter().position(|field| field.name == name_text(key)) else {
            if !input.open {
                self.unresolved_scalar(key, &name_text(key), Some(super::binder::Row::of(&input)));
            }
            return Table { open: true, ..nothing() };
        };
        let key = column(input.fields(), at);
        let group = Plan { op: Op::Input, fields: input.plan.fields.clone() };
        let inner = self.whole_graph(node, Table { open: input.open, ..Table::new(group) });
        let Some(body) = by.child(crate::syntax::SyntaxKind::Body) else { return inner };
        let body = self.body(body, inner);
        self.refuse_graph(by, &body);
        let (fields, open) = (body.plan.fields.clone(), body.open);
        let op = Op::Partition { input: Box::new(input.plan), key, body: Box::new(body.plan) };
        Table { open, ..Table::new(Plan { op, fields }) }
    }

    /// The position of a column that holds ids.
    fn id_column(&mut self, node: Node<'_>, table: &Table) -> Option<usize> {
        let name = name_text(node);
        let Some(at) = table.fields().iter().position(|field| field.name == name) else {
            if !table.open {
                self.unresolved_scalar(node, &name, Some(super::binder::Row::of(table)));
            }
            return None;
        };
        if table.fields()[at].ty == Type::Dynamic {
            let message = self.in_operator(
                "source, target and node id columns can't be of type dynamic, consider using explicit cast",
            );
            self.error(Code::WrongType, node, message);
            return None;
        }
        Some(at)
    }

    fn node_table(&mut self, node: Node<'_>) -> (Table, Option<usize>) {
        let mut parts = node.nodes();
        let table = match parts.next() {
            Some(table) => self.table(table),
            None => nothing(),
        };
        let key = parts.next().and_then(|key| self.id_column(key, &table));
        (table, key)
    }

    pub(super) fn mark_components(&mut self, node: Node<'_>, input: Table) -> Table {
        let Some(mut graph) = graph_of(&input.plan).cloned() else { return input };
        let kind = property(node, "kind").map(Node::text).unwrap_or("weak");
        if !matches!(kind, "weak" | "strong") {
            self.error(Code::Syntax, node, "Expected: weak, strong");
        }
        let name = property(node, "with_component_id")
            .map_or_else(|| "ComponentId".to_string(), name_text);
        if graph.node_fields.iter().any(|field| field.name == name) {
            let message =
                self.in_operator(&format!("A column with the name '{name}' is already declared."));
            self.error(Code::Duplicate, node, message);
        }
        graph.node_fields.push(Field { name: name.into(), ty: Type::Long });
        let column = graph.node_fields.len() - 1;
        graph.marks.push(Mark { column, strong: kind == "strong" });
        let plan = Plan { op: Op::Graph(Box::new(graph)), fields: Fields::default() };
        Table { open: input.open, ..Table::new(plan) }
    }

    pub(super) fn graph_to_table(&mut self, node: Node<'_>, input: Table) -> Table {
        let Some(graph) = graph_of(&input.plan).cloned() else { return input };
        let outputs: Vec<Node<'_>> = node.children_of(GraphOutput).collect();
        if outputs.len() > 2 {
            let message = "The graph-to-table operator requires 1-2 arguments (nodes, edges).";
            self.error(Code::Arity, node, message);
        }
        let mut tables = Vec::new();
        for output in &outputs {
            let alias = output.child(NameRef).map(name_text);
            if alias.is_none() && outputs.len() > 1 {
                let message = "Multiple graph outputs require aliases.";
                self.error(Code::Syntax, *output, message);
            }
            let mut table = graph_table(*output, graph.clone());
            table.open = input.open;
            if let Some(alias) = alias {
                table = self.share(table);
                table.name = Some(alias.clone());
                let variable = Variable::Value(Bindable::Table(Box::new(table.clone())));
                self.scope = self.scope.with(&alias, variable);
            }
            tables.push(table);
        }
        let mut tables = tables.into_iter();
        let Some(first) = tables.next() else { return Table { open: true, ..nothing() } };
        let more: Vec<Plan> = tables.map(|table| table.plan).collect();
        self.named_outputs = !more.is_empty();
        Table { more, ..first }
    }
}

/// The columns of nodes and edges as rows.
fn graph_table(output: Node<'_>, graph: Graph) -> Table {
    let edges = output.has_word("edges");
    let mut fields = Vec::new();
    let mut id = |name: &str| {
        let name = property(output, name).map(name_text);
        fields.extend(name.iter().map(|name| field(name, Type::Long)));
        name.is_some()
    };
    let with_id = id(if edges { "with_source_id" } else { "with_node_id" });
    let with_target = edges && id("with_target_id");
    fields.extend(match edges {
        true => graph.edge_fields().to_vec(),
        false => graph.node_fields.clone(),
    });
    let op = Op::GraphTable(Box::new(GraphTable { graph, edges, with_id, with_target }));
    Table::new(Plan { op, fields: fields.into() })
}

/// The type in which ids are compared: that of all of them, the widest number, or else text.
fn id_type(ids: &[Type]) -> Type {
    let first = ids.first().copied().unwrap_or(Type::String);
    if ids.iter().all(|ty| *ty == first) {
        first
    } else if ids.iter().all(|ty| ty.is_number()) {
        ids.iter().copied().fold(first, wider)
    } else {
        Type::String
    }
}

/// Adds the tables of nodes. Columns of one name are one; it is `dynamic` where their types differ.
fn add_nodes(graph: &mut Graph, tables: Vec<(Table, Option<usize>)>) {
    let fields = &mut graph.node_fields;
    for own in tables.iter().flat_map(|(table, _)| table.fields()) {
        match fields.iter_mut().find(|field| field.name == own.name) {
            Some(field) if field.ty != own.ty => field.ty = Type::Dynamic,
            Some(_) => {}
            None => fields.push(own.clone()),
        }
    }
    for (table, key) in tables {
        let Some(key) = key else { continue };
        let own = table.plan.fields.clone();
        let mut columns = vec![(Name::from("id"), convert(column(&own, key), graph.id))];
        for (at, field) in graph.node_fields.iter().enumerate() {
            let found = own.iter().position(|other| other.name == field.name);
            if found == Some(key) && !graph.keys.contains(&at) {
                graph.keys.push(at);
            }
            let value = match found {
                Some(found) => convert(column(&own, found), field.ty),
                None => literal(Value::Null(field.ty)),
            };
            columns.push((field.name.clone(), value));
        }
        graph.nodes.push(project(table.plan, columns));
    }
}
