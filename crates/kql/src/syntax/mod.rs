//! Text → tokens → lossless tree, with diagnostics; never fails. Deliberately absent: names and types (the binder).

mod builder;
mod expression;
mod graph;
mod kind;
mod lexer;
pub(crate) mod literal;
mod operator;
mod parser;
mod scan;
mod shape;
mod tabular;
mod tree;

pub use kind::SyntaxKind;
pub use lexer::{Token, lex};
pub(crate) use operator::operator_name;
pub use parser::{DEPTH_MAX, Parse, TEXT_BYTES_MAX, parse};
pub use tree::{Child, Node, TokenRef, Tree};
