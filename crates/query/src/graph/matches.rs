//! Matches of a pattern in columns, and the rows that conditions and projections make of them. Deliberately absent: how
//! matches are found.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, RecordBatch, StringViewBuilder, UInt32Array, UInt64Array,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use kql::plan::{PathFold, PathPart};

use super::formula::{Formula, truths};
use super::store::Store;
use crate::functions::cells::Cells;
use crate::kernel::{Args, Column as Argument};

/// Lists of numbers, one after the other.
#[derive(Debug, Clone)]
struct Lists {
    /// Where each list ends, after a leading 0.
    ends: Vec<usize>,
    items: Vec<u32>,
}

impl Lists {
    fn new() -> Self {
        Self { ends: vec![0], items: Vec::new() }
    }

    fn push(&mut self, items: impl IntoIterator<Item = u32>) {
        self.items.extend(items);
        self.ends.push(self.items.len());
    }

    fn get(&self, at: usize) -> &[u32] {
        match (self.ends.get(at), self.ends.get(at + 1)) {
            (Some(from), Some(to)) => self.items.get(*from..*to).unwrap_or_default(),
            _ => &[],
        }
    }

    fn lengths(&self) -> impl Iterator<Item = usize> {
        self.ends.windows(2).map(|pair| pair[1] - pair[0])
    }

    fn chosen(&self, rows: &[usize]) -> Self {
        let mut found = Self::new();
        rows.iter().for_each(|row| found.push(self.get(*row).iter().copied()));
        found
    }
}

/// Matches: the node in each place of the pattern, the edges in each, and the nodes between these.
#[derive(Debug, Clone)]
pub(crate) struct Matches {
    nodes: Vec<Vec<u32>>,
    edges: Vec<Lists>,
    inner: Vec<Lists>,
    len: usize,
}

impl Matches {
    pub(crate) fn new(nodes: usize, edges: usize) -> Self {
        let lists = || (0..edges).map(|_| Lists::new()).collect();
        Self { nodes: vec![Vec::new(); nodes], edges: lists(), inner: lists(), len: 0 }
    }

    /// Adds a match: its nodes, then for each edge of the pattern the edges and the nodes between them, left to right.
    pub(crate) fn push<'p>(
        &mut self,
        nodes: &[u32],
        paths: impl IntoIterator<Item = (&'p [u32], &'p [u32], bool)>,
    ) {
        for (column, node) in self.nodes.iter_mut().zip(nodes) {
            column.push(*node);
        }
        for ((edges, inner), (taken, between, turned)) in
            self.edges.iter_mut().zip(&mut self.inner).zip(paths)
        {
            if turned {
                edges.push(taken.iter().rev().copied());
                inner.push(between.iter().rev().copied());
            } else {
                edges.push(taken.iter().copied());
                inner.push(between.iter().copied());
            }
        }
        self.len += 1;
    }

    /// Adds a match of others.
    pub(crate) fn push_from(&mut self, others: &Self, row: usize) {
        for (column, other) in self.nodes.iter_mut().zip(&others.nodes) {
            column.extend(other.get(row));
        }
        for (lists, other) in self.edges.iter_mut().zip(&others.edges) {
            lists.push(other.get(row).iter().copied());
        }
        for (lists, other) in self.inner.iter_mut().zip(&others.inner) {
            lists.push(other.get(row).iter().copied());
        }
        self.len += 1;
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// How many edges all paths have together.
    pub(crate) fn path_edges(&self) -> usize {
        self.edges.iter().map(|lists| lists.items.len()).sum()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.nodes.len(), self.edges.len());
    }

    fn chosen(&self, rows: &[usize]) -> Self {
        let of =
            |column: &Vec<u32>| rows.iter().filter_map(|row| column.get(*row).copied()).collect();
        Self {
            nodes: self.nodes.iter().map(of).collect(),
            edges: self.edges.iter().map(|lists| lists.chosen(rows)).collect(),
            inner: self.inner.iter().map(|lists| lists.chosen(rows)).collect(),
            len: rows.len(),
        }
    }
}

/// A column of a match.
#[derive(Debug)]
pub(crate) enum Column {
    Node {
        node: usize,
        column: usize,
    },
    Edge {
        edge: usize,
        column: usize,
    },
    /// None that can be read.
    Element,
    Path {
        edge: usize,
        part: PathPart,
        fold: PathFold,
        /// Over the element's columns, of which there are `width`, then the match's.
        value: Formula,
        width: usize,
    },
}

/// What becomes of matches.
#[derive(Debug)]
pub(crate) struct RowShape {
    pub(crate) columns: Vec<Column>,
    pub(crate) conditions: Vec<Formula>,
    pub(crate) exprs: Vec<Formula>,
}

impl RowShape {
    /// Which conditions are about the nodes of the pattern alone.
    pub(crate) fn about_nodes(&self) -> Vec<bool> {
        let is_node = |at: &usize| matches!(self.columns.get(*at), Some(Column::Node { .. }));
        self.conditions.iter().map(|condition| condition.columns.iter().all(is_node)).collect()
    }

    /// The matches for which the conditions hold that `which` picks.
    pub(crate) fn passing(
        &self,
        store: &Store,
        matches: &Matches,
        which: impl Fn(usize) -> bool,
    ) -> Result<Vec<usize>> {
        let mut reader = Reader::new(store, self, matches);
        let mut pass: Option<BooleanBuffer> = None;
        for (_, condition) in self.conditions.iter().enumerate().filter(|(at, _)| which(*at)) {
            let found = truths(&condition.values(matches.len, |at| reader.column(at))?)?;
            pass = Some(pass.map_or_else(|| found.clone(), |before| &before & &found));
        }
        Ok(match pass {
            Some(pass) => pass.set_indices().collect(),
            None => (0..matches.len).collect(),
        })
    }

