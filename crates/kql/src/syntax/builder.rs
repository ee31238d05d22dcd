//! Puts the tree together while the parser walks over the tokens: nodes are opened and closed, tokens are taken, trivia
//! falls in between by itself. Deliberately absent: grammar.

use super::kind::SyntaxKind;
use super::lexer::Token;
use super::tree::{Element, NodeData, Tree};

/// A place among the children of the open node, at which a node can still be opened later.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(usize);

#[derive(Debug)]
pub(super) struct Builder {
    tokens: Vec<Token>,
    /// Next token to take, trivia counted.
    at: usize,
    open: Vec<(SyntaxKind, usize)>,
    /// Children of all open nodes.
    children: Vec<Element>,
    nodes: Vec<NodeData>,
    elements: Vec<Element>,
}

impl Builder {
    pub(super) fn new(tokens: Vec<Token>) -> Self {
        Self {
            nodes: Vec::with_capacity(tokens.len() / 2),
            elements: Vec::with_capacity(tokens.len() * 2),
            tokens,
            at: 0,
            open: Vec::new(),
            children: Vec::new(),
        }
    }

    fn trivia(&mut self) {
        while self.tokens.get(self.at).is_some_and(|token| token.kind.is_trivia()) {
            self.push_token();
        }
    }

    fn push_token(&mut self) {
        self.children.push(Element::Token(index(self.at)));
        self.at += 1;
    }

    /// Takes the next token that is not trivia into the open node.
    pub(super) fn bump(&mut self) {
        self.trivia();
        if self.at < self.tokens.len() {
            self.push_token();
        }
    }

    pub(super) fn mark(&mut self) -> Mark {
        self.trivia();
        Mark(self.children.len())
    }

    pub(super) fn start(&mut self, kind: SyntaxKind) {
        // Trivia at the very start belongs to the root.
        if !self.open.is_empty() {
            self.trivia();
        }
        self.open.push((kind, self.children.len()));
    }

    pub(super) fn start_at(&mut self, mark: Mark, kind: SyntaxKind) {
        self.open.push((kind, mark.0));
    }

    pub(super) fn finish(&mut self) {
        let Some((kind, from)) = self.open.pop() else { return };
        let first = index(self.elements.len());
        let id = index(self.nodes.len());
        let (mut start, mut end) = (None, None);
        for element in self.children.drain(from..) {
            let edges = match element {
                Element::Token(at) => {
                    let token = self.tokens[at as usize];
                    (!token.kind.is_trivia()).then_some((token.start, token.end))
                }
                Element::Node(child) => {
                    let node = &mut self.nodes[child as usize];
                    node.parent = id;
                    (node.start != node.end).then_some((node.start, node.end))
                }
            };
            if let Some((from, to)) = edges {
                start = start.or(Some(from));
                end = Some(to);
            }
            self.elements.push(element);
        }
        let empty = self.at.checked_sub(1).map_or(0, |last| self.tokens[last].end);
        self.nodes.push(NodeData {
            kind,
            parent: id,
            first,
            count: index(self.elements.len()) - first,
            start: start.unwrap_or(empty),
            end: end.unwrap_or(empty),
        });
        self.children.push(Element::Node(id));
    }

    /// Closes the tree. The root must be the only open node.
    pub(super) fn into_tree(mut self, text: &str) -> Tree {
        while self.at < self.tokens.len() {
            self.push_token();
        }
        while !self.open.is_empty() {
            self.finish();
        }
        Tree {
            text: text.into(),
            root: index(self.nodes.len().saturating_sub(1)),
            tokens: self.tokens,
            nodes: self.nodes,
            elements: self.elements,
        }
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
