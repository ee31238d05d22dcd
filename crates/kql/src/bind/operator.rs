//! The types of operators: `+`, `==`, `has`, `in`, `between` and all others, as Microsoft's binder types them.
//! Deliberately absent: their values, but for constants (`fold`).

use super::binder::{Binder, Row, call, convert, mistake};
use super::fold::fold;
use super::scope::{Bindable, Table};
use super::types::{common, wider};
use super::weight::Weight;
use crate::diagnostic::Code;
use crate::plan::{Expr, ExprKind};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Args, Name, NotName, StarExpr};
use crate::types::Type;

impl Binder<'_> {
    /// A flat run of operators of one power, folded from the left. `and` and `or` stay one call of many arguments.
    pub(super) fn binary(&mut self, node: Node<'_>, row: Option<Row<'_>>) -> Expr {
        let operators: Vec<String> = operators_of(node);
        let operands: Vec<Node<'_>> = node.nodes().collect();
        if operators.iter().all(|o| o == "and") || operators.iter().all(|o| o == "or") {
            return self.logical(&operators[..], &operands, row);
        }
        let Some(first) = operands.first() else { return mistake() };
        if operands.len() <= operators.len() {
            // An operand is missing; the parser has said so.
            return mistake();
        }
        if first.kind() == StarExpr
            && let (Some(operator), Some(value)) = (operators.first(), operands.get(1))
        {
            return self.any_column(operator, *value, row);
        }
        let mut left = self.scalar(*first, row);
        for (operator, operand) in operators.iter().zip(&operands[1..]) {
            let right = self.scalar(*operand, row);
            left = self.apply(node, operator, left, right);
        }
        left
    }

    fn logical(&mut self, operators: &[String], nodes: &[Node<'_>], row: Option<Row<'_>>) -> Expr {
        let Some(operator) = operators.first() else { return mistake() };
        let mut args = Vec::with_capacity(nodes.len());
        for node in nodes {
            let expr = self.scalar(*node, row);
            args.push(self.expect_bool(*node, expr));
        }
        fold(call(operator, args, Type::Bool))
    }

    /// An expression that must be true or false.
    pub(super) fn expect_bool(&mut self, node: Node<'_>, expr: Expr) -> Expr {
        match expr.ty {
            Type::Bool | Type::Error => expr,
            Type::Dynamic => convert(expr, Type::Bool),
            // Microsoft's binder takes numbers too: what is not zero is true.
            Type::Int | Type::Long => convert(expr, Type::Bool),
            _ => {
                self.error(Code::WrongType, node, "A value of type bool expected.");
                mistake()
            }
        }
    }

    /// One operator between two bound operands.
    pub(super) fn apply(&mut self, node: Node<'_>, operator: &str, a: Expr, b: Expr) -> Expr {
        if a.ty == Type::Error || b.ty == Type::Error {
            return Expr { ty: result_when_unknown(operator), ..mistake() };
        }
        let (left, right) = (a.ty, b.ty);
        let bound = match operator {
            "+" | "-" | "*" | "/" | "%" => arithmetic(operator, a, b),
            "==" | "!=" | "<>" => equality(operator, a, b),
            "<" | "<=" | ">" | ">=" => order(operator, a, b),
            _ => text(operator, a, b),
        };
        bound.map_or_else(
            || {
                let message = format!(
                    "The operator '{operator}' is not defined for the operand types {} and {}.",
                    left.name(),
                    right.name()
                );
                self.error(Code::OperatorTypes, node, message);
                mistake()
            },
            fold,
        )
    }

    pub(super) fn unary(&mut self, node: Node<'_>, row: Option<Row<'_>>) -> Expr {
        let Some(operand) = node.nodes().next() else { return mistake() };
        let expr = self.scalar(operand, row);
        if node.has_word("+") || expr.ty == Type::Error {
            return expr;
        }
        match expr.ty {
            Type::Int => fold(call("negate", vec![convert(expr, Type::Long)], Type::Long)),
            ty if ty.is_number() || matches!(ty, Type::TimeSpan | Type::Dynamic) => {
                fold(call("negate", vec![expr], ty))
            }
            ty => {
                let message =
                    format!("The operator '-' is not defined for the operand type {}.", ty.name());
                self.error(Code::OperatorTypes, node, message);
                mistake()
            }
        }
    }

    /// `a in (…)`, `a has_any (…)`
    pub(super) fn in_list(&mut self, node: Node<'_>, row: Option<Row<'_>>) -> Expr {
        let operator = operators_of(node).into_iter().next().unwrap_or_default();
        let mut parts = node.nodes();
        let (Some(left), Some(list)) = (parts.next(), parts.next()) else { return mistake() };
        if left.kind() == StarExpr {
            return self.any_column_in(&operator, list, row);
        }
        let value = self.scalar(left, row);
        self.membership(&operator, value, list, row)
    }

    /// `value operator (list)`, the value being bound.
    pub(super) fn membership(
        &mut self,
        operator: &str,
        value: Expr,
        list: Node<'_>,
        row: Option<Row<'_>>,
    ) -> Expr {
        let (mut items, mut tables) = (Vec::new(), Vec::new());
        let nodes: Vec<Node<'_>> =
            if list.kind() == Args { list.nodes().collect() } else { vec![list] };
        for item in nodes {
            match self.value(item, row) {
                Bindable::Scalar(expr) => items.push(expr),
                Bindable::Table(table) => tables.push(*table),
            }
        }
        let parts = Weight::of_expr(&value).parts.saturating_mul(tables.len());
        if !self.count_parts(list, parts) {
            return Expr { ty: Type::Bool, ..mistake() };
        }
        let terms = operator.starts_with("has");
        if value.ty == Type::Error {
            return Expr { ty: Type::Bool, ..mistake() };
        }
        if terms || operator.ends_with('~') {
            if !matches!(value.ty, Type::String | Type::Dynamic) && terms {
                self.error(Code::WrongType, list, "A value of type string or dynamic expected.");
                return Expr { ty: Type::Bool, ..mistake() };
            }
            let value = convert(value, Type::String);
            return list_call(operator, value, items, tables, terms);
        }
        let ty = match value.ty {
            Type::Dynamic => common(items.iter().map(|item| item.ty)),
            ty => ty,
        };
        let ty = if ty == Type::Error { value.ty } else { ty };
        let items = items.into_iter().map(|item| match item.ty {
            Type::Dynamic => item,
            _ => convert(item, ty),
        });
        list_call(operator, convert(value, ty), items.collect(), tables, false)
    }

    /// `a between (b .. c)`
    pub(super) fn between(&mut self, node: Node<'_>, row: Option<Row<'_>>) -> Expr {
        let operator = operators_of(node).into_iter().next().unwrap_or_default();
        let bound: Vec<Expr> = node.nodes().map(|part| self.scalar(part, row)).collect();
        let [value, low, high] =
            <[Expr; 3]>::try_from(bound).unwrap_or_else(|_| [mistake(), mistake(), mistake()]);
        if [&value, &low, &high].iter().any(|expr| expr.ty == Type::Error) {
            return Expr { ty: Type::Bool, ..mistake() };
        }
        if !self.count_parts(node, Weight::of_expr(&low).parts) {
            return Expr { ty: Type::Bool, ..mistake() };
        }
        let high = if high.ty == Type::TimeSpan && value.ty == Type::DateTime {
            self.apply(node, "+", low.clone(), high)
        } else {
            high
        };
        let ty = common([value.ty, low.ty, high.ty]);
        let orderable = ty.is_number() || matches!(ty, Type::DateTime | Type::TimeSpan);
        if !orderable {
            let message = format!("The expression must have the type {}.", value.ty.name());
            self.error(Code::WrongType, node, message);
            return Expr { ty: Type::Bool, ..mistake() };
        }
        let args = [value, low, high].into_iter().map(|expr| convert(expr, ty)).collect();
        call(&operator, args, Type::Bool)
    }

    /// `* has "x"`: any column.
    pub(super) fn any_column(
        &mut self,
        operator: &str,
        node: Node<'_>,
        row: Option<Row<'_>>,
    ) -> Expr {
        let Some(row) = row else { return mistake() };
        let value = self.scalar(node, None);
        self.any_column_with(operator, node, &value, row)
    }

    /// The same with a value that is bound already.
    pub(super) fn any_column_with(
        &mut self,
        operator: &str,
        node: Node<'_>,
        value: &Expr,
        row: Row<'_>,
    ) -> Expr {
        let parts = Weight::of_expr(value).parts.saturating_mul(row.fields.len());
        if !self.count_columns(node, parts) {
            return mistake();
        }
        let mut args = Vec::new();
        for (at, field) in row.fields.iter().enumerate() {
            let column = super::binder::column(row.fields, at);
            let fits = field.ty == value.ty || matches!(field.ty, Type::String | Type::Dynamic);
            let column = match fits {
                true => column,
                false if value.ty == Type::String => convert(column, Type::String),
                false => continue,
            };
            if column.ty == Type::String && value.ty != Type::String {
                continue;
            }
            args.push(self.apply(node, operator, column, value.clone()));
        }
        any_of(args)
    }

    fn any_column_in(&mut self, operator: &str, list: Node<'_>, row: Option<Row<'_>>) -> Expr {
        let Some(row) = row else { return mistake() };
        let mut args = Vec::new();
        for (at, field) in row.fields.iter().enumerate() {
            if matches!(field.ty, Type::String | Type::Dynamic) {
                let value = super::binder::column(row.fields, at);
                args.push(self.membership(operator, value, list, Some(row)));
            }
        }
        any_of(args)
    }
}

