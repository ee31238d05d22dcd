//! What a name and a function mean within `graph-match`: `all`, `any`, `map`, `inner_nodes`, `labels`, `node_degree_in`,
//! `node_degree_out`, and nodes and edges as bags. Deliberately absent: what they compute (`query`).

use super::super::binder::{Binder, Row, call, column, literal, mistake};
use super::super::call::text;
use super::super::naming::name_text;
use super::pattern::Element;
use crate::diagnostic::Code;
use crate::plan::{Expr, ExprKind, Field, MatchColumn, Name, PathFold, PathPart};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Args, Call, NameRef};
use crate::types::{Type, Value};

/// A name of the pattern, and where its columns stand among those of a match.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) element: Element,
    /// The first of its columns.
    pub(super) start: usize,
    pub(super) width: usize,
}

/// What names mean in the clauses of an operator on graphs.
#[derive(Debug, Clone)]
pub(in super::super) struct GraphScope {
    /// A node's row.
    pub(super) node: Vec<Field>,
    pub(super) edge: Vec<Field>,
    pub(super) names: Vec<Named>,
    /// The columns of a match: those of the names, then those of paths.
    pub(super) fields: Vec<Field>,
    pub(super) columns: Vec<MatchColumn>,
    /// Within a call about the parts of a path.
    pub(super) inside: Option<PathPart>,
}

impl GraphScope {
    pub(super) fn element_fields(&self, part: PathPart) -> &[Field] {
        match part {
            PathPart::Edges => &self.edge,
            PathPart::InnerNodes => &self.node,
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Named> {
        self.names.iter().find(|named| named.name == name)
    }

    /// A further column of a match, about a path.
    pub(super) fn path(
        &mut self,
        edge: usize,
        part: PathPart,
        fold: PathFold,
        value: Expr,
    ) -> Expr {
        let ty = if fold == PathFold::Map { Type::Dynamic } else { Type::Bool };
        self.columns.push(MatchColumn::Path { edge, part, fold, value });
        self.fields.push(Field { name: Name::default(), ty });
        column(&self.fields, self.fields.len() - 1)
    }
}

/// The columns of these names as a bag.
fn bag(fields: &[Field], start: usize, width: usize) -> Expr {
    let named = fields.iter().skip(start).take(width).enumerate();
    let args = named.flat_map(|(at, field)| {
        let name = field.name.rsplit_once('.').map_or(field.name.as_str(), |(_, name)| name);
        [text(name), column(fields, start + at)]
    });
    call("bag_pack", args.collect(), Type::Dynamic)
}

impl Binder<'_> {
    /// A node or an edge of the pattern as a bag, a path as an array of them.
    pub(in super::super) fn graph_variable(&mut self, name: &str) -> Option<Expr> {
        let scope = self.graph.as_mut().filter(|scope| scope.inside.is_none())?;
        let named = scope.find(name)?.clone();
        Some(match named.element {
            // The degrees are no properties.
            Element::Node(_) => bag(&scope.fields, named.start, named.width.saturating_sub(2)),
            Element::Edge(_) => bag(&scope.fields, named.start, named.width),
            Element::Path(edge) => {
                let value = bag(&scope.edge, 0, scope.edge.len());
                scope.path(edge, PathPart::Edges, PathFold::Map, value)
            }
        })
    }

    /// A call that has a meaning of its own here; `None` for all other functions.
    pub(in super::super) fn graph_call(
        &mut self,
        name: &str,
        node: Node<'_>,
        row: Option<Row<'_>>,
    ) -> Option<Expr> {
        self.graph.as_ref()?;
        let args: Vec<Node<'_>> = node.child(Args).into_iter().flat_map(Node::nodes).collect();
        let fold = match name {
            "all" => PathFold::All,
            "any" => PathFold::Any,
            "map" => PathFold::Map,
            "labels" => return Some(literal(Value::Dynamic("[]".to_string()))),
            "node_degree_in" => return Some(self.degree(node, &args, row, 2)),
            "node_degree_out" => return Some(self.degree(node, &args, row, 1)),
            "inner_nodes" => {
                let message =
                    "'inner_nodes()' stands only as the first argument of all(), any() or map().";
                self.error(Code::WrongType, node, message);
                return Some(mistake());
            }
            _ => return None,
        };
        let [path, value] = args[..] else {
            self.error(Code::Arity, node, format!("{name}(): function expects 2 argument(s)."));
            return Some(mistake());
        };
        Some(self.along_path(path, value, fold))
    }

    /// `all(e, condition)`, `map(inner_nodes(e), value)`: the value is over the columns of the path's parts, by their names
    /// alone, and over those of the other names.
    fn along_path(&mut self, path: Node<'_>, value: Node<'_>, fold: PathFold) -> Expr {
        let inner = path.kind() == Call
            && path.child(NameRef).map(name_text).as_deref() == Some("inner_nodes");
        let part = if inner { PathPart::InnerNodes } else { PathPart::Edges };
        let name = match inner {
            true => path.child(Args).and_then(|args| args.nodes().next()),
            false => Some(path),
        };
        let name = name.filter(|name| name.kind() == NameRef).map(name_text).unwrap_or_default();
        let Some(scope) = self.graph.as_mut() else { return mistake() };
        let edge = match scope.find(&name).map(|named| named.element) {
            Some(Element::Path(edge)) if scope.inside.is_none() => edge,
            _ => {
                let message = self.in_operator("A variable length edge of the pattern expected.");
                self.error(Code::WrongType, path, message);
                return mistake();
            }
        };
        let mut fields = scope.element_fields(part).to_vec();
        fields.extend(scope.fields.iter().cloned());
        scope.inside = Some(part);
        let bound = self.scalar(value, Some(Row { fields: &fields, open: false }));
        let bound = match fold {
            PathFold::Map => bound,
            PathFold::All | PathFold::Any => self.predicate(value, bound),
        };
        let Some(scope) = self.graph.as_mut() else { return mistake() };
        scope.inside = None;
        if bound.ty == Type::Error {
            return mistake();
        }
        scope.path(edge, part, fold, bound)
    }

    /// `node_degree_in(n)`, or without an argument of the node at hand; the degree is so many columns before the end.
    fn degree(
        &mut self,
        node: Node<'_>,
        args: &[Node<'_>],
        row: Option<Row<'_>>,
        from_end: usize,
    ) -> Expr {
        let Some(scope) = self.graph.as_ref() else { return mistake() };
        let at = match args {
            [] if scope.inside == Some(PathPart::InnerNodes) => {
                scope.node.len().checked_sub(from_end)
            }
            [name] if name.kind() == NameRef => match scope.find(&name_text(*name)) {
                Some(Named { element: Element::Node(_), start, width, .. }) => {
                    let before = scope.inside.map_or(0, |part| scope.element_fields(part).len());
                    (before + start + width).checked_sub(from_end)
                }
                _ => None,
            },
            _ => None,
        };
        match (at, row) {
            (Some(at), Some(row)) if at < row.fields.len() => {
                Expr { kind: ExprKind::Column(at), ty: Type::Long }
            }
            _ => {
                self.error(Code::WrongType, node, "A node of the pattern expected.");
                mistake()
            }
        }
    }
}
