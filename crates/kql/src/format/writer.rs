//! Walks the tree and gives out its tokens, each with the comments in front of it. Deliberately absent: where breaks go
//! (`shapes`).

use super::layout::Item;
use crate::syntax::{Child, Node, SyntaxKind, TokenRef, Tree};

/// The whole tree as pieces of a layout.
pub(super) fn items(tree: &Tree) -> Vec<Item<'_>> {
    let mut writer = Writer { tree, items: Vec::new(), at: 0, keep_blank: false };
    writer.node(tree.root());
    writer.trivia(tree.text().len());
    writer.items
}

pub(super) struct Writer<'t> {
    pub(super) tree: &'t Tree,
    pub(super) items: Vec<Item<'t>>,
    /// The next token of the tree, blanks counted.
    at: usize,
    /// Whether an empty line in front of the next token stays.
    pub(super) keep_blank: bool,
}

impl<'t> Writer<'t> {
    pub(super) fn push(&mut self, item: Item<'t>) {
        self.items.push(item);
    }

    /// A token after its comments.
    pub(super) fn token(&mut self, token: TokenRef<'t>) {
        self.trivia(token.span().start);
        self.keep_blank = false;
        self.push(Item::Text(token.text()));
        self.at += 1;
    }

    /// The comments in front of the token that starts at `end`.
    pub(super) fn trivia(&mut self, end: usize) {
        let mut line_ends = usize::from(self.at == 0);
        while let Some(token) = self.tree.tokens().get(self.at) {
            if token.start as usize >= end {
                break;
            }
            let text = &self.tree.text()[token.start as usize..token.end as usize];
            self.at += 1;
            match token.kind {
                SyntaxKind::Whitespace => {
                    line_ends += text.bytes().filter(|byte| *byte == b'\n').count();
                }
                SyntaxKind::Comment | SyntaxKind::Directive => {
                    let (trailing, blank) = (line_ends == 0, line_ends > 1);
                    self.push(Item::Comment { text, trailing, blank });
                    self.keep_blank |= !trailing;
                    line_ends = 0;
                }
                // No token is left out by the walk; if one were, it would stand here.
                _ => self.push(Item::Text(text)),
            }
        }
        if line_ends > 1 && self.keep_blank {
            self.push(Item::Blank);
        }
    }

    /// Whether nothing stands in front of the byte at `start`.
    pub(super) fn glued(&self, start: usize) -> bool {
        let before = start.checked_sub(1).and_then(|at| self.tree.text().as_bytes().get(at));
        !before.is_none_or(u8::is_ascii_whitespace)
    }

    /// Whether there is a line end between the last token and the byte at `start`.
    pub(super) fn line_end_before(&self, start: usize) -> bool {
        let from = self.tree.tokens().get(self.at).map_or(start, |token| token.start as usize);
        self.tree.text().get(from..start).is_some_and(|gap| gap.contains('\n'))
    }

    /// All children with the blanks that they were written with: glued, a blank, or a line end.
    pub(super) fn as_written(&mut self, node: Node<'t>) {
        for (at, child) in significant(node).enumerate() {
            if at > 0 {
                self.gap_as_written(start(child));
            }
            self.child(child);
        }
    }

    pub(super) fn gap_as_written(&mut self, start: usize) {
        if self.line_end_before(start) {
            self.push(Item::Hard);
        } else if !self.glued(start) {
            self.push(Item::Space);
        }
    }

    /// All children with nothing between them.
    pub(super) fn tight(&mut self, node: Node<'t>) {
        significant(node).for_each(|child| self.child(child));
    }

    /// All children with a blank between them, but none in front of a comma.
    pub(super) fn spaced(&mut self, node: Node<'t>) {
        for (at, child) in significant(node).enumerate() {
            if at > 0 && !is(child, SyntaxKind::Comma) {
                self.push(Item::Space);
            }
            self.child(child);
        }
    }

    pub(super) fn child(&mut self, child: Child<'t>) {
        match child {
            Child::Node(node) => self.node(node),
            Child::Token(token) => self.token(token),
        }
    }
}

/// Nodes with text in them and tokens that are not trivia.
pub(super) fn significant(node: Node<'_>) -> impl Iterator<Item = Child<'_>> {
    node.children().filter(|child| match child {
        Child::Node(node) => !node.span().is_empty(),
        Child::Token(token) => !token.kind().is_trivia(),
    })
}

/// Where a child starts, in bytes.
pub(super) fn start(child: Child<'_>) -> usize {
    match child {
        Child::Node(node) => node.span().start,
        Child::Token(token) => token.span().start,
    }
}

/// Whether a child is a token of that kind.
pub(super) fn is(child: Child<'_>, kind: SyntaxKind) -> bool {
    matches!(child, Child::Token(token) if token.kind() == kind)
}
