//! Rules between types: which converts to which, and what two have in common. Deliberately absent: operators.

use crate::syntax::literal::of_type;
use crate::types::{Type, Value};

/// Rank among numbers: each converts to those after it.
const fn rank(ty: Type) -> Option<u8> {
    match ty {
        Type::Int => Some(0),
        Type::Long => Some(1),
        Type::Real => Some(2),
        Type::Decimal => Some(3),
        _ => None,
    }
}

/// The wider of two numeric types.
pub(super) fn wider(a: Type, b: Type) -> Type {
    if rank(a) >= rank(b) { a } else { b }
}

/// The type that all of these have in common: the widest number, or the one type that is not `dynamic`; `dynamic` where
/// nothing else fits.
pub(super) fn common(types: impl IntoIterator<Item = Type>) -> Type {
    let mut found = None;
    for ty in types {
        found = match found {
            None | Some(Type::Dynamic) => Some(ty),
            Some(seen) if seen == ty || ty == Type::Dynamic || ty == Type::Error => Some(seen),
            Some(Type::Error) => Some(ty),
            Some(seen) if seen.is_number() && ty.is_number() => Some(wider(seen, ty)),
            Some(_) => return Type::Dynamic,
        };
    }
    found.unwrap_or(Type::Error)
}

/// A constant as another type, where that is exact or the language's own rule.
pub(super) fn convert_value(value: &Value, ty: Type) -> Option<Value> {
    Some(match (value, ty) {
        (Value::Null(_), _) => Value::Null(ty),
        (Value::Int(n), Type::Long) => Value::Long(i64::from(*n)),
        (Value::Long(n), Type::Int) => Value::Int(i32::try_from(*n).ok()?),
        (Value::Int(n), Type::Real) => Value::Real(f64::from(*n)),
        (Value::Long(n), Type::Real) => Value::Real(real(*n)),
        (Value::Int(n), Type::Decimal) => Value::Decimal(n.to_string()),
        (Value::Long(n), Type::Decimal) => Value::Decimal(n.to_string()),
        (Value::Real(n), Type::Decimal) => Value::Decimal(n.to_string()),
        (Value::String(text), Type::DateTime | Type::TimeSpan | Type::Guid) => of_type(ty, text)?,
        _ => return None,
    })
}

#[expect(clippy::cast_precision_loss, reason = "Kusto widens long to real in the same way")]
pub(super) const fn real(n: i64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::{Type, common};

    #[test]
    fn the_common_type_is_the_widest_number_or_the_one_that_is_not_dynamic() {
        assert_eq!(common([Type::Int, Type::Long]), Type::Long);
        assert_eq!(common([Type::Long, Type::Real, Type::Int]), Type::Real);
        assert_eq!(common([Type::Dynamic, Type::String]), Type::String);
        assert_eq!(common([Type::String, Type::Long]), Type::Dynamic);
        assert_eq!(common([Type::Error, Type::Bool]), Type::Bool);
    }
}
