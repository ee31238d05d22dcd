//! From an event's text to the columns of its row: one pass over the members at the top, each looked up by name in a
//! table that is built once. What a column cannot hold, what no column is for, and what is written twice goes to
//! `additional`, so that every member of an event is in the row somewhere. `null`, an empty text and an absent member
//! mean the same, and leave the column null.
//! Deliberately absent: the names of members and columns, which stand in each provider's own `columns`.

use std::borrow::Cow;
use std::str::from_utf8;

use model::{ColumnType, EventContext, RowWriter, TableSchema};

use crate::scalar;
use crate::scan::{self, Walk};

/// How a member becomes a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    /// Its value, as the column's type.
    Value,
    /// A text, or an array of texts joined by this.
    Joined(&'static str),
    /// The event's id, which is set from the context already: only a different value is worth keeping.
    EventId,
    /// Its value; it also tells the event's type.
    EventType,
    /// An object with nothing but an `_id`, which is the column's value.
    InnerId,
}

/// A member's name, its column's name, and the way from one to the other.
pub(crate) type Field = (&'static str, &'static str, As);

/// A member that is an object, the name of a member within it, and the column that repeats that value, so that a question
/// about it need not read the whole object.
pub(crate) type Inner = (&'static str, &'static str, &'static str);

/// A table and the members that fill it, ready for lookups.
pub(crate) struct Mapping {
    schema: &'static TableSchema,
    inner: Vec<InnerSlot>,
    /// Open addressing; the number of slots is a power of two, at most half of them filled.
    slots: Vec<Option<Slot>>,
}

#[derive(Clone, Copy)]
struct Slot {
    key: &'static str,
    column: usize,
    way: As,
    /// Whether columns repeat what is within it.
    has_inner: bool,
}

struct InnerSlot {
    outer: &'static str,
    key: &'static str,
    slot: Slot,
}

/// Which columns are set.
#[derive(Default)]
pub(crate) struct Filled([u64; 2]);

impl Mapping {
    /// The mapping of `fields` to the columns of `schema`, and of members within them. A field whose column does not
    /// exist is left out, which a test of each provider notices.
    pub(crate) fn new(schema: &'static TableSchema, fields: &[Field], inner: &[Inner]) -> Self {
        let size = (fields.len() * 2).next_power_of_two();
        let slot = |key, column, way, has_inner| Slot { key, column, way, has_inner };
        let inner_slots = inner.iter().filter_map(|(outer, key, column)| {
            let column = position(schema, column)?;
            Some(InnerSlot { outer, key, slot: slot(key, column, As::Value, false) })
        });
        let mut mapping = Self { schema, inner: inner_slots.collect(), slots: vec![None; size] };
        for (key, column, way) in fields {
            let Some(column) = position(schema, column) else { continue };
            let mut at = hash(key.as_bytes()) & (size - 1);
            while mapping.slots.get(at).is_some_and(Option::is_some) {
                at = (at + 1) & (size - 1);
            }
            if let Some(free) = mapping.slots.get_mut(at) {
                let has_inner = inner.iter().any(|(outer, ..)| outer == key);
                *free = Some(slot(key, column, *way, has_inner));
            }
        }
        mapping
    }

    /// Sets the columns of the object `raw`, and gives its type as text.
    pub(crate) fn fill<'a>(
        &self,
        raw: &'a [u8],
        context: EventContext<'_>,
        filled: &mut Filled,
        row: &mut dyn RowWriter,
    ) -> Option<Cow<'a, str>> {
        let mut event_type = None;
        let mut walk = Walk::of(raw, scan::skip_space(raw, 0));
        while let Ok(Some((key, at))) = walk.member() {
            let Ok(extent) = scan::value(raw, at) else { break };
            walk.passed(extent);
            let value = raw.get(at..extent.end).unwrap_or_default();
            if is_none(value) {
                continue;
            }
            let slot = self.find(key);
            if slot.is_some_and(|slot| slot.way == As::EventId)
                && scalar_text(value).as_deref() == Some(context.id)
            {
                continue;
            }
            if slot.is_some_and(|slot| slot.way == As::EventType) && event_type.is_none() {
                event_type = scalar_text(value);
            }
            if !slot.is_some_and(|slot| self.place(slot, value, filled, row)) {
                keep(key, value, row);
            }
        }
        event_type
    }

    fn find(&self, key: &[u8]) -> Option<Slot> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash(key) & mask;
        while let Some(Some(slot)) = self.slots.get(at) {
            if slot.key.as_bytes() == key {
                return Some(*slot);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// Puts a value into its column; false if it has no place there.
    fn place(
        &self,
        slot: Slot,
        value: &[u8],
        filled: &mut Filled,
        row: &mut dyn RowWriter,
    ) -> bool {
        if filled.has(slot.column) {
            return false;
        }
        let kind = self.schema.columns.get(slot.column).map_or(ColumnType::Dynamic, |it| it.kind);
        let is_held = hold(slot, kind, value, row);
        if is_held {
            filled.set(slot.column);
            if slot.has_inner {
                self.repeat_inner(slot.key, value, filled, row);
            }
        }
        is_held
    }

    /// Sets the columns that repeat members of the object `value`. What fits no column stays where it is: in the object.
    fn repeat_inner(
        &self,
        outer: &str,
        value: &[u8],
        filled: &mut Filled,
        row: &mut dyn RowWriter,
    ) {
        let mut walk = Walk::of(value, 0);
        while let Ok(Some((key, at))) = walk.member() {
            let Ok(extent) = scan::value(value, at) else { break };
            walk.passed(extent);
            let mut inner = self.inner.iter();
            let inner = inner.find(|it| it.outer == outer && it.key.as_bytes() == key);
            let value = value.get(at..extent.end).unwrap_or_default();
            if let (Some(inner), false) = (inner, is_none(value)) {
                self.place(inner.slot, value, filled, row);
            }
        }
    }
}

impl Filled {
    /// Whether `column` is set.
    pub(crate) fn has(&self, column: usize) -> bool {
        self.0.get(column / 64).is_some_and(|word| word >> (column % 64) & 1 == 1)
    }

    /// Notes that `column` is set.
    pub(crate) fn set(&mut self, column: usize) {
        if let Some(word) = self.0.get_mut(column / 64) {
            *word |= 1 << (column % 64);
        }
    }
}

/// The position of a column in its table.
pub(crate) fn position(schema: &TableSchema, name: &str) -> Option<usize> {
    schema.columns.iter().position(|column| column.name == name)
}

/// FNV-1a; names of members are short.
fn hash(key: &[u8]) -> usize {
    let hash = key
        .iter()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    hash as usize
}

fn is_none(value: &[u8]) -> bool {
    matches!(value, b"null" | b"\"\"")
}

fn keep(key: &[u8], value: &[u8], row: &mut dyn RowWriter) {
    if let Ok(json) = from_utf8(value) {
        row.additional(&scalar::unescape(key), json);
    }
}

/// Sets the slot's column if the value fits its type, leniently: numbers and flags are also read from texts.
fn hold(slot: Slot, kind: ColumnType, value: &[u8], row: &mut dyn RowWriter) -> bool {
    let column = slot.column;
    let is_held = match (slot.way, kind) {
        (As::Joined(between), _) => joined(value, between).map(|text| {
            if !text.is_empty() {
                row.string(column, &text);
            }
        }),
        (As::InnerId, _) => only_id(value).map(|text| row.string(column, &text)),
        (_, ColumnType::Bool) => flag(value).map(|flag| row.bool(column, flag)),
        (_, ColumnType::Long | ColumnType::Int) => whole(value).map(|it| row.long(column, it)),
        (_, ColumnType::Real) => real(value).map(|number| row.real(column, number)),
        (_, ColumnType::DateTime) => scalar::moment(value).map(|it| row.datetime(column, it)),
        (_, ColumnType::Dynamic) => from_utf8(value).ok().map(|json| row.dynamic(column, json)),
        _ => scalar_text(value).map(|text| row.string(column, &text)),
    };
    is_held.is_some()
}

/// The text of a string, number or flag.
pub(crate) fn scalar_text(value: &[u8]) -> Option<Cow<'_, str>> {
    match value.first()? {
        b'"' => scalar::string(value),
        b'{' | b'[' => None,
        _ => Some(String::from_utf8_lossy(value)),
    }
}

