//! The kinds of tokens and nodes of the syntax tree. Deliberately absent: keywords. A word of KQL is a keyword only where
//! the grammar expects one, so the lexer knows names alone and the parser looks at their text.

/// What a token or a node is. Tokens come first, then nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyntaxKind {
    /// Blanks, tabs, line ends.
    Whitespace,
    /// `// …`
    Comment,
    /// `# …` at the start of a line.
    Directive,
    /// A name or a keyword; `$left`; `in~`.
    Name,
    /// `!has`, `!in~` …
    NotName,
    /// `123`, `0x1F`
    Long,
    /// `1.5`, `1e3`
    Real,
    /// `1d`, `30m`, `100ms`
    TimeSpan,
    /// `'…'`, `"…"`, `@"…"`, `h"…"`, `` ```…``` ``, `~~~…~~~`
    Text,
    /// `datetime(…)`, `int(…)`, `guid(…)` … with a literal between the parentheses.
    TypedLiteral,
    /// `(`
    LParen,
    /// `)`
    RParen,
    /// `[`
    LBracket,
    /// `]`
    RBracket,
    /// `{`
    LBrace,
    /// `}`
    RBrace,
    /// `|`
    Bar,
    /// `;`
    Semicolon,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// `:`
    Colon,
    /// `=`
    Assign,
    /// `=>`
    Arrow,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// `==`
    Equal,
    /// `!=` and `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `=~`
    EqualTilde,
    /// `!~`
    NotTilde,
    /// `@`, `?`, `!`, `~` and whatever else has no meaning.
    Unknown,

    /// The whole text.
    Root,
    /// `let name = value`
    Let,
    /// `set`, `declare`, `alias`, `restrict`: read, and left without effect.
    SetOption,
    /// `.show tables`: a management command, as a run of tokens.
    Command,
    /// `declare query_parameters(…)`
    QueryParameters,
    /// An expression as a statement.
    Query,
    /// `(a:string, b:long=1) { … }`
    Lambda,
    /// The parameters of a lambda, the columns of a `datatable`.
    Parameters,
    /// `name:type`, `name:type=default`, `name:(…)`
    Parameter,
    /// The `{ … }` of a lambda.
    Body,
    /// `head | operator | operator`
    Pipe,
    /// A query operator. Its first token(s) name it.
    Operator,
    /// `kind=inner`, `hint.strategy=shuffle`, `withsource=T`
    Property,
    /// Comma-separated expressions of an operator: projections, keys, aggregates.
    List,
    /// The expressions after `by`.
    By,
    /// `on …` of `join` and `lookup`, `mv-apply`.
    On,
    /// `with (…)` of several operators.
    With,
    /// `name = expression`, `(a, b) = expression`
    Assignment,
    /// `(a, b)` on the left of an assignment.
    NameList,
    /// `expression asc nulls last`
    SortKey,
    /// `to typeof(…)`
    ToType,
    /// `step s: condition => a = x` of `scan`
    ScanStep,
    /// `T on id` of `make-graph`
    NodeTable,
    /// `(a)-[e]->(b)`: a sequence of a graph pattern
    MatchPattern,
    /// `(a)`
    MatchNode,
    /// `-[e*1..3]->`
    MatchEdge,
    /// `*1..3`
    MatchRange,
    /// `where …` within `graph-match`
    Where,
    /// `nodes as N with_node_id=i` of `graph-to-table`
    GraphOutput,
    /// A name, also `['in brackets']`
    NameRef,
    /// `prefix*`
    Wildcard,
    /// A lone `*`
    StarExpr,
    /// A literal of one token, or several texts one after the other.
    Literal,
    /// `dynamic(…)`
    Dynamic,
    /// `typeof(…)`
    TypeOf,
    /// `(…)`
    Paren,
    /// `a + b`, `a has b`
    Binary,
    /// `-a`
    Unary,
    /// `a in (…)`, `a has_any (…)`
    InList,
    /// `a between (b .. c)`
    Between,
    /// `f(…)`
    Call,
    /// The arguments with their parentheses.
    Args,
    /// `a.b`
    Member,
    /// `a[b]`, `a.["b"]`
    Index,
    /// `datatable (…) […]`
    DataTable,
    /// `externaldata (…) […] with (…)`
    ExternalData,
    /// A piece of a `parse` pattern: `"text"`, `name:type`, `*`
    PatternPart,
    /// `[…]` in `dynamic(…)`
    JsonArray,
    /// `{…}` in `dynamic(…)`
    JsonObject,
    /// `"key": value`
    JsonPair,
    /// `{Name}`, `{Name:label}`: a parameter that a workbook fills in before the query is sent.
    ClientParameter,
    /// What could not be read.
    Error,
}

impl SyntaxKind {
    /// Whether it is a token that carries no meaning.
    #[must_use]
    pub const fn is_trivia(self) -> bool {
        matches!(self, Self::Whitespace | Self::Comment | Self::Directive)
    }

    /// Whether it is one of the token kinds.
    #[must_use]
    pub const fn is_token(self) -> bool {
        (self as u8) < (Self::Root as u8)
    }
}
