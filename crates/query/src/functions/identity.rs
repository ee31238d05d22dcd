//! Values that are new at each call, and names of the place where a query runs. Deliberately absent: anything about the
//! person who asks, whom the engine does not know.

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;
use rand::Rng as _;

use super::kinds::{ANY, BOOL, LONG, TEXT};
use super::{Function, p};
use crate::error::Error;
use crate::kernel::Args;
use crate::lower::Operand;

/// The name under which a query finds its own tables; there is one workspace.
const DATABASE: &str = "doorledger";

macro_rules! unavailable {
    ($name:literal, $overload:expr) => {{
        fn lower(_: Vec<Operand>, _: Type) -> crate::error::Result<Operand> {
            Err(Error::Unavailable($name))
        }
        Function::lower(
            Signature::new(
                $name,
                &[$overload],
                "Not available in this workspace: it asks about a cluster's own storage.",
            ),
            lower,
            // The manual leaves out what cannot be called.
            ("", ""),
        )
    }};
}

const fn nothing(ty: Type) -> Overload {
    Overload::of(&[], Returns::Type(ty))
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::kernel(
        Signature::new(
            "rand",
            &[Overload::of(&[p("below", LONG)], Returns::Type(Type::Real)).optional(1)],
            "A random number from 0 to 1, or a whole one from 0 to below a number; another for each row.",
        )
        .volatile(),
        random,
        ("rand(100) < 100", "True"),
    ),
    Function::kernel(
        Signature::new("new_guid", &[nothing(Type::Guid)], "A new random guid for each row.")
            .volatile(),
        new_guid,
        ("strlen(tostring(new_guid()))", "36"),
    ),
    Function::kernel(
        Signature::new(
            "current_database",
            &[nothing(Type::String)],
            "The name of the workspace that the query runs in.",
        ),
        current_database,
        ("current_database()", DATABASE),
    ),
    Function::kernel(
        Signature::new(
            "ingestion_time",
            &[nothing(Type::DateTime)],
            "When a row was stored. Null here: `_TimeReceived` tells it.",
        ),
        no_time,
        ("isnull(ingestion_time())", "True"),
    ),
    Function::kernel(
        Signature::new(
            "estimate_data_size",
            &[Overload::of(&[], Returns::Type(Type::Long)).repeating(&[p("value", ANY)], 1)],
            "How many bytes the values take, roughly.",
        ),
        data_size,
        ("estimate_data_size('abc', 1)", "11"),
    ),
    Function::kernel(
        Signature::new(
            "assert",
            &[Overload::of(&[p("condition", BOOL), p("message", TEXT)], Returns::Type(Type::Bool))],
            "True; ends the query with the message if the condition is not.",
        ),
        assert,
        ("assert(1 < 2, 'arithmetic holds')", "True"),
    ),
    unavailable!("current_cluster_endpoint", nothing(Type::String)),
    unavailable!("current_principal", nothing(Type::String)),
    unavailable!("current_principal_details", nothing(Type::Dynamic)),
    unavailable!(
        "current_principal_is_member_of",
        Overload::of(&[], Returns::Type(Type::Bool)).repeating(&[p("group", ANY)], 1)
    ),
    unavailable!("current_node_id", nothing(Type::String)),
    unavailable!("extent_id", nothing(Type::Guid)),
    unavailable!("extent_tags", nothing(Type::Dynamic)),
    unavailable!("row_id", nothing(Type::String)),
    unavailable!("rowstore_ordinal_range", nothing(Type::Dynamic)),
    unavailable!("cursor_current", nothing(Type::String)),
    unavailable!(
        "cursor_after",
        Overload::of(&[p("cursor", ANY)], Returns::Type(Type::Bool))
    ),
    unavailable!(
        "cursor_before_or_at",
        Overload::of(&[p("cursor", ANY)], Returns::Type(Type::Bool))
    ),
];

fn random(args: &Args<'_>) -> Result<ArrayRef> {
    let mut source = rand::rng();
    if args.len() == 0 {
        return args.reals(|_| Some(source.random()));
    }
    let below = args.long(0)?;
    args.reals(|row| match below.get(row) {
        Some(below) if below > 1 => {
            let number: i64 = source.random_range(0..below);
            Some(crate::ticks::real(number))
        }
        // There is nothing to choose from: as if the number were absent.
        _ => Some(source.random()),
    })
}

fn new_guid(args: &Args<'_>) -> Result<ArrayRef> {
    let mut source = rand::rng();
    args.texts(|_, out| {
        let guid = uuid::Builder::from_random_bytes(source.random()).into_uuid();
        out.push_str(guid.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()));
        true
    })
}

fn current_database(args: &Args<'_>) -> Result<ArrayRef> {
    args.strings(|_, out| out.push_str(DATABASE))
}

fn no_time(args: &Args<'_>) -> Result<ArrayRef> {
    args.longs(|_| None)
}

/// Texts by their bytes, the rest by the size of their type.
fn data_size(args: &Args<'_>) -> Result<ArrayRef> {
    let mut sizes = vec![0_i64; args.rows];
    for (at, ty) in args.types.iter().enumerate() {
        let text = match ty {
            Type::String | Type::Dynamic => Some(args.text(at)?),
            _ => None,
        };
        let fixed = match ty {
            Type::Bool => 1,
            Type::Int => 4,
            Type::Guid | Type::Decimal => 16,
            _ => 8,
        };
        for (row, size) in sizes.iter_mut().enumerate() {
            *size += match text {
                Some(text) => i64::try_from(text.get(row).len()).unwrap_or(i64::MAX),
                None => fixed,
            };
        }
    }
    args.longs(|row| sizes.get(row).copied())
}

fn assert(args: &Args<'_>) -> Result<ArrayRef> {
    let (condition, message) = (args.bool(0)?, args.text(1)?);
    for row in 0..args.rows {
        if condition.get(row) != Some(true) {
            return Err(Error::Assertion(message.get(row).to_owned()).into());
        }
    }
    args.bools(|_| Some(true))
}