/// True where any of these is.
pub(super) fn any_of(args: Vec<Expr>) -> Expr {
    match args.len() {
        0 => super::binder::literal(crate::types::Value::Bool(false)),
        _ => fold(call("or", args, Type::Bool)),
    }
}

/// The operators written in a node, in order.
pub(super) fn operators_of(node: Node<'_>) -> Vec<String> {
    let mut operators: Vec<String> = Vec::new();
    for token in node.tokens() {
        let text = token.text();
        if text == "regex" {
            if let Some(last) = operators.last_mut() {
                last.push_str(" regex");
            }
            continue;
        }
        if matches!(token.kind(), Name | NotName) || text.len() <= 2 {
            operators.push(text.to_string());
        }
    }
    operators
}

fn result_when_unknown(operator: &str) -> Type {
    match operator {
        "+" | "-" | "*" | "/" | "%" => Type::Error,
        _ => Type::Bool,
    }
}

/// A call over a list, or a look into a table.
fn list_call(
    operator: &str,
    value: Expr,
    items: Vec<Expr>,
    tables: Vec<Table>,
    terms: bool,
) -> Expr {
    if tables.is_empty() || terms {
        let mut args = vec![value];
        args.extend(items);
        args.extend(tables.into_iter().map(Binder::list_of));
        return call(operator, args, Type::Bool);
    }
    let mut found = Vec::new();
    for table in tables {
        let kind = ExprKind::InTable {
            value: Box::new(value.clone()),
            table: Box::new(table.plan),
            ignore_case: operator.ends_with('~'),
            negated: operator.starts_with('!'),
        };
        found.push(Expr { kind, ty: Type::Bool });
    }
    if !items.is_empty() {
        let mut args = vec![value];
        args.extend(items);
        found.push(call(operator, args, Type::Bool));
    }
    match found.len() {
        1 => found.swap_remove(0),
        _ if operator.starts_with('!') => call("and", found, Type::Bool),
        _ => call("or", found, Type::Bool),
    }
}

