//! A graph in memory: nodes and edges are numbers, their columns are arrays, and the edges of each node lie side by side.
//! Deliberately absent: where the rows come from (`provider`).

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, Scalar, StringViewArray,
    UInt64Array,
};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{cast, concat, is_null, take};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use datafusion::common::{DataFusionError, Result};
use kql::plan::Mark;
use kql::types::Type;

use super::{GRAPH_ELEMENTS_MAX, components};
use crate::error::Error;
use crate::kernel::arrow_type;

/// What of a graph is known before its rows.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// The types of a node's columns, those of components included.
    pub(crate) nodes: Vec<Type>,
    /// The columns that hold the id of a node that no table has.
    pub(crate) keys: Vec<usize>,
    /// Components to number.
    pub(crate) marks: Vec<Mark>,
}

/// The edges of each node, one node after the other.
#[derive(Debug)]
pub(crate) struct Adjacency {
    starts: Vec<u32>,
    edges: Vec<u32>,
}

impl Adjacency {
    /// By the ends of the edges on one side; `others` are those on the other side. Loops come last among a node's edges.
    pub(super) fn of(ends: &[u32], others: &[u32], nodes: usize) -> Self {
        let mut starts = vec![0_u32; nodes + 1];
        for end in ends {
            starts[*end as usize + 1] += 1;
        }
        for at in 0..nodes {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut edges = vec![0; ends.len()];
        for loops in [false, true] {
            for (edge, (end, _)) in (0_u32..)
                .zip(ends.iter().zip(others))
                .filter(|(_, (end, other))| (end == other) == loops)
            {
                let slot = &mut next[*end as usize];
                edges[*slot as usize] = edge;
                *slot += 1;
            }
        }
        Self { starts, edges }
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The edges of a node.
    pub(crate) fn of_node(&self, node: u32) -> &[u32] {
        let at = node as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(from), Some(to)) => &self.edges[*from as usize..*to as usize],
            _ => &[],
        }
    }

    fn degrees(&self) -> ArrayRef {
        let degrees = self.starts.windows(2).map(|pair| i64::from(pair[1] - pair[0]));
        Arc::new(degrees.collect::<Int64Array>())
    }
}

/// A graph.
#[derive(Debug)]
pub(crate) struct Store {
    /// The ids of the nodes.
    pub(crate) ids: ArrayRef,
    /// A node's row: its columns, in-degree, out-degree.
    pub(crate) nodes: Vec<ArrayRef>,
    /// The columns of the edges.
    pub(crate) edges: Vec<ArrayRef>,
    pub(crate) sources: Vec<u32>,
    pub(crate) targets: Vec<u32>,
    pub(crate) out: Adjacency,
    pub(crate) into: Adjacency,
}

impl Store {
    /// The graph of these rows: `edges` are source, target and columns; `tables` are ids and columns of nodes.
    pub(crate) fn new(edges: &RecordBatch, tables: &[RecordBatch], shape: &Shape) -> Result<Self> {
        let numbered = Numbered::new(edges, tables)?;
        let count = numbered.ids.len();
        let out = Adjacency::of(&numbered.sources, &numbered.targets, count);
        let into = Adjacency::of(&numbered.targets, &numbered.sources, count);
        let marked = |at: usize| shape.marks.iter().find(|mark| mark.column == at);
        let mut nodes = Vec::with_capacity(shape.nodes.len() + 2);
        let mut stored = 0;
        for (at, ty) in shape.nodes.iter().enumerate() {
            nodes.push(match marked(at) {
                Some(mark) if mark.strong => components::strong(&numbered.targets, &out),
                Some(_) => components::weak(&numbered.sources, &numbered.targets, count),
                None => {
                    stored += 1;
                    let column = numbered.column(tables, stored, *ty)?;
                    let column = match shape.keys.contains(&at) {
                        true => zip(
                            &numbered.absent(),
                            &cast(&numbered.ids, column.data_type())?,
                            &column,
                        )?,
                        false => column,
                    };
                    never_null(column, *ty)?
                }
            });
        }
        nodes.extend([into.degrees(), out.degrees()]);
        Ok(Self {
            ids: numbered.ids,
            nodes,
            edges: edges.columns().get(2..).unwrap_or_default().to_vec(),
            sources: numbered.sources,
            targets: numbered.targets,
            out,
            into,
        })
    }

    /// How many nodes there are.
    pub(crate) fn node_count(&self) -> usize {
        self.ids.len()
    }

    /// How many edges there are.
    pub(crate) fn edge_count(&self) -> usize {
        self.sources.len()
    }

    /// The end of an edge that is not `node`; the node itself for a loop.
    pub(crate) fn other_end(&self, edge: u32, node: u32) -> u32 {
        let at = edge as usize;
        if self.sources[at] == node { self.targets[at] } else { self.sources[at] }
    }
}

/// The nodes by number: those of the tables in their order, then those that only edges name.
struct Numbered {
    ids: ArrayRef,
    sources: Vec<u32>,
    targets: Vec<u32>,
    /// The first row of each node among those of all tables.
    rows: Vec<Option<u64>>,
    /// Further rows of nodes.
    further: Vec<(u32, u64)>,
}

