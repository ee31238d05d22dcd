//! Kusto's scalar types and constant values. Deliberately absent: arithmetic on them (constant folding and `query` do it).

/// A scalar type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `long`
    Long,
    /// `real`
    Real,
    /// `decimal`
    Decimal,
    /// `string`
    String,
    /// `datetime`: ticks of 100 ns since 0001-01-01
    DateTime,
    /// `timespan`: ticks of 100 ns
    TimeSpan,
    /// `guid`
    Guid,
    /// `dynamic`
    Dynamic,
    /// Type of an expression in which an error was found; fits everywhere, so that one mistake gives one diagnostic.
    Error,
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Typed null.
    Null(Type),
    /// `true`
    Bool(bool),
    /// `int(1)`
    Int(i32),
    /// `1`
    Long(i64),
    /// `1.5`
    Real(f64),
    /// `decimal(1.5)`, as its text
    Decimal(String),
    /// `"text"`
    String(String),
    /// Ticks since 0001-01-01
    DateTime(i64),
    /// Ticks
    TimeSpan(i64),
    /// With dashes, lowercase
    Guid(String),
    /// JSON text
    Dynamic(String),
}
