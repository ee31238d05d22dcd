//! `make_list`, `make_set`, `make_bag`: arrays and bags of what a group holds, as JSON text. Deliberately absent: limits
//! other than the number of elements, which the query's memory pool keeps.

use std::collections::HashSet;

use arrow::array::ArrayRef;
use arrow::compute::SortOptions;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::{Result, ScalarValue};
use kql::types::Type;

use super::{Fold, Setup, damaged};
use crate::dynamic;
use crate::functions::cells::Cells;
use crate::kernel::{Args, arrow_type};

/// How many elements a list or set takes unless the query says otherwise; Kusto's own default.
const ELEMENTS_MAX: usize = 1_048_576;

/// `make_list(value, max)`, then pairs of sort key and direction if the rows were sorted.
pub(super) fn make_list(setup: &Setup) -> Box<dyn Fold> {
    Box::new(List::new(setup, false))
}

/// `make_list_with_nulls(value)`.
pub(super) fn make_list_with_nulls(setup: &Setup) -> Box<dyn Fold> {
    Box::new(List::new(setup, true))
}

/// `make_set(value, max)`.
pub(super) fn make_set(setup: &Setup) -> Box<dyn Fold> {
    Box::new(Set { items: Vec::new(), seen: HashSet::new(), max: max_of(setup), bytes: 0 })
}

/// `make_bag(value, max)`: members of all bags; the first of a name stays.
pub(super) fn make_bag(setup: &Setup) -> Box<dyn Fold> {
    Box::new(Bag { members: Vec::new(), seen: HashSet::new(), max: max_of(setup), bytes: 0 })
}

fn max_of(setup: &Setup) -> usize {
    setup
        .long(1)
        .and_then(|max| usize::try_from(max).ok())
        .filter(|_| setup.types.get(1).is_some_and(|ty| matches!(ty, Type::Long | Type::Int)))
        .map_or(ELEMENTS_MAX, |max| max.min(ELEMENTS_MAX))
}

/// Length and bytes of each piece, one after the other.
fn save_pieces<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut saved = Vec::new();
    for piece in pieces {
        saved.extend_from_slice(&u32::try_from(piece.len()).unwrap_or(u32::MAX).to_le_bytes());
        saved.extend_from_slice(piece);
    }
    saved
}

fn read_pieces(mut saved: &[u8]) -> Result<Vec<&[u8]>> {
    let mut pieces = Vec::new();
    while let Some((length, rest)) = saved.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| damaged())?;
        let (piece, rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
        pieces.push(piece);
        saved = rest;
    }
    Ok(pieces)
}

fn text(piece: &[u8]) -> Result<String> {
    String::from_utf8(piece.to_vec()).map_err(|_| damaged())
}

fn json_array(items: impl Iterator<Item = String>) -> ScalarValue {
    let mut out = String::from("[");
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&item);
    }
    out.push(']');
    ScalarValue::Utf8View(Some(out))
}

/// Elements with the bytes by which they are sorted (empty if the rows had no order).
struct List {
    items: Vec<(Vec<u8>, String)>,
    keep_nulls: bool,
    max: usize,
    /// Where the sort keys stand among the arguments.
    keys: Vec<usize>,
    converter: Option<RowConverter>,
    bytes: usize,
}

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "List({})", self.items.len())
    }
}

impl List {
    fn new(setup: &Setup, keep_nulls: bool) -> Self {
        let has_max = setup.types.get(1).is_some_and(|ty| matches!(ty, Type::Long | Type::Int))
            && setup.types.len().is_multiple_of(2);
        let first = if has_max { 2 } else { 1 };
        let keys: Vec<usize> = (first..setup.types.len()).step_by(2).collect();
        let fields = keys
            .iter()
            .map(|at| {
                let ty = setup.types.get(*at).copied().unwrap_or(Type::Long);
                let descending = setup.constants.get(at + 1).and_then(Option::as_ref)
                    == Some(&ScalarValue::Boolean(Some(true)));
                let options = SortOptions { descending, nulls_first: !descending };
                SortField::new_with_options(arrow_type(ty), options)
            })
            .collect::<Vec<_>>();
        let converter = if keys.is_empty() { None } else { RowConverter::new(fields).ok() };
        let max = if has_max { max_of(setup) } else { ELEMENTS_MAX };
        Self { items: Vec::new(), keep_nulls, max, keys, converter, bytes: 0 }
    }

    fn push(&mut self, key: Vec<u8>, item: String) {
        self.bytes += key.len() + item.len() + size_of::<(Vec<u8>, String)>();
        self.items.push((key, item));
    }

    /// With an order every element must be seen before the first ones are known.
    fn is_full(&self) -> bool {
        self.keys.is_empty() && self.items.len() >= self.max
    }
}