impl Numbered {
    fn new(edges: &RecordBatch, tables: &[RecordBatch]) -> Result<Self> {
        let missing = || DataFusionError::Internal("a graph lacks its ids".to_owned());
        let mut arrays: Vec<&ArrayRef> = Vec::with_capacity(tables.len() + 2);
        for table in tables {
            arrays.push(table.columns().first().ok_or_else(missing)?);
        }
        arrays.push(edges.columns().first().ok_or_else(missing)?);
        arrays.push(edges.columns().get(1).ok_or_else(missing)?);
        let total: usize = arrays.iter().map(|array| array.len()).sum();
        if total > GRAPH_ELEMENTS_MAX {
            return Err(Error::TooManyTogether {
                what: "make-graph",
                rows_max: GRAPH_ELEMENTS_MAX,
            }
            .into());
        }
        let types = arrays.first().map(|array| array.data_type().clone()).ok_or_else(missing)?;
        let converter = RowConverter::new(vec![SortField::new(types)])?;
        let mut keys = Vec::with_capacity(arrays.len());
        for array in &arrays {
            keys.push(converter.convert_columns(std::slice::from_ref(*array))?);
        }
        let keys: Vec<Vec<_>> = keys.iter().map(|rows| rows.iter().collect()).collect();
        let mut known: HashMap<&[u8], u32> = HashMap::new();
        // Where the id of each node stands among all that were read.
        let mut places: Vec<u64> = Vec::new();
        let (mut rows, mut further) = (Vec::new(), Vec::new());
        let mut ends: Vec<Vec<u32>> = Vec::new();
        let mut place = 0_u64;
        for (table, keys) in keys.iter().enumerate() {
            let of_nodes = table < tables.len();
            let mut numbers = Vec::with_capacity(if of_nodes { 0 } else { keys.len() });
            for key in keys {
                let next = u32::try_from(places.len()).unwrap_or(u32::MAX);
                let node = *known.entry(key.as_ref()).or_insert(next);
                if node == next {
                    places.push(place);
                    rows.push(of_nodes.then_some(place));
                } else if of_nodes {
                    further.push((node, place));
                }
                if !of_nodes {
                    numbers.push(node);
                }
                place += 1;
            }
            if !of_nodes {
                ends.push(numbers);
            }
        }
        let all: Vec<&dyn Array> = arrays.iter().map(|array| array.as_ref()).collect();
        let ids = take(&concat(&all)?, &UInt64Array::from(places), None)?;
        let targets = ends.pop().unwrap_or_default();
        let sources = ends.pop().unwrap_or_default();
        Ok(Self { ids, sources, targets, rows, further })
    }

    /// Which nodes no table has.
    fn absent(&self) -> BooleanArray {
        self.rows.iter().map(|row| Some(row.is_none())).collect()
    }

    /// A column of the nodes. Of several rows of one node the first value counts that is none of nothing.
    fn column(&self, tables: &[RecordBatch], at: usize, ty: Type) -> Result<ArrayRef> {
        let arrays: Vec<&dyn Array> =
            tables.iter().filter_map(|table| Some(table.columns().get(at)?.as_ref())).collect();
        if arrays.is_empty() {
            return Ok(arrow::array::new_null_array(&arrow_type(ty), self.rows.len()));
        }
        let values = concat(&arrays)?;
        let mut rows = self.rows.clone();
        for (node, row) in &self.further {
            if let Some(slot) = rows.get_mut(*node as usize)
                && slot.is_some_and(|row| is_blank(&values, row))
            {
                *slot = Some(*row);
            }
        }
        Ok(take(&values, &UInt64Array::from(rows), None)?)
    }
}

fn is_blank(values: &ArrayRef, row: u64) -> bool {
    let Ok(row) = usize::try_from(row) else { return true };
    values.is_null(row)
        || values.as_string_view_opt().is_some_and(|texts| texts.value(row).is_empty())
}

/// A string is never null.
fn never_null(column: ArrayRef, ty: Type) -> Result<ArrayRef> {
    if ty != Type::String || column.null_count() == 0 {
        return Ok(column);
    }
    let column = cast(&column, &DataType::Utf8View)?;
    let empty = Scalar::new(StringViewArray::from(vec![""]));
    Ok(zip(&is_null(&column)?, &empty, &column)?)
}

#[cfg(test)]
mod tests {
    use super::Adjacency;

    #[test]
    fn the_edges_of_a_node_lie_side_by_side_and_its_loops_last() {
        let adjacency = Adjacency::of(&[2, 0, 2, 1], &[2, 1, 3, 0], 4);
        let found: Vec<&[u32]> = (0..4).map(|node| adjacency.of_node(node)).collect();
        assert_eq!(found, [&[1_u32][..], &[3], &[2, 0], &[]]);
        assert!(adjacency.of_node(9).is_empty());
    }
}