fn flag(value: &[u8]) -> Option<bool> {
    match scalar_text(value)?.as_ref() {
        "true" | "True" | "1" => Some(true),
        "false" | "False" | "0" => Some(false),
        _ => None,
    }
}

/// A whole number, also one that is written as `5.0` or as a text.
fn whole(value: &[u8]) -> Option<i64> {
    if is_flag(value) {
        return None;
    }
    let text = scalar_text(value)?;
    let text = text.trim();
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

/// A number that a `real` holds without loss: a whole one from 2^53 on may not fit.
fn real(value: &[u8]) -> Option<f64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if is_flag(value) {
        return None;
    }
    let text = scalar_text(value)?;
    let number: f64 = text.trim().parse().ok()?;
    (number.abs() < EXACT_MAX).then_some(number)
}

fn is_flag(value: &[u8]) -> bool {
    matches!(value, b"true" | b"false")
}

/// A text, or an array of texts joined by `between`.
fn joined<'a>(value: &'a [u8], between: &str) -> Option<Cow<'a, str>> {
    if !value.starts_with(b"[") {
        return scalar_text(value);
    }
    let mut text = String::new();
    let mut walk = Walk::of(value, 0);
    while let Some(at) = walk.element().ok()? {
        let extent = scan::value(value, at).ok()?;
        walk.passed(extent);
        let element = scalar::string(value.get(at..extent.end)?)?;
        if !text.is_empty() {
            text.push_str(between);
        }
        text.push_str(&element);
    }
    Some(Cow::Owned(text))
}

/// The id of `{"_id": "…"}`, if that is all that the object holds.
fn only_id(value: &[u8]) -> Option<Cow<'_, str>> {
    let mut walk = Walk::of(value, 0);
    let (key, at) = walk.member().ok()??;
    let extent = scan::value(value, at).ok()?;
    walk.passed(extent);
    let is_only = key == b"_id" && walk.member().ok()?.is_none();
    is_only.then(|| scalar::string(value.get(at..extent.end)?)).flatten()
}
