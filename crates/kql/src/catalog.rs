//! What the binder asks about the world: tables, functions, stored functions. Deliberately absent: any implementation
//! for a real lake (the wiring of the binary has it), and the functions' own list (`query`).

use crate::plan::Fields;
use crate::signature::Signature;

/// The names that a query can use. All names are case-sensitive, as in Kusto. Beyond tables a catalog says only what it has.
pub trait Catalog {
    /// The columns of a table, in order. Asked for every table that a pattern matches: a catalog that keeps the list hands
    /// out the same one each time.
    fn table(&self, name: &str) -> Option<Fields>;
    /// Every table's name, for wildcards in `union` and for hints.
    fn tables(&self) -> Vec<String>;
    /// A scalar function by name (current or obsolete spelling).
    fn function(&self, _name: &str) -> Option<&Signature> {
        None
    }
    /// An aggregate by name (current or obsolete spelling).
    fn aggregate(&self, _name: &str) -> Option<&Signature> {
        None
    }
    /// A function that is stored in the workspace.
    fn stored_function(&self, _name: &str) -> Option<StoredFunction> {
        None
    }
    /// The columns of a watchlist, in order: those that every watchlist has, then its own.
    fn watchlist(&self, _name: &str) -> Option<Fields> {
        None
    }
    /// Every watchlist's name, for hints.
    fn watchlists(&self) -> Vec<String> {
        Vec::new()
    }
    /// Names of all functions, for hints and completion.
    fn functions(&self) -> Vec<String> {
        Vec::new()
    }
    /// The stored functions, by name, each with what it is for; the latter may be empty.
    fn stored_functions(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// Lends the catalog as it is at a moment: tables come and go while a server runs.
pub trait Lender: Send + Sync {
    /// Shows the catalog to `ask`, once.
    fn lend(&self, ask: &mut dyn FnMut(&dyn Catalog));
}

/// A stored function: its parameters and body as text, bound anew at each place of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFunction {
    /// The parameter list with its parentheses: `(starttime:datetime=datetime(null), disabled:bool=false)`.
    pub parameters: String,
    /// The body, with or without braces.
    pub body: String,
}

/// A catalog without tables and functions.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmptyCatalog;

impl Catalog for EmptyCatalog {
    fn table(&self, _: &str) -> Option<Fields> {
        None
    }
    fn tables(&self) -> Vec<String> {
        Vec::new()
    }
}
