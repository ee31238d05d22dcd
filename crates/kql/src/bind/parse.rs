//! `parse`, `parse-where` and `parse-kv`: columns out of texts. Deliberately absent: the matching itself.

use super::binder::{Binder, Row, convert};
use super::columns::items;
use super::naming::name_text;
use super::operators::operand;
use super::scope::Table;
use super::source::property_name;
use crate::diagnostic::Code;
use crate::plan::{Field, Name as ColumnName, Op, ParseMode, ParsePart, Plan};
use crate::syntax::SyntaxKind::{Name, NameRef, Parameters, Property, Star, Text, With};
use crate::syntax::{Node, literal as literals};
use crate::types::{Type, Value};

impl Binder<'_> {
    pub(super) fn parse(&mut self, node: Node<'_>, input: Table) -> Table {
        let Some(source) = operand(node, 0) else { return input };
        let expr = self.scalar(source, Some(Row::of(&input)));
        if !matches!(expr.ty, Type::String | Type::Dynamic | Type::Error) {
            let message = self.in_operator("A value of type string expected.");
            self.error(Code::WrongType, source, message);
        }
        let (mut mode, mut flags) = (ParseMode::Simple, String::new());
        for property in node.children_of(Property) {
            let value = property.nodes().next().map(name_text).unwrap_or_default();
            match (property_name(property).as_str(), value.as_str()) {
                ("kind", "regex") => mode = ParseMode::Regex,
                ("kind", "relaxed") => mode = ParseMode::Relaxed,
                ("flags", _) => flags = value,
                _ => {}
            }
        }
        let mut fields = input.fields().to_vec();
        let mut pattern = Vec::new();
        for part in items(node) {
            let part = self.pattern_part(part, &mut fields, &pattern);
            pattern.extend(part);
        }
        let only_matches = node.has_word("where");
        let open = input.open;
        let op = Op::Parse {
            input: Box::new(input.plan),
            source: convert(expr, Type::String),
            mode,
            flags,
            pattern,
            only_matches,
        };
        Table { open, ..Table::new(Plan { op, fields: fields.into() }) }
    }

    fn pattern_part(
        &mut self,
        part: Node<'_>,
        fields: &mut Vec<Field>,
        before: &[ParsePart],
    ) -> Option<ParsePart> {
        if part.token(Star).is_some() {
            if let Some(ParsePart::Column(at)) = before.last()
                && fields.get(*at).is_some_and(|field| field.ty == Type::String)
            {
                let message = "Using * after parsing a string column is ambiguous.";
                self.error(Code::WrongType, part, message);
            }
            return Some(ParsePart::Skip);
        }
        if let Some(name) = part.child(NameRef) {
            let name = name_text(name);
            let ty = match part.token(Name) {
                Some(written) => Type::named(written.text()).unwrap_or(Type::Error),
                None => Type::String,
            };
            if ty == Type::Error {
                let message = "The name does not refer to a type that can be used here.";
                self.error(Code::WrongType, part, message);
            }
            return Some(ParsePart::Column(set_field(fields, name.into(), ty)));
        }
        let mut whole = String::new();
        for token in part.tokens().filter(|token| token.kind() == Text) {
            whole.push_str(&literals::text(token.text()).unwrap_or_else(|text| text));
        }
        (part.token(Text).is_some()).then_some(ParsePart::Text(whole))
    }

    pub(super) fn parse_kv(&mut self, node: Node<'_>, input: Table) -> Table {
        let Some(source) = operand(node, 0) else { return input };
        let expr = self.scalar(source, Some(Row::of(&input)));
        let declared =
            node.child(Parameters).map(|list| self.declared_fields(list)).unwrap_or_default();
        let properties: Vec<(String, Value)> =
            node.child(With).map(|with| self.properties(with)).unwrap_or_default();
        let mut fields = input.fields().to_vec();
        let keys = declared
            .into_iter()
            .map(|field| {
                let at = set_field(&mut fields, field.name.clone(), field.ty);
                (field.name.into(), at)
            })
            .collect();
        let open = input.open;
        let op = Op::ParseKv {
            input: Box::new(input.plan),
            source: convert(expr, Type::String),
            keys,
            properties,
        };
        Table { open, ..Table::new(Plan { op, fields: fields.into() }) }
    }
}

/// The place of a column that is written anew: its own if the name is there, else the end.
fn set_field(fields: &mut Vec<Field>, name: ColumnName, ty: Type) -> usize {
    match fields.iter().position(|field| field.name == name) {
        Some(at) => {
            fields[at].ty = ty;
            at
        }
        None => {
            fields.push(Field { name, ty });
            fields.len() - 1
        }
    }
}