fn arithmetic(operator: &str, a: Expr, b: Expr) -> Option<Expr> {
    use Type::{DateTime, Dynamic, Long, Real, TimeSpan};
    let (a, b) = match (a.ty, b.ty) {
        (Dynamic, Dynamic) => return Some(call(operator, vec![a, b], Dynamic)),
        (Dynamic, DateTime) if operator == "-" => (convert(a, DateTime), b),
        (DateTime, Dynamic) if operator == "-" => (a, convert(b, DateTime)),
        (Dynamic, ty) if ty.is_number() => (convert(a, ty), b),
        (ty, Dynamic) if ty.is_number() => (a, convert(b, ty)),
        (Dynamic, TimeSpan) if matches!(operator, "+" | "-") => (convert(a, TimeSpan), b),
        (TimeSpan, Dynamic) if matches!(operator, "+" | "-") => (a, convert(b, TimeSpan)),
        _ => (a, b),
    };
    let (left, right) = (a.ty, b.ty);
    if left.is_number() && right.is_number() {
        let ty = wider(wider(left, right), Long);
        return Some(call(operator, vec![convert(a, ty), convert(b, ty)], ty));
    }
    let as_real = |expr: Expr| convert(expr, Real);
    let (args, ty) = match (operator, left, right) {
        ("-", DateTime, DateTime) => (vec![a, b], TimeSpan),
        ("+" | "-", DateTime, TimeSpan) => (vec![a, b], DateTime),
        ("+", TimeSpan, DateTime) => (vec![b, a], DateTime),
        ("+" | "-" | "%", TimeSpan, TimeSpan) => (vec![a, b], TimeSpan),
        ("/", TimeSpan, TimeSpan) => (vec![a, b], Real),
        ("*" | "/", TimeSpan, number) if number.is_number() => (vec![a, as_real(b)], TimeSpan),
        ("*", number, TimeSpan) if number.is_number() => (vec![as_real(a), b], TimeSpan),
        _ => return None,
    };
    Some(call(operator, args, ty))
}

