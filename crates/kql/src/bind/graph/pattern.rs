//! The pattern of `graph-match` and `graph-shortest-paths`: its nodes, its edges, and which name stands for which.
//! Deliberately absent: conditions (`matching`).

use super::super::binder::Binder;
use super::super::naming::name_text;
use crate::diagnostic::Code;
use crate::plan::{Direction, PatternEdge};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{
    Greater, Less, MatchEdge, MatchNode, MatchPattern, MatchRange, NameRef,
};
use crate::types::Value;

/// How many edges an edge of variable length may stand for.
const PATH_EDGES_MAX: i64 = 1_000;
/// How many nodes and edges a pattern may have.
const PATTERN_ELEMENTS_MAX: usize = 256;

/// What a name of a pattern stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Node(usize),
    Edge(usize),
    /// An edge of variable length.
    Path(usize),
}

/// A pattern.
#[derive(Debug, Default)]
pub(super) struct Pattern {
    /// How many nodes it has.
    pub(super) nodes: usize,
    pub(super) edges: Vec<PatternEdge>,
    /// Names in order of appearance.
    pub(super) names: Vec<(String, Element)>,
}

impl Pattern {
    /// Whether all nodes hang together.
    fn is_connected(&self) -> bool {
        let mut reached = vec![false; self.nodes];
        let mut stack = vec![0];
        while let Some(node) = stack.pop() {
            let Some(slot) = reached.get_mut(node) else { continue };
            if std::mem::replace(slot, true) {
                continue;
            }
            for edge in &self.edges {
                if edge.left == node {
                    stack.push(edge.right);
                } else if edge.right == node {
                    stack.push(edge.left);
                }
            }
        }
        reached.iter().all(|reached| *reached)
    }
}

impl Binder<'_> {
    /// The pattern of an operator; `None`, with a diagnostic, if it makes no sense.
    pub(super) fn pattern(&mut self, node: Node<'_>) -> Option<Pattern> {
        let mut pattern = Pattern::default();
        for sequence in node.children_of(MatchPattern) {
            let mut before: Option<(usize, Option<Node<'_>>)> = None;
            for part in sequence.nodes() {
                match part.kind() {
                    MatchNode => {
                        let at = self.pattern_node(part, &mut pattern)?;
                        if let Some((left, Some(edge))) = before {
                            self.pattern_edge(edge, (left, at), &mut pattern)?;
                        }
                        before = Some((at, None));
                    }
                    MatchEdge => before = before.map(|(left, _)| (left, Some(part))),
                    _ => {}
                }
            }
        }
        if pattern.nodes + pattern.edges.len() > PATTERN_ELEMENTS_MAX {
            let message = format!("a pattern has more than {PATTERN_ELEMENTS_MAX} nodes and edges");
            self.error(Code::TooLarge, node, message);
            return None;
        }
        if !pattern.is_connected() {
            let message = self.in_operator(
                "The sequences of a pattern must be connected: let them share a node.",
            );
            self.error(Code::Unsupported, node, message);
            return None;
        }
        Some(pattern)
    }

    fn pattern_node(&mut self, node: Node<'_>, pattern: &mut Pattern) -> Option<usize> {
        let name = node.child(NameRef).map(name_text);
        let known = name.as_ref().and_then(|name| pattern.names.iter().find(|(n, _)| n == name));
        match known {
            Some((_, Element::Node(at))) => return Some(*at),
            Some((name, _)) => {
                let message = format!("'{name}' stands for an edge of the pattern already.");
                self.error(Code::Duplicate, node, message);
                return None;
            }
            None => {}
        }
        let at = pattern.nodes;
        pattern.nodes += 1;
        pattern.names.extend(name.map(|name| (name, Element::Node(at))));
        Some(at)
    }

    fn pattern_edge(
        &mut self,
        node: Node<'_>,
        (left, right): (usize, usize),
        pattern: &mut Pattern,
    ) -> Option<()> {
        let direction = match (node.token(Less), node.token(Greater)) {
            (Some(_), _) => Direction::Left,
            (None, Some(_)) => Direction::Right,
            (None, None) => Direction::Any,
        };
        let length = match node.child(MatchRange) {
            Some(range) => Some(self.path_length(range)?),
            None => None,
        };
        let at = pattern.edges.len();
        if let Some(name) = node.child(NameRef).map(name_text) {
            if pattern.names.iter().any(|(other, _)| *other == name) {
                let message = format!("'{name}' stands for another part of the pattern already.");
                self.error(Code::Duplicate, node, message);
                return None;
            }
            let element = if length.is_some() { Element::Path(at) } else { Element::Edge(at) };
            pattern.names.push((name, element));
        }
        let (conditions, inner) = (Vec::new(), Vec::new());
        pattern.edges.push(PatternEdge { left, right, direction, length, conditions, inner });
        Some(())
    }

    /// `*1..3`
    fn path_length(&mut self, range: Node<'_>) -> Option<(u32, u32)> {
        let mut ends = range.nodes().map(|end| self.constant(end)).collect::<Vec<_>>().into_iter();
        let mut end = || match ends.next()?? {
            Value::Long(n) => Some(n),
            Value::Int(n) => Some(i64::from(n)),
            _ => None,
        };
        let (least, most) = (end(), end());
        let (Some(least), Some(most)) = (least, most) else {
            self.error(Code::WrongType, range, "The expression value must be an integer.");
            return None;
        };
        if least < 0 || least > most {
            let message = self
                .in_operator("The length of an edge runs from the smaller to the larger number.");
            self.error(Code::WrongType, range, message);
            return None;
        }
        if most > PATH_EDGES_MAX {
            let message =
                format!("an edge of a pattern stands for more than {PATH_EDGES_MAX} edges");
            self.error(Code::TooLarge, range, message);
            return None;
        }
        Some((u32::try_from(least).ok()?, u32::try_from(most).ok()?))
    }
}
