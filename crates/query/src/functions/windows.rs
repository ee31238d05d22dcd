//! Functions that look at other rows: a kernel sees all rows of a group at once, in their order. Deliberately absent: the
//! order and the groups (`lower`).

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, Scalar, StringViewArray, UInt64Array,
};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::kernels::zip::zip;
use arrow::compute::{cast, is_not_null, take};
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::kinds::{ANY, BOOL, LONG, SPAN, TIME};
use super::{Function, p};
use crate::kernel::{Args, Kernel};

const fn window(
    signature: Signature,
    kernel: Kernel,
    example: (&'static str, &'static str),
) -> Function {
    Function { signature, run: super::Run::Window(kernel), example }
}

pub(super) const FUNCTIONS: &[Function] = &[
    window(
        Signature::new(
            "prev",
            &[Overload::of(
                &[p("column", ANY), p("offset", LONG), p("default_value", ANY)],
                Returns::Argument(0),
            )
            .optional(2)],
            "The value of a column some rows before (by default 1). Rows must be in order: after `sort` or `serialize`.",
        ),
        prev,
        ("prev(5)", ""),
    ),
    window(
        Signature::new(
            "next",
            &[Overload::of(
                &[p("column", ANY), p("offset", LONG), p("default_value", ANY)],
                Returns::Argument(0),
            )
            .optional(2)],
            "The value of a column some rows after (by default 1). Rows must be in order: after `sort` or `serialize`.",
        ),
        next,
        ("next('a', 1, 'none')", "none"),
    ),
    window(
        Signature::new(
            "row_number",
            &[Overload::of(
                &[p("starting_index", LONG), p("restart", BOOL)],
                Returns::Type(Type::Long),
            )
            .optional(2)],
            "The number of the row, from 1 or the given start; it starts anew where `restart` is true.",
        ),
        row_number,
        ("row_number(7)", "7"),
    ),
    window(
        Signature::new(
            "row_cumsum",
            &[Overload::of(
                &[p("term", kql::signature::ParamKind::Summable), p("restart", BOOL)],
                Returns::Argument(0),
            )
            .optional(1)],
            "The sum of a column up to this row; it starts anew where `restart` is true.",
        ),
        row_cumsum,
        ("row_cumsum(2)", "2"),
    ),
    window(
        Signature::new(
            "row_rank_dense",
            &[Overload::of(
                &[p("term", kql::signature::ParamKind::NotDynamic), p("restart", BOOL)],
                Returns::Type(Type::Long),
            )
            .optional(1)],
            "How many different values of the column there were up to this row, runs of equal ones counted once.",
        ),
        row_rank_dense,
        ("row_rank_dense('a')", "1"),
    ),
    window(
        Signature::new(
            "row_rank_min",
            &[Overload::of(
                &[p("term", kql::signature::ParamKind::NotDynamic), p("restart", BOOL)],
                Returns::Type(Type::Long),
            )
            .optional(1)],
            "The number of the first row in the run of equal values that this row stands in.",
        ),
        row_rank_min,
        ("row_rank_min('a')", "1"),
    ),
    window(
        Signature::new(
            "row_window_session",
            &[Overload::of(
                &[
                    p("expression", TIME),
                    p("max_distance_from_first", SPAN),
                    p("max_distance_between_neighbors", SPAN),
                    p("restart", BOOL),
                ],
                Returns::Type(Type::DateTime),
            )
            .optional(1)],
            "The start of the session that the row belongs to: a new one begins after too long a pause, when the session \
             has lasted too long, or where `restart` is true.",
        ),
        row_window_session,
        ("row_window_session(datetime(2024-01-01), 1h, 5m)", "2024-01-01T00:00:00.0000000Z"),
    ),
];

fn prev(args: &Args<'_>) -> Result<ArrayRef> {
    shifted(args, |row, by| row.checked_sub(by))
}

fn next(args: &Args<'_>) -> Result<ArrayRef> {
    shifted(args, i64::checked_add)
}

/// The column as it is in other rows, with the default where there is no such row.
fn shifted(args: &Args<'_>, at: fn(i64, i64) -> Option<i64>) -> Result<ArrayRef> {
    let rows = i64::try_from(args.rows).unwrap_or(i64::MAX);
    let offset = if args.len() > 1 { Some(args.long(1)?) } else { None };
    let places: UInt64Array = (0..rows)
        .zip(0..args.rows)
        .map(|(row, index)| {
            let by = offset.map_or(Some(1), |offset| offset.get(index))?;
            let place = at(row, by)?;
            (0..rows).contains(&place).then(|| u64::try_from(place).ok()).flatten()
        })
        .collect();
    let (column, _) = args.raw(0)?;
    let column = cast(column, args.out)?;
    let found = take(&column, &places, None)?;
    let there = is_not_null(&places)?;
    if args.len() > 2 {
        let (default, _) = args.raw(2)?;
        return Ok(zip(&there, &found, &cast(default, args.out)?)?);
    }
    if args.types.first() == Some(&Type::String) {
        let empty = StringViewArray::from(vec![""]);
        return Ok(zip(&there, &found, &Scalar::new(empty))?);
    }
    Ok(found)
}

