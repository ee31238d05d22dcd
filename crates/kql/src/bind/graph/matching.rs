//! `graph-match` and `graph-shortest-paths`: their conditions and their projection. A condition that is about one node or
//! one edge alone goes to that part of the pattern; the others are about whole matches. Deliberately absent: the search
//! itself (`query`).

use super::super::binder::{Binder, Row, convert, nothing};
use super::super::columns::items;
use super::super::scope::Table;
use super::functions::{GraphScope, Named};
use super::pattern::{Element, Pattern};
use super::{graph_of, node_row, property};
use crate::diagnostic::Code;
use crate::plan::{
    Expr, ExprKind, Field, Graph, GraphMatch, MatchColumn, Op, PathFold, PathPart, Plan, Search,
};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{List, Where};
use crate::types::Type;

impl Binder<'_> {
    pub(in super::super) fn graph_match(
        &mut self,
        name: &str,
        node: Node<'_>,
        input: Table,
    ) -> Table {
        let open = Table { open: true, ..nothing() };
        let Some(graph) = graph_of(&input.plan).cloned() else { return open };
        let search = self.search_kind(name, node);
        let Some(pattern) = self.pattern(node) else { return open };
        if matches!(search, Search::Shortest { .. }) && !self.is_one_path(node, &pattern) {
            return open;
        }
        if node.child(List).is_none() {
            let message = self.in_operator("A match becomes a row by a 'project' clause only.");
            self.error(Code::Unsupported, node, message);
            return open;
        }
        let scope = scope_of(&graph, &pattern);
        let names = scope.names.iter().map(|named| named.name.clone()).collect();
        let outer = (self.graph.replace(scope), std::mem::replace(&mut self.scan_steps, names));
        let bound = self.clauses(node, graph, pattern, search);
        (self.graph, self.scan_steps) = outer;
        let Some((bound, fields)) = bound else { return open };
        let op = Op::GraphMatch(Box::new(bound));
        Table { open: input.open, ..Table::new(Plan { op, fields: fields.into() }) }
    }

    fn search_kind(&mut self, name: &str, node: Node<'_>) -> Search {
        let (shortest, option) = match name {
            "graph-shortest-paths" => (true, "output"),
            _ => (false, "cycles"),
        };
        let written = property(node, option).map(Node::text);
        match (shortest, written) {
            (true, None | Some("any")) => Search::Shortest { all: false },
            (true, Some("all")) => Search::Shortest { all: true },
            (false, None | Some("unique_edges")) => Search::UniqueEdges,
            (false, Some("none")) => Search::NoCycles,
            (false, Some("all")) => Search::All,
            _ => {
                let expected = if shortest { "all, any" } else { "all, none, unique_edges" };
                self.error(Code::Syntax, node, format!("Expected: {expected}"));
                Search::UniqueEdges
            }
        }
    }

    /// Shortest paths are sought along one sequence with an edge of variable length.
    fn is_one_path(&mut self, node: Node<'_>, pattern: &Pattern) -> bool {
        let chain = pattern
            .edges
            .iter()
            .enumerate()
            .all(|(at, edge)| edge.left == at && edge.right == at + 1);
        let varies = pattern.edges.iter().any(|edge| edge.length.is_some());
        if !(chain && varies) {
            let message = self.in_operator(
                "The pattern must be one sequence of different nodes with at least one variable length edge.",
            );
            self.error(Code::WrongType, node, message);
        }
        chain && varies
    }

    fn clauses(
        &mut self,
        node: Node<'_>,
        graph: Graph,
        pattern: Pattern,
        search: Search,
    ) -> Option<(GraphMatch, Vec<Field>)> {
        let mut bound = GraphMatch {
            nodes: vec![Vec::new(); pattern.nodes],
            edges: pattern.edges,
            graph,
            search,
            columns: Vec::new(),
            conditions: Vec::new(),
            exprs: Vec::new(),
        };
        let fields = self.graph.as_ref()?.fields.clone();
        let row = Row { fields: &fields, open: false };
        if let Some(condition) = node.child(Where).and_then(|clause| clause.nodes().next()) {
            let expr = self.scalar(condition, Some(row));
            let expr = self.predicate(condition, expr);
            for part in conjuncts(expr) {
                self.condition(condition, part, &mut bound);
            }
        }
        let mut all = Vec::new();
        for item in items(node) {
            for mut item in self.item(item, row) {
                item.expr = self.along_elements(item.node, item.expr, PathFold::Map);
                all.push(item);
            }
        }
        let mut output = Vec::new();
        for (name, expr) in self.name_items(all) {
            output.push(Field { name, ty: expr.ty });
            bound.exprs.push(expr);
        }
        let scope = self.graph.as_ref()?;
        let types = scope.fields.iter().map(|field| field.ty);
        bound.columns = scope.columns.iter().cloned().zip(types).collect();
        Some((bound, output))
    }

    /// A condition that every match must fulfil.
    fn condition(&mut self, node: Node<'_>, expr: Expr, bound: &mut GraphMatch) {
        let expr = convert(expr, Type::Bool);
        let expr = self.along_elements(node, expr, PathFold::All);
        let Some(scope) = &self.graph else { return };
        match about(scope, &expr) {
            About::Node { node, start } => {
                if let Some(conditions) = bound.nodes.get_mut(node) {
                    conditions.push(moved(expr, |at| at.saturating_sub(start)));
                }
            }
            About::Edge { edge, start } => {
                if let Some(edge) = bound.edges.get_mut(edge) {
                    edge.conditions.push(moved(expr, |at| at.saturating_sub(start)));
                }
            }
            About::EachOf { edge, part, value } => {
                if let Some(edge) = bound.edges.get_mut(edge) {
                    match part {
                        PathPart::Edges => edge.conditions.push(value),
                        PathPart::InnerNodes => edge.inner.push(value),
                    }
                }
            }
            About::Match => bound.conditions.push(expr),
        }
    }

    /// An expression that names a property of a path outside of `all`, `any` and `map` is meant for each of its edges.
    fn along_elements(&mut self, node: Node<'_>, expr: Expr, fold: PathFold) -> Expr {
        let Some(scope) = self.graph.as_mut() else { return expr };
        let mut paths: Vec<Named> = Vec::new();
        for at in columns(&expr) {
            let named = scope.names.iter().find(|named| {
                matches!(named.element, Element::Path(_))
                    && (named.start..named.start + named.width).contains(&at)
            });
            if let Some(named) = named
                && !paths.iter().any(|other| other.start == named.start)
            {
                paths.push(named.clone());
            }
        }
        match paths.as_slice() {
            [] => expr,
            [Named { element: Element::Path(edge), start, width, .. }] => {
                let (start, width) = (*start, *width);
                let value = moved(expr, |at| match at.checked_sub(start) {
                    Some(own) if own < width => own,
                    _ => width + at,
                });
                scope.path(*edge, PathPart::Edges, fold, value)
            }
            _ => {
                let message = self.in_operator(
                    "An expression can be about each edge of one variable length edge only: use all(), any() or map().",
                );
                self.error(Code::Unsupported, node, message);
                super::super::binder::mistake()
            }
        }
    }
}

