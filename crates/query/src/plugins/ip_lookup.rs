//! `ipv4_lookup` and `ipv6_lookup`: every row beside the rows of a table whose network contains its address. Deliberately
//! absent: databases of networks.

use std::collections::HashMap;
use std::hash::Hash;

use arrow::array::ArrayRef;
use datafusion::common::Result as DataFusionResult;
use kql::types::Type;

use super::{Arg, Call, Rows, Work};
use crate::error::Result;
use crate::functions::cells::Cells;
use crate::functions::network::{ipv4, ipv6, network, network6};

/// An address as a number of some width, and how many of its bits count.
trait Address: Copy + Eq + Hash + Send + Sync + 'static {
    fn read(text: &str) -> Option<(Self, u32)>;
    /// The bits that count, the others zero.
    fn network(self, prefix: u32) -> Self;
}

impl Address for u32 {
    fn read(text: &str) -> Option<(Self, u32)> {
        ipv4(text)
    }
    fn network(self, prefix: u32) -> Self {
        network(self, prefix)
    }
}

impl Address for u128 {
    fn read(text: &str) -> Option<(Self, u32)> {
        ipv6(text)
    }
    fn network(self, prefix: u32) -> Self {
        network6(self, prefix)
    }
}

pub(super) fn ipv4_lookup(call: &Call) -> Result<Work> {
    lookup::<u32>(call)
}

pub(super) fn ipv6_lookup(call: &Call) -> Result<Work> {
    lookup::<u128>(call)
}

/// What was asked for.
#[derive(Clone)]
struct Lookup {
    address: usize,
    network: usize,
    /// Further columns that must be equal: of the input, and of the table.
    keys: Vec<(usize, usize)>,
    unmatched: bool,
    width: usize,
    /// The columns of the table that come out.
    shown: Vec<usize>,
}

fn lookup<A: Address>(call: &Call) -> Result<Work> {
    let Some(Arg::TableColumn(0, network)) = call.arg(2) else {
        return Err(call.wrong("argument 3 must be a column of the table that is looked into"));
    };
    let table = call.tables.first().map_or(&[][..], Vec::as_slice);
    let (mut keys, mut unmatched) = (Vec::new(), false);
    for at in 3..call.args.len() {
        if !call.is_column(at) {
            unmatched = call.bool(at)?.unwrap_or(false);
            continue;
        }
        let own = call.column(at)?;
        let name = call.columns.get(own).map_or("", |field| field.name.as_str());
        let other = table
            .iter()
            .position(|field| field.name == name)
            .ok_or_else(|| call.wrong(format!("the table has no column '{name}'")))?;
        keys.push((own, other));
    }
    let shown = (0..table.len()).filter(|at| !keys.iter().any(|(_, other)| other == at)).collect();
    let lookup = Lookup {
        address: call.column(1)?,
        network: *network,
        keys,
        unmatched,
        width: call.width,
        shown,
    };
    Ok(Work::streaming(move |mut tables| {
        let table = tables.swap_remove(0);
        let index = Index::<A>::of(&table, &lookup)?;
        let lookup = lookup.clone();
        Ok(Box::new(move |rows: &Rows| lookup.joined(rows, &table, &index)))
    }))
}

/// The networks of a table by prefix.
struct Index<A> {
    /// For each prefix that occurs, longest first, the rows of each network.
    by_prefix: Vec<(u32, HashMap<A, Vec<usize>>)>,
    /// The values that must be equal, row by row.
    keys: Vec<String>,
}

impl<A: Address> Index<A> {
    fn of(table: &Rows, lookup: &Lookup) -> DataFusionResult<Self> {
        let args = table.args();
        let networks = Cells::of(&args, lookup.network)?;
        let mut by_prefix: Vec<(u32, HashMap<A, Vec<usize>>)> = Vec::new();
        let mut text = String::new();
        for row in 0..table.len() {
            text.clear();
            networks.text(row, &mut text);
            let Some((address, prefix)) = A::read(&text) else { continue };
            let at = by_prefix.iter().position(|(other, _)| *other == prefix);
            let at = at.unwrap_or_else(|| {
                by_prefix.push((prefix, HashMap::new()));
                by_prefix.len() - 1
            });
            if let Some((_, rows)) = by_prefix.get_mut(at) {
                rows.entry(address.network(prefix)).or_default().push(row);
            }
        }
        by_prefix.sort_by(|(a, _), (b, _)| b.cmp(a));
        let columns: Vec<usize> = lookup.keys.iter().map(|(_, other)| *other).collect();
        Ok(Self { by_prefix, keys: key_texts(table, &columns)? })
    }

    /// The rows whose network contains the address. Of an address that is itself a network, those within it as well.
    fn find(&self, address: A, own: u32, found: &mut Vec<usize>) {
        for (prefix, rows) in &self.by_prefix {
            if *prefix <= own {
                found.extend(rows.get(&address.network(*prefix)).into_iter().flatten());
                continue;
            }
            let wanted = address.network(own);
            let within = rows.iter().filter(|(network, _)| network.network(own) == wanted);
            found.extend(within.flat_map(|(_, rows)| rows));
        }
        found.sort_unstable();
    }
}

impl Lookup {
    fn joined<A: Address>(
        &self,
        rows: &Rows,
        table: &Rows,
        index: &Index<A>,
    ) -> DataFusionResult<Vec<ArrayRef>> {
        let args = rows.args();
        let addresses = Cells::of(&args, self.address)?;
        let columns: Vec<usize> = self.keys.iter().map(|(own, _)| *own).collect();
        let keys = key_texts(rows, &columns)?;
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let (mut text, mut found) = (String::new(), Vec::new());
        for row in 0..rows.len() {
            text.clear();
            found.clear();
            addresses.text(row, &mut text);
            if let Some((address, prefix)) = A::read(&text) {
                index.find(address, prefix, &mut found);
            }
            if !self.keys.is_empty() {
                found.retain(|other| index.keys.get(*other) == keys.get(row));
            }
            left.extend(std::iter::repeat_n(Some(row), found.len()));
            right.extend(found.iter().copied().map(Some));
            if found.is_empty() && self.unmatched {
                left.push(Some(row));
                right.push(None);
            }
        }
        let own = (0..self.width).map(|at| rows.taken(at, left.iter().copied()));
        let other = self.shown.iter().map(|at| table.taken(*at, right.iter().copied()));
        own.chain(other).collect()
    }
}

/// The values of some columns of each row as one text; empty without columns.
fn key_texts(rows: &Rows, columns: &[usize]) -> DataFusionResult<Vec<String>> {
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let args = rows.args();
    let cells: Vec<Cells<'_>> =
        columns.iter().map(|at| Cells::of(&args, *at)).collect::<DataFusionResult<_>>()?;
    let mut keys = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        let mut key = String::new();
        for (cells, at) in cells.iter().zip(columns) {
            let present = cells.json(row, &mut key);
            // Null equals null only, and no text.
            key.push(if present || args.types.get(*at) == Some(&Type::String) {
                '\u{1}'
            } else {
                '\u{2}'
            });
        }
        keys.push(key);
    }
    Ok(keys)
}