/// Whether counting starts anew at a row.
struct Restarts<'a>(Option<crate::kernel::Bool<'a>>);

impl<'a> Restarts<'a> {
    fn of(args: &Args<'a>, index: usize) -> Result<Self> {
        Ok(Self(if args.len() > index { Some(args.bool(index)?) } else { None }))
    }

    fn at(&self, row: usize) -> bool {
        self.0.as_ref().is_some_and(|restart| restart.get(row) == Some(true))
    }
}

fn row_number(args: &Args<'_>) -> Result<ArrayRef> {
    let restarts = Restarts::of(args, 1)?;
    let start = if args.len() > 0 { Some(args.long(0)?) } else { None };
    let mut number: Option<i64> = None;
    args.longs(|row| {
        number = match number {
            Some(number) if !restarts.at(row) => number.checked_add(1),
            _ => start.map_or(Some(1), |start| start.get(row)),
        };
        number
    })
}

fn row_cumsum(args: &Args<'_>) -> Result<ArrayRef> {
    let restarts = Restarts::of(args, 1)?;
    match args.types.first() {
        Some(Type::Real) => {
            let term = args.real(0)?;
            let mut sum = 0.0;
            args.reals(|row| {
                if restarts.at(row) {
                    sum = 0.0;
                }
                sum += term.get(row).unwrap_or(0.0);
                Some(sum)
            })
        }
        Some(Type::Decimal) => {
            let term = args.real(0)?;
            let mut sum = 0.0;
            args.texts(|row, out| {
                if restarts.at(row) {
                    sum = 0.0;
                }
                sum += term.get(row).unwrap_or(0.0);
                crate::dynamic::real_text(sum, out);
                true
            })
        }
        _ => {
            let term = args.long(0)?;
            let mut sum = 0_i64;
            args.longs(|row| {
                if restarts.at(row) {
                    sum = 0;
                }
                sum = sum.wrapping_add(term.get(row).unwrap_or(0));
                Some(sum)
            })
        }
    }
}

/// Whether a row's value differs from that of the row before; the first one does.
fn changes(args: &Args<'_>) -> Result<BooleanArray> {
    let (column, _) = args.raw(0)?;
    let rows = column.len();
    if rows == 0 {
        return Ok(BooleanArray::from(Vec::<bool>::new()));
    }
    let differ = distinct(&column.slice(1, rows - 1), &column.slice(0, rows - 1))?;
    Ok(std::iter::once(Some(true)).chain(differ.iter()).collect())
}

fn row_rank_dense(args: &Args<'_>) -> Result<ArrayRef> {
    let (changes, restarts) = (changes(args)?, Restarts::of(args, 1)?);
    let mut rank = 0_i64;
    args.longs(|row| {
        if restarts.at(row) {
            rank = 1;
        } else if changes.value(row) {
            rank += 1;
        }
        Some(rank)
    })
}

fn row_rank_min(args: &Args<'_>) -> Result<ArrayRef> {
    let (changes, restarts) = (changes(args)?, Restarts::of(args, 1)?);
    let (mut number, mut rank) = (0_i64, 0_i64);
    args.longs(|row| {
        if restarts.at(row) {
            number = 0;
        }
        number += 1;
        if number == 1 || changes.value(row) {
            rank = number;
        }
        Some(rank)
    })
}

fn row_window_session(args: &Args<'_>) -> Result<ArrayRef> {
    let (moment, restarts) = (args.long(0)?, Restarts::of(args, 3)?);
    let (from_first, between) = (args.long(1)?, args.long(2)?);
    let mut session: Option<i64> = None;
    let mut before: Option<i64> = None;
    let starts: Int64Array = (0..args.rows)
        .map(|row| {
            let now = moment.get(row);
            let reached = |since: Option<i64>, distance: Option<i64>| match (now, since, distance) {
                (Some(now), Some(since), Some(distance)) => now >= since.saturating_add(distance),
                _ => false,
            };
            if session.is_none()
                || now.is_none()
                || restarts.at(row)
                || reached(session, from_first.get(row))
                || reached(before, between.get(row))
            {
                session = now;
            }
            before = now;
            session
        })
        .collect();
    Ok(Arc::new(starts))
}
