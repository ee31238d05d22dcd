//! Ranges of addresses: several at once, and between two ends. Deliberately absent: single addresses and ranges (`network`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::kinds::{ANY, TEXT};
use super::network::{ipv4, ipv6, listed, network6};
use super::{Function, p};
use crate::kernel::Args;

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::kernel(
        Signature::new(
            "ipv6_is_in_any_range",
            &[Overload::of(&[p("address", TEXT)], Returns::Type(Type::Bool))
                .repeating(&[p("range", ANY)], 1)],
            "Whether an address lies in any of the ranges.",
        ),
        ipv6_is_in_any_range,
        ("ipv6_is_in_any_range('fe80::1', 'fc00::/7', 'fe80::/10')", "True"),
    ),
    Function::kernel(
        Signature::new(
            "ipv4_range_to_cidr_list",
            &[Overload::of(&[p("start", TEXT), p("end", TEXT)], Returns::Type(Type::Dynamic))],
            "The fewest ranges such as `10.0.0.0/8` that hold all addresses from one to another; null if either is none.",
        ),
        ipv4_range_to_cidr_list,
        (
            "tostring(ipv4_range_to_cidr_list('10.0.0.0', '10.0.0.5'))",
            r#"["10.0.0.0/30","10.0.0.4/31"]"#,
        ),
    ),
];

fn ipv6_is_in_any_range(args: &Args<'_>) -> Result<ArrayRef> {
    let address = args.text(0)?;
    args.bools(|row| {
        let (address, _) = ipv6(address.get(row))?;
        let holds = |range: &String| {
            ipv6(range)
                .is_some_and(|(range, prefix)| network6(address, prefix) == network6(range, prefix))
        };
        Some(listed(args, row).iter().any(holds))
    })
}

/// At most 62 ranges hold any stretch of 32-bit addresses.
fn ipv4_range_to_cidr_list(args: &Args<'_>) -> Result<ArrayRef> {
    let (start, end) = (args.text(0)?, args.text(1)?);
    args.texts(|row, out| {
        let Some(((start, _), (end, _))) = ipv4(start.get(row)).zip(ipv4(end.get(row))) else {
            return false;
        };
        let (mut from, end) = (u64::from(start), u64::from(end));
        out.push('[');
        while from <= end {
            // The largest block that begins here and does not go beyond the end.
            let aligned = if from == 0 { 32 } else { from.trailing_zeros().min(32) };
            let bits = aligned.min((end - from + 1).ilog2());
            if !out.ends_with('[') {
                out.push(',');
            }
            let address = std::net::Ipv4Addr::from_bits(u32::try_from(from).unwrap_or(u32::MAX));
            out.push_str(&format!("\"{address}/{}\"", 32 - bits));
            from += 1 << bits;
        }
        out.push(']');
        true
    })
}
