//! `rows_near`: the rows around those for which a condition is true. Deliberately absent: the order of rows, which is that
//! of the input.

use super::{Call, Rows, Work};
use crate::error::Result;

pub(super) fn rows_near(call: &Call) -> Result<Work> {
    let near = |at: usize| -> Result<Option<usize>> {
        match call.long(at)? {
            Some(rows) if rows < 0 => Err(call.wrong("the number of rows must not be negative")),
            Some(rows) => Ok(Some(usize::try_from(rows).unwrap_or(usize::MAX))),
            None => Ok(None),
        }
    };
    let before = near(1)?.unwrap_or(0);
    let after = near(2)?.unwrap_or(before);
    let width = call.width;
    // A constant condition is true for all rows, or for none.
    let condition = match call.arg(0) {
        Some(super::Arg::Column(column)) => Some(*column),
        _ if call.bool(0)? == Some(true) => None,
        _ => {
            return Ok(Work::whole(move |rows| {
                (0..width).map(|at| rows.chosen(at, &[])).collect()
            }));
        }
    };
    Ok(Work::whole(move |rows: &Rows| {
        let args = rows.args();
        let hits: Vec<usize> = match condition {
            Some(column) => {
                let condition = args.bool(column)?;
                (0..rows.len()).filter(|row| condition.get(*row) == Some(true)).collect()
            }
            None => (0..rows.len()).collect(),
        };
        let kept = around(&hits, rows.len(), before, after);
        (0..width).map(|at| rows.chosen(at, &kept)).collect()
    }))
}

/// Every row that lies at most `before` rows before or `after` rows after one of `hits`, once.
fn around(hits: &[usize], count: usize, before: usize, after: usize) -> Vec<usize> {
    let mut kept = Vec::new();
    let mut next = 0;
    for hit in hits {
        let from = hit.saturating_sub(before).max(next);
        let until = hit.saturating_add(after).saturating_add(1).min(count);
        kept.extend(from..until.max(from));
        next = next.max(until);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::around;

    #[test]
    fn neighbours_are_kept_once_and_in_order() {
        for (hits, before, after, expected) in [
            (vec![], 2, 2, vec![]),
            (vec![0], 2, 1, vec![0, 1]),
            (vec![4], 1, 3, vec![3, 4]),
            (vec![1, 2], 1, 1, vec![0, 1, 2, 3]),
            (vec![1, 4], 0, 0, vec![1, 4]),
            (vec![2], usize::MAX, usize::MAX, vec![0, 1, 2, 3, 4]),
        ] {
            assert_eq!(around(&hits, 5, before, after), expected, "{hits:?} {before} {after}");
        }
    }
}
