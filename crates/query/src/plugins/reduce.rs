//! `reduce by`: texts that are alike become one pattern. Texts are taken apart into terms; a text joins the pattern with
//! which it shares the largest part of its terms, if that is more than the threshold, and the terms that differ become `*`.
//! Deliberately absent: likeness of terms to each other.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringViewArray};
use datafusion::common::Result as DataFusionResult;

use super::timeline::count;
use super::{Rows, Work};

/// The pattern of texts that are like no other.
const OTHERS: &str = "others";

/// How many patterns of one number of terms are kept apart; later texts that fit none of them are like no other.
const PATTERNS_MAX: usize = 2_000;

/// What the operator was asked.
#[derive(Debug, Clone)]
pub(crate) struct Reduce {
    /// The column of texts.
    pub(crate) source: usize,
    /// How large a part of the terms must agree.
    pub(crate) threshold: f64,
    /// What separates terms; without it, whatever is no ASCII letter or digit.
    pub(crate) separators: Option<String>,
    /// Whether each row gets its pattern, instead of one row for each pattern.
    pub(crate) by_row: bool,
    /// How many columns the rows have.
    pub(crate) width: usize,
}

impl Reduce {
    pub(crate) fn work(self) -> Work {
        Work::whole(move |rows| self.run(rows))
    }

    fn run(&self, rows: &Rows) -> DataFusionResult<Vec<ArrayRef>> {
        let args = rows.args();
        let texts = args.text(self.source)?;
        let groups = rows.groups(&[self.source])?;
        let mut counts = vec![0_usize; groups.first.len()];
        for group in &groups.of {
            if let Some(count) = counts.get_mut(*group) {
                *count += 1;
            }
        }
        let mut clusters = Clusters { options: self, found: Vec::new(), by_length: HashMap::new() };
        let mut of: Vec<Option<usize>> = Vec::with_capacity(counts.len());
        for (first, count) in groups.first.iter().zip(&counts) {
            of.push(clusters.add(texts.get(*first), *count));
        }
        let found = clusters.found;
        let name = |cluster: Option<usize>| {
            let cluster = cluster.and_then(|at| found.get(at));
            cluster.filter(|cluster| cluster.count > 1)
        };
        if self.by_row {
            let mut columns: Vec<ArrayRef> = (0..self.width)
                .map(|at| rows.array(at).cloned())
                .collect::<DataFusionResult<_>>()?;
            let patterns = groups.of.iter().map(|group| {
                name(of.get(*group).copied().flatten())
                    .map_or_else(|| OTHERS.to_owned(), |cluster| cluster.pattern(self))
            });
            columns.push(Arc::new(StringViewArray::from_iter_values(patterns)));
            return Ok(columns);
        }
        let mut told: Vec<&Cluster<'_>> =
            found.iter().filter(|cluster| cluster.count > 1).collect();
        told.sort_by_key(|cluster| std::cmp::Reverse(cluster.count));
        let mut patterns: Vec<String> = told.iter().map(|cluster| cluster.pattern(self)).collect();
        let mut sizes: Vec<i64> = told.iter().map(|cluster| count(cluster.count)).collect();
        let mut examples: Vec<&str> = told.iter().map(|cluster| cluster.example).collect();
        let rest = rows.len() - told.iter().map(|cluster| cluster.count).sum::<usize>();
        if rest > 0 {
            patterns.push(OTHERS.to_owned());
            sizes.push(count(rest));
            examples.push("");
        }
        Ok(vec![
            Arc::new(StringViewArray::from_iter_values(patterns)),
            Arc::new(Int64Array::from(sizes)),
            Arc::new(StringViewArray::from_iter_values(examples)),
        ])
    }

    fn separates(&self, c: char) -> bool {
        match &self.separators {
            Some(separators) => separators.contains(c),
            None => !c.is_ascii_alphanumeric(),
        }
    }

    /// The terms of a text, with the separators in front of each and after the last.
    fn terms<'t>(&self, text: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
        let (mut terms, mut between) = (Vec::new(), Vec::new());
        let mut rest = text;
        loop {
            let start = rest.find(|c| !self.separates(c)).unwrap_or(rest.len());
            let (separators, after) = rest.split_at(start);
            between.push(separators);
            if after.is_empty() {
                return (terms, between);
            }
            let end = after.find(|c| self.separates(c)).unwrap_or(after.len());
            let (term, after) = after.split_at(end);
            terms.push(term);
            rest = after;
        }
    }
}

/// Texts that are alike.
struct Cluster<'t> {
    /// The terms that all texts share; `None` where they differ.
    terms: Vec<Option<&'t str>>,
    example: &'t str,
    count: usize,
}

struct Clusters<'t> {
    options: &'t Reduce,
    found: Vec<Cluster<'t>>,
    by_length: HashMap<usize, Vec<usize>>,
}

impl<'t> Clusters<'t> {
    /// Puts a text that occurs `count` times where it belongs; `None` if it belongs nowhere.
    fn add(&mut self, text: &'t str, count: usize) -> Option<usize> {
        let (terms, _) = self.options.terms(text);
        let candidates = self.by_length.entry(terms.len()).or_default();
        let mut best: Option<(usize, usize)> = None;
        for at in candidates.iter() {
            let Some(cluster) = self.found.get(*at) else { continue };
            let same = cluster.terms.iter().zip(&terms).filter(|(a, b)| **a == Some(**b)).count();
            if best.is_none_or(|(most, _)| same > most) {
                best = Some((same, *at));
            }
        }
        let alike = best.filter(|(same, _)| {
            *same > 0 && super::timeline::rate(*same, terms.len()) >= self.options.threshold
        });
        if let Some((_, at)) = alike {
            let cluster = self.found.get_mut(at)?;
            for (own, term) in cluster.terms.iter_mut().zip(&terms) {
                if *own != Some(term) {
                    *own = None;
                }
            }
            cluster.count += count;
            return Some(at);
        }
        if candidates.len() >= PATTERNS_MAX {
            return None;
        }
        candidates.push(self.found.len());
        let terms = terms.into_iter().map(Some).collect();
        self.found.push(Cluster { terms, example: text, count });
        Some(self.found.len() - 1)
    }
}

impl Cluster<'_> {
    /// The shared terms with what separates them, and one star for each run of terms that differ. Separators that the query
    /// names belong to the star beside them.
    fn pattern(&self, options: &Reduce) -> String {
        let (_, between) = options.terms(self.example);
        let swallowed = options.separators.is_some();
        let mut pattern = String::new();
        let mut star = false;
        for (separators, term) in between.iter().zip(&self.terms) {
            match term {
                None if star => {}
                None => {
                    if !swallowed {
                        pattern.push_str(separators);
                    }
                    pattern.push('*');
                    star = true;
                }
                Some(term) => {
                    if !(star && swallowed) {
                        pattern.push_str(separators);
                    }
                    pattern.push_str(term);
                    star = false;
                }
            }
        }
        if let Some(last) = between.last().filter(|_| !(star && swallowed)) {
            pattern.push_str(last);
        }
        pattern
    }
}