    /// The rows of the matches; `judged` ones fulfil the conditions already.
    pub(crate) fn rows(
        &self,
        store: &Store,
        matches: &Matches,
        judged: bool,
        schema: &SchemaRef,
    ) -> Result<RecordBatch> {
        let chosen;
        let mut matches = matches;
        if !judged && !self.conditions.is_empty() {
            let passing = self.passing(store, matches, |_| true)?;
            if passing.len() < matches.len {
                chosen = matches.chosen(&passing);
                matches = &chosen;
            }
        }
        let mut reader = Reader::new(store, self, matches);
        let mut arrays = Vec::with_capacity(self.exprs.len());
        for (expr, field) in self.exprs.iter().zip(schema.fields()) {
            let values = expr.values(matches.len, |at| reader.column(at))?;
            arrays.push(cast(&values, field.data_type())?);
        }
        Ok(RecordBatch::try_new(schema.clone(), arrays)?)
    }
}

/// Reads the columns of matches, each once.
struct Reader<'m> {
    store: &'m Store,
    shape: &'m RowShape,
    matches: &'m Matches,
    read: Vec<Option<ArrayRef>>,
}

fn missing(what: &str) -> DataFusionError {
    DataFusionError::Internal(format!("a graph lacks {what}"))
}

fn picked(columns: &[ArrayRef], column: usize, rows: &[u32]) -> Result<ArrayRef> {
    let column = columns.get(column).ok_or_else(|| missing("a column"))?;
    Ok(take(column, &UInt32Array::from(rows.to_vec()), None)?)
}

impl<'m> Reader<'m> {
    fn new(store: &'m Store, shape: &'m RowShape, matches: &'m Matches) -> Self {
        Self { store, shape, matches, read: vec![None; shape.columns.len()] }
    }

    fn column(&mut self, at: usize) -> Result<ArrayRef> {
        if let Some(Some(column)) = self.read.get(at) {
            return Ok(column.clone());
        }
        let (store, matches) = (self.store, self.matches);
        let found = match self.shape.columns.get(at) {
            Some(Column::Node { node, column }) => {
                let nodes = matches.nodes.get(*node).ok_or_else(|| missing("a node"))?;
                picked(&store.nodes, *column, nodes)?
            }
            Some(Column::Edge { edge, column }) => {
                let edges = matches.edges.get(*edge).ok_or_else(|| missing("an edge"))?;
                picked(&store.edges, *column, &edges.items)?
            }
            Some(Column::Path { edge, part, fold, value, width }) => {
                self.path((*edge, *part), *fold, value, *width)?
            }
            Some(Column::Element) | None => return Err(missing("a column of a match")),
        };
        if let Some(slot) = self.read.get_mut(at) {
            *slot = Some(found.clone());
        }
        Ok(found)
    }

    /// A value for all elements of all paths at once, then one for each path.
    fn path(
        &mut self,
        (edge, part): (usize, PathPart),
        fold: PathFold,
        value: &Formula,
        width: usize,
    ) -> Result<ArrayRef> {
        let (store, matches) = (self.store, self.matches);
        let (lists, columns) = match part {
            PathPart::Edges => (matches.edges.get(edge), &store.edges),
            PathPart::InnerNodes => (matches.inner.get(edge), &store.nodes),
        };
        let lists = lists.ok_or_else(|| missing("a path"))?;
        let mut of_match = Vec::with_capacity(lists.items.len());
        for (row, length) in (0_u64..).zip(lists.lengths()) {
            of_match.extend(std::iter::repeat_n(row, length));
        }
        let of_match = UInt64Array::from(of_match);
        let values = value.values(lists.items.len(), |at| match at.checked_sub(width) {
            None => picked(columns, at, &lists.items),
            Some(outer) => Ok(take(&self.column(outer)?, &of_match, None)?),
        })?;
        folded(&values, value, fold, lists)
    }
}

fn folded(values: &ArrayRef, value: &Formula, fold: PathFold, lists: &Lists) -> Result<ArrayRef> {
    if fold == PathFold::Map {
        let columns = [Argument::full(values.clone())];
        let types = [value.ty];
        let args = Args::over(&columns, &types, &DataType::Utf8View, values.len());
        let cells = Cells::of(&args, 0)?;
        let mut out = StringViewBuilder::with_capacity(lists.ends.len());
        let mut text = String::new();
        for ends in lists.ends.windows(2) {
            text.clear();
            text.push('[');
            for row in ends[0]..ends[1] {
                if row > ends[0] {
                    text.push(',');
                }
                if !cells.json(row, &mut text) {
                    text.push_str("null");
                }
            }
            text.push(']');
            out.try_append_value(&text)?;
        }
        return Ok(Arc::new(out.finish()));
    }
    let truths = truths(values)?;
    let found: BooleanArray = lists
        .ends
        .windows(2)
        .map(|ends| {
            let among = truths.slice(ends[0], ends[1] - ends[0]).count_set_bits();
            Some(match fold {
                PathFold::Any => among > 0,
                _ => among == ends[1] - ends[0],
            })
        })
        .collect();
    Ok(Arc::new(found))
}
