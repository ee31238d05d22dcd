//! Kusto's scalar types and constant values. Deliberately absent: arithmetic on them (constant folding and `query` do it).

/// A scalar type: a [`model::ColumnType`], or the type of a mistake.
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

impl Type {
    /// The name that Kusto gives it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Long => "long",
            Self::Real => "real",
            Self::Decimal => "decimal",
            Self::String => "string",
            Self::DateTime => "datetime",
            Self::TimeSpan => "timespan",
            Self::Guid => "guid",
            Self::Dynamic => "dynamic",
            Self::Error => "unknown",
        }
    }

    /// The type that a query calls so, in any of the spellings of the language.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "bool" | "boolean" => Self::Bool,
            "int" | "int32" | "uint" | "uint32" => Self::Int,
            "long" | "int64" | "uint64" | "ulong" => Self::Long,
            "real" | "double" | "float" => Self::Real,
            "decimal" => Self::Decimal,
            "string" => Self::String,
            "datetime" | "date" => Self::DateTime,
            "timespan" | "time" => Self::TimeSpan,
            "guid" | "uuid" | "uniqueid" => Self::Guid,
            "dynamic" => Self::Dynamic,
            _ => return None,
        })
    }

    /// Whether it is `int`, `long`, `real` or `decimal`.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Long | Self::Real | Self::Decimal)
    }
}

impl From<model::ColumnType> for Type {
    fn from(kind: model::ColumnType) -> Self {
        match kind {
            model::ColumnType::Bool => Self::Bool,
            model::ColumnType::Int => Self::Int,
            model::ColumnType::Long => Self::Long,
            model::ColumnType::Real => Self::Real,
            model::ColumnType::Decimal => Self::Decimal,
            model::ColumnType::String => Self::String,
            model::ColumnType::DateTime => Self::DateTime,
            model::ColumnType::TimeSpan => Self::TimeSpan,
            model::ColumnType::Guid => Self::Guid,
            model::ColumnType::Dynamic => Self::Dynamic,
        }
    }
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

impl Value {
    /// Its type.
    #[must_use]
    pub const fn ty(&self) -> Type {
        match self {
            Self::Null(ty) => *ty,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Long(_) => Type::Long,
            Self::Real(_) => Type::Real,
            Self::Decimal(_) => Type::Decimal,
            Self::String(_) => Type::String,
            Self::DateTime(_) => Type::DateTime,
            Self::TimeSpan(_) => Type::TimeSpan,
            Self::Guid(_) => Type::Guid,
            Self::Dynamic(_) => Type::Dynamic,
        }
    }
}