impl Fold for List {
    fn add(&mut self, args: &Args<'_>) -> Result<()> {
        let cells = Cells::of(args, 0)?;
        let is_dynamic = args.types.first() == Some(&Type::Dynamic);
        let mut keys: Option<Vec<OwnedRow>> = None;
        if let Some(converter) = &self.converter {
            let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.keys.len());
            for at in &self.keys {
                let ty = args.types.get(*at).copied().unwrap_or(Type::Long);
                columns.push(arrow::compute::cast(args.raw(*at)?.0, &arrow_type(ty))?);
            }
            let rows = converter.convert_columns(&columns)?;
            keys = Some(rows.iter().map(|row| row.owned()).collect());
        }
        for row in 0..args.rows {
            if self.is_full() {
                break;
            }
            let mut item = String::new();
            if !cells.json(row, &mut item) {
                if !self.keep_nulls {
                    continue;
                }
                item.push_str("null");
            }
            let key = keys.as_ref().and_then(|keys| keys.get(row));
            let key = key.map(|key| key.as_ref().to_vec()).unwrap_or_default();
            // A list of arrays is the list of their elements, as recorded answers of Microsoft's engine show.
            match dynamic::elements(&item).filter(|_| is_dynamic) {
                Some(elements) => {
                    elements.iter().for_each(|it| self.push(key.clone(), it.to_string()));
                }
                None => self.push(key, item),
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Vec<u8> {
        save_pieces(self.items.iter().flat_map(|(key, item)| [key.as_slice(), item.as_bytes()]))
    }

    fn merge(&mut self, saved: &[u8]) -> Result<()> {
        for pair in read_pieces(saved)?.chunks_exact(2) {
            if self.is_full() {
                break;
            }
            if let [key, item] = pair {
                self.push(key.to_vec(), text(item)?);
            }
        }
        Ok(())
    }

    fn answer(&mut self) -> Result<ScalarValue> {
        let mut items = std::mem::take(&mut self.items);
        if !self.keys.is_empty() {
            items.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        items.truncate(self.max);
        Ok(json_array(items.into_iter().map(|(_, item)| item)))
    }

    fn size(&self) -> usize {
        self.bytes
    }
}

/// Different elements, in the order of their first appearance.
#[derive(Debug)]
struct Set {
    items: Vec<String>,
    seen: HashSet<String>,
    max: usize,
    bytes: usize,
}

impl Set {
    fn push(&mut self, item: &str) {
        if self.items.len() < self.max && !self.seen.contains(item) {
            self.bytes += 2 * (item.len() + size_of::<String>());
            self.seen.insert(item.to_owned());
            self.items.push(item.to_owned());
        }
    }
}

impl Fold for Set {
    fn add(&mut self, args: &Args<'_>) -> Result<()> {
        let cells = Cells::of(args, 0)?;
        let is_dynamic = args.types.first() == Some(&Type::Dynamic);
        let mut item = String::new();
        for row in 0..args.rows {
            item.clear();
            if !cells.json(row, &mut item) {
                continue;
            }
            // A set of arrays is the set of their elements.
            match dynamic::elements(&item).filter(|_| is_dynamic) {
                Some(elements) => elements.iter().for_each(|element| self.push(element)),
                None => self.push(&item),
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Vec<u8> {
        save_pieces(self.items.iter().map(String::as_bytes))
    }

    fn merge(&mut self, saved: &[u8]) -> Result<()> {
        for piece in read_pieces(saved)? {
            self.push(&text(piece)?);
        }
        Ok(())
    }

    fn answer(&mut self) -> Result<ScalarValue> {
        Ok(json_array(std::mem::take(&mut self.items).into_iter()))
    }

    fn size(&self) -> usize {
        self.bytes
    }
}

#[derive(Debug)]
struct Bag {
    members: Vec<(String, String)>,
    seen: HashSet<String>,
    max: usize,
    bytes: usize,
}

impl Bag {
    fn push(&mut self, name: String, value: String) {
        if self.members.len() < self.max && self.seen.insert(name.clone()) {
            self.bytes += 2 * name.len() + value.len() + 3 * size_of::<String>();
            self.members.push((name, value));
        }
    }
}

impl Fold for Bag {
    fn add(&mut self, args: &Args<'_>) -> Result<()> {
        let json = args.text(0)?;
        for row in 0..args.rows {
            for (name, value) in json.opt(row).and_then(dynamic::members).unwrap_or_default() {
                self.push(name, value.into_owned());
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Vec<u8> {
        save_pieces(
            self.members.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]),
        )
    }

    fn merge(&mut self, saved: &[u8]) -> Result<()> {
        for pair in read_pieces(saved)?.chunks_exact(2) {
            if let [name, value] = pair {
                self.push(text(name)?, text(value)?);
            }
        }
        Ok(())
    }

    fn answer(&mut self) -> Result<ScalarValue> {
        let mut out = String::from("{");
        for (at, (name, value)) in self.members.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            dynamic::write_string(name, &mut out);
            out.push(':');
            out.push_str(value);
        }
        out.push('}');
        Ok(ScalarValue::Utf8View(Some(out)))
    }

    fn size(&self) -> usize {
        self.bytes
    }
}
