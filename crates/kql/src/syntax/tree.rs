//! The lossless syntax tree: one arena of nodes over the list of tokens. All bytes of the text are in it, so that the tree
//! prints as the text it was read from. Deliberately absent: meaning, and mutation (a changed text is parsed anew).

use super::kind::SyntaxKind;
use super::lexer::Token;
use crate::diagnostic::Span;

/// A tree with its text and tokens.
#[derive(Debug, Clone)]
pub struct Tree {
    pub(super) text: Box<str>,
    pub(super) tokens: Vec<Token>,
    pub(super) nodes: Vec<NodeData>,
    /// Children of all nodes, those of one node side by side.
    pub(super) elements: Vec<Element>,
    pub(super) root: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct NodeData {
    pub(super) kind: SyntaxKind,
    pub(super) parent: u32,
    pub(super) first: u32,
    pub(super) count: u32,
    /// First and one past the last byte, without trivia at both ends.
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Index of a token or of a node.
#[derive(Debug, Clone, Copy)]
pub(super) enum Element {
    Token(u32),
    Node(u32),
}

/// A node of a tree.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    id: u32,
}

/// A token of a tree.
#[derive(Clone, Copy)]
pub struct TokenRef<'t> {
    tree: &'t Tree,
    token: Token,
}

/// A child: node or token.
#[derive(Clone, Copy)]
pub enum Child<'t> {
    /// A node.
    Node(Node<'t>),
    /// A token.
    Token(TokenRef<'t>),
}

impl Tree {
    /// The node of the whole text.
    #[must_use]
    pub const fn root(&self) -> Node<'_> {
        Node { tree: self, id: self.root }
    }

    /// The node with that number, as [`Node::id`] gave it; the root for any other number.
    #[must_use]
    pub const fn node(&self, id: u32) -> Node<'_> {
        let known = (id as usize) < self.nodes.len();
        Node { tree: self, id: if known { id } else { self.root } }
    }

    /// The text that was parsed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All tokens, trivia too, in order.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The text put together again from the tree's leaves; equal to [`Tree::text`] for every text.
    #[must_use]
    pub fn reprint(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut stack = vec![Element::Node(self.root)];
        while let Some(element) = stack.pop() {
            match element {
                Element::Token(at) => {
                    let token = self.tokens[at as usize];
                    out.push_str(&self.text[token.start as usize..token.end as usize]);
                }
                Element::Node(id) => stack.extend(self.children(id).iter().rev().copied()),
            }
        }
        out
    }

    /// The tree as indented text, without trivia: for tests and for people.
    #[must_use]
    pub fn outline(&self) -> String {
        let mut out = String::new();
        let mut stack = vec![(0, Child::Node(self.root()))];
        while let Some((depth, child)) = stack.pop() {
            let indent = "  ".repeat(depth);
            match child {
                Child::Token(token) if token.kind().is_trivia() => {}
                Child::Token(token) => {
                    out.push_str(&format!("{indent}{:?} {}\n", token.kind(), token.text()));
                }
                Child::Node(node) => {
                    out.push_str(&format!("{indent}{:?}\n", node.kind()));
                    let children: Vec<_> = node.children().collect();
                    stack.extend(children.into_iter().rev().map(|child| (depth + 1, child)));
                }
            }
        }
        out
    }

    fn children(&self, id: u32) -> &[Element] {
        let node = self.nodes[id as usize];
        &self.elements[node.first as usize..(node.first + node.count) as usize]
    }
}

impl<'t> Node<'t> {
    /// What it is.
    #[must_use]
    pub fn kind(self) -> SyntaxKind {
        self.tree.nodes[self.id as usize].kind
    }

    /// A number that no other node of this tree has.
    #[must_use]
    pub const fn id(self) -> u32 {
        self.id
    }

    /// The node around it.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        let parent = self.tree.nodes[self.id as usize].parent;
        (self.id != self.tree.root).then_some(Self { tree: self.tree, id: parent })
    }

    /// Nodes and tokens in it, in order, trivia too.
    pub fn children(self) -> impl Iterator<Item = Child<'t>> {
        self.tree.children(self.id).iter().map(move |element| match *element {
            Element::Token(at) => {
                Child::Token(TokenRef { tree: self.tree, token: self.tree.tokens[at as usize] })
            }
            Element::Node(id) => Child::Node(Node { tree: self.tree, id }),
        })
    }

    /// Nodes in it, in order.
    pub fn nodes(self) -> impl Iterator<Item = Self> {
        self.children().filter_map(|child| match child {
            Child::Node(node) => Some(node),
            Child::Token(_) => None,
        })
    }

    /// Tokens directly in it, without trivia.
    pub fn tokens(self) -> impl Iterator<Item = TokenRef<'t>> {
        self.children().filter_map(|child| match child {
            Child::Token(token) if !token.kind().is_trivia() => Some(token),
            _ => None,
        })
    }

    /// The first node of a kind in it.
    #[must_use]
    pub fn child(self, kind: SyntaxKind) -> Option<Self> {
        self.nodes().find(|node| node.kind() == kind)
    }

    /// All nodes of a kind in it.
    pub fn children_of(self, kind: SyntaxKind) -> impl Iterator<Item = Self> {
        self.nodes().filter(move |node| node.kind() == kind)
    }

    /// The first token of a kind directly in it.
    #[must_use]
    pub fn token(self, kind: SyntaxKind) -> Option<TokenRef<'t>> {
        self.tokens().find(|token| token.kind() == kind)
    }

    /// Whether a token with that text stands directly in it.
    #[must_use]
    pub fn has_word(self, word: &str) -> bool {
        self.tokens().any(|token| token.text() == word)
    }

    /// From its first to its last token that is not trivia.
    #[must_use]
    pub fn span(self) -> Span {
        let node = self.tree.nodes[self.id as usize];
        node.start as usize..node.end as usize
    }

    /// Its text without trivia at both ends.
    #[must_use]
    pub fn text(self) -> &'t str {
        &self.tree.text[self.span()]
    }
}

impl<'t> TokenRef<'t> {
    /// What it is.
    #[must_use]
    pub const fn kind(self) -> SyntaxKind {
        self.token.kind
    }

    /// Its text.
    #[must_use]
    pub fn text(self) -> &'t str {
        &self.tree.text[self.span()]
    }

    /// Where it stands.
    #[must_use]
    pub const fn span(self) -> Span {
        self.token.start as usize..self.token.end as usize
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}@{:?}", self.kind(), self.span())
    }
}

impl std::fmt::Debug for TokenRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}@{:?}", self.kind(), self.span())
    }
}