/// What a condition is about.
enum About {
    Node {
        node: usize,
        start: usize,
    },
    Edge {
        edge: usize,
        start: usize,
    },
    /// Each part of a path alone.
    EachOf {
        edge: usize,
        part: PathPart,
        value: Expr,
    },
    Match,
}

fn about(scope: &GraphScope, expr: &Expr) -> About {
    if let ExprKind::Column(at) = &expr.kind
        && let Some(MatchColumn::Path { edge, part, fold: PathFold::All, value }) =
            scope.columns.get(*at)
    {
        let width = scope.element_fields(*part).len();
        if columns(value).iter().all(|at| *at < width) {
            return About::EachOf { edge: *edge, part: *part, value: value.clone() };
        }
        return About::Match;
    }
    let used = columns(expr);
    let one = scope.names.iter().find(|named| {
        let own = named.start..named.start + named.width;
        used.iter().all(|at| own.contains(at))
    });
    match one {
        Some(named) if !used.is_empty() => match named.element {
            Element::Node(node) => About::Node { node, start: named.start },
            Element::Edge(edge) => About::Edge { edge, start: named.start },
            Element::Path(_) => About::Match,
        },
        _ => About::Match,
    }
}

/// The columns of a match: those of each name, one after the other.
fn scope_of(graph: &Graph, pattern: &Pattern) -> GraphScope {
    let (node, edge) = (node_row(graph), graph.edge_fields().to_vec());
    let (mut names, mut fields, mut columns) = (Vec::new(), Vec::new(), Vec::new());
    for (name, element) in &pattern.names {
        let own = match element {
            Element::Node(_) => &node,
            Element::Edge(_) | Element::Path(_) => &edge,
        };
        let (name, element) = (name.clone(), *element);
        let (start, width) = (fields.len(), own.len());
        for (column, field) in own.iter().enumerate() {
            fields.push(Field { name: format!("{name}.{}", field.name).into(), ty: field.ty });
            columns.push(match element {
                Element::Node(node) => MatchColumn::Node { node, column },
                Element::Edge(edge) => MatchColumn::Edge { edge, column },
                Element::Path(_) => MatchColumn::Element,
            });
        }
        names.push(Named { name, element, start, width });
    }
    GraphScope { node, edge, names, fields, columns, inside: None }
}

/// The conditions that `and` joins.
fn conjuncts(expr: Expr) -> Vec<Expr> {
    let (mut stack, mut found) = (vec![expr], Vec::new());
    while let Some(expr) = stack.pop() {
        match expr.kind {
            ExprKind::Call { function, args } if function == "and" => {
                stack.extend(args.into_iter().rev());
            }
            kind => found.push(Expr { kind, ty: expr.ty }),
        }
    }
    found
}

/// The columns that an expression reads.
fn columns(expr: &Expr) -> Vec<usize> {
    let (mut stack, mut found) = (vec![expr], Vec::new());
    while let Some(expr) = stack.pop() {
        match &expr.kind {
            ExprKind::Column(at) => found.push(*at),
            ExprKind::Literal(_) | ExprKind::Scalar(_) | ExprKind::List(_) => {}
            ExprKind::Call { args, .. } => stack.extend(args),
            ExprKind::Convert(inner) => stack.push(inner),
            ExprKind::Member(a, b) | ExprKind::Index(a, b) => stack.extend([&**a, &**b]),
            ExprKind::InTable { value, .. } => stack.push(value),
        }
    }
    found
}

/// The same expression over other columns.
fn moved(mut expr: Expr, to: impl Fn(usize) -> usize) -> Expr {
    let mut stack = vec![&mut expr];
    while let Some(expr) = stack.pop() {
        match &mut expr.kind {
            ExprKind::Column(at) => *at = to(*at),
            ExprKind::Literal(_) | ExprKind::Scalar(_) | ExprKind::List(_) => {}
            ExprKind::Call { args, .. } => stack.extend(args),
            ExprKind::Convert(inner) => stack.push(inner),
            ExprKind::Member(a, b) | ExprKind::Index(a, b) => stack.extend([&mut **a, &mut **b]),
            ExprKind::InTable { value, .. } => stack.push(value),
        }
    }
    expr
}