fn equality(operator: &str, a: Expr, b: Expr) -> Option<Expr> {
    use Type::{Bool, Dynamic, String};
    let operator = if operator == "<>" { "!=" } else { operator };
    let ty = match (a.ty, b.ty) {
        (a, b) if a == b => a,
        (a, b) if a.is_number() && b.is_number() => wider(a, b),
        (Dynamic, other) | (other, Dynamic) => other,
        (Bool, number) | (number, Bool) if number.is_number() => Bool,
        // Microsoft's binder lets a text stand for a value of the other type.
        (String, other) | (other, String) => other,
        _ => return None,
    };
    Some(call(operator, vec![convert(a, ty), convert(b, ty)], Bool))
}

fn order(operator: &str, a: Expr, b: Expr) -> Option<Expr> {
    use Type::{Bool, DateTime, Dynamic, TimeSpan};
    let ty = match (a.ty, b.ty) {
        (a, b) if a.is_number() && b.is_number() => wider(a, b),
        (DateTime, DateTime) => DateTime,
        (TimeSpan, TimeSpan) => TimeSpan,
        (Dynamic, Dynamic) => Dynamic,
        (Dynamic, other) | (other, Dynamic)
            if other.is_number() || matches!(other, DateTime | TimeSpan) =>
        {
            other
        }
        _ => return None,
    };
    Some(call(operator, vec![convert(a, ty), convert(b, ty)], Bool))
}

/// Operators on texts. Obsolete spellings become today's.
fn text(operator: &str, a: Expr, b: Expr) -> Option<Expr> {
    let operator = match operator {
        "notcontains" => "!contains",
        "notlike" => "!like",
        "containscs" => "contains_cs",
        ":" => "has",
        other => other,
    };
    let fits = |ty: Type| matches!(ty, Type::String | Type::Dynamic);
    // `=~` takes any types, by their text.
    let any = matches!(operator, "=~" | "!~");
    if !(any || fits(a.ty) && fits(b.ty)) {
        return None;
    }
    let args = vec![convert(a, Type::String), convert(b, Type::String)];
    Some(call(operator, args, Type::Bool))
}

#[cfg(test)]
mod tests {
    use super::{arithmetic, equality, order};
    use crate::plan::{Expr, ExprKind};
    use crate::types::Type::{self, Bool, DateTime, Dynamic, Int, Long, Real, String, TimeSpan};

    fn of(ty: Type) -> Expr {
        Expr { kind: ExprKind::Column(0), ty }
    }

    #[test]
    fn arithmetic_has_the_types_of_the_language() {
        let rows = [
            ("+", Int, Int, Some(Long)),
            ("/", Long, Real, Some(Real)),
            ("-", DateTime, DateTime, Some(TimeSpan)),
            ("+", TimeSpan, DateTime, Some(DateTime)),
            ("/", TimeSpan, TimeSpan, Some(Real)),
            ("*", TimeSpan, Long, Some(TimeSpan)),
            ("+", Dynamic, Long, Some(Long)),
            ("+", String, String, None),
            ("+", Bool, String, None),
        ];
        for (operator, a, b, expected) in rows {
            let ty = arithmetic(operator, of(a), of(b)).map(|expr| expr.ty);
            assert_eq!(ty, expected, "{a:?} {operator} {b:?}");
        }
    }

    #[test]
    fn a_text_equals_anything_but_is_ordered_with_nothing() {
        assert!(equality("==", of(Long), of(String)).is_some());
        assert!(order("<", of(String), of(String)).is_none());
        assert!(order("<", of(DateTime), of(String)).is_none());
        assert!(order(">", of(Dynamic), of(Real)).is_some());
    }
}
