//! Internet addresses. Deliberately absent: names and places of addresses (`geo_info_from_ip_address`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::kinds::{ANY, LONG, TEXT};
use super::{Function, p};
use crate::dynamic;
use crate::kernel::Args;

macro_rules! function {
    ($name:literal, [$($param:expr),*], $optional:literal, $ty:ident, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new($name, &[Overload::of(&[$($param),*], Returns::Type(Type::$ty)).optional($optional)], $doc),
            $kernel,
            $example,
        )
    };
}

macro_rules! listed {
    ($name:literal, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[p("text", TEXT)], Returns::Type(Type::Bool))
                    .repeating(&[p("address", ANY)], 1)],
                $doc,
            ),
            $kernel,
            $example,
        )
    };
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "ipv4_is_private",
        [p("address", TEXT)],
        0,
        Bool,
        "Whether an IPv4 address (or range) belongs to the private ones; null if it is none.",
        ipv4_is_private,
        ("ipv4_is_private('192.168.1.1')", "True")
    ),
    function!(
        "ipv4_is_in_range",
        [p("address", TEXT), p("range", TEXT)],
        0,
        Bool,
        "Whether an IPv4 address lies in a range such as `10.0.0.0/8`; null if either is none.",
        ipv4_is_in_range,
        ("ipv4_is_in_range('10.1.2.3', '10.0.0.0/8')", "True")
    ),
    function!(
        "ipv4_is_match",
        [p("a", TEXT), p("b", TEXT), p("prefix", LONG)],
        1,
        Bool,
        "Whether two IPv4 addresses are equal within their prefixes.",
        ipv4_is_match,
        ("ipv4_is_match('192.168.1.1/24', '192.168.1.255')", "True")
    ),
    function!(
        "ipv4_compare",
        [p("a", TEXT), p("b", TEXT), p("prefix", LONG)],
        1,
        Long,
        "-1, 0 or 1, as the first IPv4 address lies before, at or after the second.",
        ipv4_compare,
        ("ipv4_compare('10.0.0.1', '10.0.0.2')", "-1")
    ),
    function!(
        "parse_ipv4",
        [p("address", TEXT)],
        0,
        Long,
        "The IPv4 address as a number; null if it is none.",
        parse_ipv4,
        ("parse_ipv4('127.0.0.1')", "2130706433")
    ),
    function!(
        "parse_ipv4_mask",
        [p("address", TEXT), p("prefix", LONG)],
        0,
        Long,
        "The network of an IPv4 address as a number.",
        parse_ipv4_mask,
        ("parse_ipv4_mask('127.0.0.1', 24)", "2130706432")
    ),
    function!(
        "format_ipv4",
        [p("address", ANY), p("prefix", LONG)],
        1,
        String,
        "The IPv4 network of a number or text, as text; empty if it is none.",
        format_ipv4,
        ("format_ipv4('192.168.1.255', 24)", "192.168.1.0")
    ),
    function!(
        "format_ipv4_mask",
        [p("address", ANY), p("prefix", LONG)],
        1,
        String,
        "The IPv4 network of a number or text with its prefix, as text; empty if it is none.",
        format_ipv4_mask,
        ("format_ipv4_mask('192.168.1.255', 24)", "192.168.1.0/24")
    ),
    function!(
        "ipv4_netmask_suffix",
        [p("address", TEXT)],
        0,
        Long,
        "The prefix of an IPv4 range; 32 for an address.",
        netmask_suffix,
        ("ipv4_netmask_suffix('10.0.0.0/8')", "8")
    ),
    function!(
        "parse_ipv6",
        [p("address", TEXT)],
        0,
        String,
        "The address in IPv6 form with all its digits; empty if it is none.",
        parse_ipv6,
        ("parse_ipv6('127.0.0.1')", "0000:0000:0000:0000:0000:ffff:7f00:0001")
    ),
    function!(
        "parse_ipv6_mask",
        [p("address", TEXT), p("prefix", LONG)],
        0,
        String,
        "The network of an address in IPv6 form.",
        parse_ipv6_mask,
        (
            "parse_ipv6_mask('fe80::85d:e82c:9446:7994', 120)",
            "fe80:0000:0000:0000:085d:e82c:9446:7900"
        )
    ),
    function!(
        "ipv6_is_match",
        [p("a", TEXT), p("b", TEXT), p("prefix", LONG)],
        1,
        Bool,
        "Whether two addresses are equal within their prefixes.",
        ipv6_is_match,
        ("ipv6_is_match('fe80::1', 'fe80::2', 64)", "True")
    ),
    function!(
        "ipv6_compare",
        [p("a", TEXT), p("b", TEXT), p("prefix", LONG)],
        1,
        Long,
        "-1, 0 or 1, as the first address lies before, at or after the second.",
        ipv6_compare,
        ("ipv6_compare('fe80::1', 'fe80::2')", "-1")
    ),
    function!(
        "ipv6_is_in_range",
        [p("address", TEXT), p("range", TEXT)],
        0,
        Bool,
        "Whether an address lies in a range such as `fe80::/10`.",
        ipv6_is_in_range,
        ("ipv6_is_in_range('fe80::1', 'fe80::/10')", "True")
    ),
    listed!(
        "ipv4_is_in_any_range",
        "Whether an IPv4 address lies in any of the ranges.",
        in_any_range,
        ("ipv4_is_in_any_range('10.1.2.3', '192.168.0.0/16', '10.0.0.0/8')", "True")
    ),
    listed!(
        "has_ipv4",
        "Whether the IPv4 address stands in the text.",
        has_ipv4,
        ("has_ipv4('from 10.0.0.1 to', '10.0.0.1')", "True")
    ),
    listed!(
        "has_any_ipv4",
        "Whether any of the IPv4 addresses stands in the text.",
        has_ipv4,
        ("has_any_ipv4('from 10.0.0.1', '10.0.0.2', '10.0.0.1')", "True")
    ),
    listed!(
        "has_ipv4_prefix",
        "Whether an IPv4 address that begins so stands in the text.",
        has_ipv4_prefix,
        ("has_ipv4_prefix('from 10.0.0.1', '10.0.')", "True")
    ),
    listed!(
        "has_any_ipv4_prefix",
        "Whether an IPv4 address that begins with any of the prefixes stands in the text.",
        has_ipv4_prefix,
        ("has_any_ipv4_prefix('from 10.0.0.1', '192.', '10.0.')", "True")
    ),
];

/// An IPv4 address and how many of its bits count.
pub(crate) fn ipv4(text: &str) -> Option<(u32, u32)> {
    let (address, prefix) = match text.trim().split_once('/') {
        Some((address, prefix)) => (address, prefix.parse().ok().filter(|prefix| *prefix <= 32)?),
        None => (text.trim(), 32),
    };
    Some((address.parse::<Ipv4Addr>().ok()?.to_bits(), prefix))
}

/// The bits that count, with the others zero.
pub(crate) const fn network(address: u32, prefix: u32) -> u32 {
    if prefix == 0 { 0 } else { address & (u32::MAX << (32 - prefix)) }
}

fn contains(range: (u32, u32), address: (u32, u32)) -> bool {
    let prefix = range.1.min(address.1);
    network(range.0, prefix) == network(address.0, prefix)
}

fn ipv4_is_private(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.bools(|row| {
        let (address, prefix) = ipv4(text.get(row))?;
        Some(Ipv4Addr::from_bits(network(address, prefix)).is_private())
    })
}

fn ipv4_is_in_range(args: &Args<'_>) -> Result<ArrayRef> {
    let (address, range) = (args.text(0)?, args.text(1)?);
    args.bools(|row| Some(contains(ipv4(range.get(row))?, ipv4(address.get(row))?)))
}

/// The prefix that an optional third argument allows at most.
fn third(args: &Args<'_>, row: usize, most: u32) -> Option<u32> {
    if args.len() < 3 {
        return Some(most);
    }
    let prefix = args.long(2).ok()?.get(row)?;
    u32::try_from(prefix).ok().filter(|prefix| *prefix <= most)
}

fn compared(args: &Args<'_>, row: usize) -> Option<std::cmp::Ordering> {
    let (a, b) = (ipv4(args.text(0).ok()?.get(row))?, ipv4(args.text(1).ok()?.get(row))?);
    let prefix = third(args, row, 32)?.min(a.1).min(b.1);
    Some(network(a.0, prefix).cmp(&network(b.0, prefix)))
}

fn ipv4_is_match(args: &Args<'_>) -> Result<ArrayRef> {
    args.bools(|row| Some(compared(args, row)?.is_eq()))
}

fn ipv4_compare(args: &Args<'_>) -> Result<ArrayRef> {
    args.longs(|row| Some(compared(args, row)? as i64))
}

fn parse_ipv4(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.longs(|row| {
        ipv4(text.get(row)).map(|(address, prefix)| i64::from(network(address, prefix)))
    })
}

fn parse_ipv4_mask(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, prefix) = (args.text(0)?, args.long(1)?);
    args.longs(|row| {
        let (address, own) = ipv4(text.get(row))?;
        let prefix = u32::try_from(prefix.get(row)?).ok().filter(|prefix| *prefix <= 32)?;
        Some(i64::from(network(address, prefix.min(own))))
    })
}

fn formatted(args: &Args<'_>, row: usize) -> Option<(Ipv4Addr, u32)> {
    let (address, own) = match args.types.first() {
        Some(Type::String | Type::Dynamic) => ipv4(args.text(0).ok()?.get(row))?,
        _ => (u32::try_from(args.long(0).ok()?.get(row)?).ok()?, 32),
    };
    let prefix = if args.len() > 1 {
        u32::try_from(args.long(1).ok()?.get(row)?).ok().filter(|prefix| *prefix <= 32)?.min(own)
    } else {
        own
    };
    Some((Ipv4Addr::from_bits(network(address, prefix)), prefix))
}

fn format_ipv4(args: &Args<'_>) -> Result<ArrayRef> {
    args.strings(|row, out| {
        if let Some((address, _)) = formatted(args, row) {
            out.push_str(&address.to_string());
        }
    })
}

fn format_ipv4_mask(args: &Args<'_>) -> Result<ArrayRef> {
    args.strings(|row, out| {
        if let Some((address, prefix)) = formatted(args, row) {
            out.push_str(&format!("{address}/{prefix}"));
        }
    })
}

fn netmask_suffix(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.longs(|row| ipv4(text.get(row)).map(|(_, prefix)| i64::from(prefix)))
}

/// An address of either kind as IPv6, and how many of its bits count.
pub(crate) fn ipv6(text: &str) -> Option<(u128, u32)> {
    let (address, prefix) = match text.trim().split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
        None => (text.trim(), None),
    };
    let (bits, prefix) = match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => (
            address.to_ipv6_mapped().to_bits(),
            prefix.map_or(128, |prefix| prefix.saturating_add(96)),
        ),
        IpAddr::V6(address) => (address.to_bits(), prefix.unwrap_or(128)),
    };
    (prefix <= 128).then_some((bits, prefix))
}

pub(crate) const fn network6(address: u128, prefix: u32) -> u128 {
    if prefix == 0 { 0 } else { address & (u128::MAX << (128 - prefix)) }
}

fn write_ipv6(bits: u128, out: &mut String) {
    let groups: Vec<String> =
        Ipv6Addr::from_bits(bits).segments().iter().map(|group| format!("{group:04x}")).collect();
    out.push_str(&groups.join(":"));
}

fn parse_ipv6(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        if let Some((bits, prefix)) = ipv6(text.get(row)) {
            write_ipv6(network6(bits, prefix), out);
        }
    })
}

fn parse_ipv6_mask(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, prefix) = (args.text(0)?, args.long(1)?);
    // Here, and only here, the prefix of an address that ends in dotted form counts from where that form begins.
    let dotted =
        |text: &str| u32::from(text.contains(':') && text.contains('.') && text.contains('/')) * 96;
    args.strings(|row, out| {
        let prefix = prefix.get(row).and_then(|prefix| u32::try_from(prefix).ok());
        if let Some(((bits, own), prefix)) =
            ipv6(text.get(row)).zip(prefix.filter(|prefix| *prefix <= 128))
        {
            write_ipv6(network6(bits, prefix.min((own + dotted(text.get(row))).min(128))), out);
        }
    })
}

fn compared6(args: &Args<'_>, row: usize) -> Option<std::cmp::Ordering> {
    let (a, b) = (ipv6(args.text(0).ok()?.get(row))?, ipv6(args.text(1).ok()?.get(row))?);
    let prefix = third(args, row, 128)?.min(a.1).min(b.1);
    Some(network6(a.0, prefix).cmp(&network6(b.0, prefix)))
}

fn ipv6_is_match(args: &Args<'_>) -> Result<ArrayRef> {
    args.bools(|row| Some(compared6(args, row)?.is_eq()))
}

fn ipv6_compare(args: &Args<'_>) -> Result<ArrayRef> {
    args.longs(|row| Some(compared6(args, row)? as i64))
}

fn ipv6_is_in_range(args: &Args<'_>) -> Result<ArrayRef> {
    let (address, range) = (args.text(0)?, args.text(1)?);
    args.bools(|row| {
        let (address, range) = (ipv6(address.get(row))?, ipv6(range.get(row))?);
        Some(network6(address.0, range.1) == network6(range.0, range.1))
    })
}

/// The texts of a row's further arguments, arrays among them taken apart.
pub(super) fn listed(args: &Args<'_>, row: usize) -> Vec<String> {
    let mut all = Vec::new();
    for at in 1..args.len() {
        let Ok(text) = args.text(at) else { continue };
        if args.types.get(at) == Some(&Type::Dynamic) {
            let elements = text.opt(row).and_then(dynamic::elements).unwrap_or_default();
            all.extend(elements.iter().map(|element| dynamic::to_text(element).into_owned()));
        } else {
            all.push(text.get(row).to_owned());
        }
    }
    all
}

fn in_any_range(args: &Args<'_>) -> Result<ArrayRef> {
    let address = args.text(0)?;
    args.bools(|row| {
        let address = ipv4(address.get(row))?;
        Some(
            listed(args, row)
                .iter()
                .any(|range| ipv4(range).is_some_and(|range| contains(range, address))),
        )
    })
}

/// The IPv4 addresses that stand in a text by themselves: not within a word or a longer row of numbers.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
        .map(|piece| piece.trim_matches('.'))
        .filter(|piece| piece.parse::<Ipv4Addr>().is_ok())
}

fn has_ipv4(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.bools(|row| {
        let wanted: Vec<Ipv4Addr> =
            listed(args, row).iter().filter_map(|address| address.parse().ok()).collect();
        Some(
            addresses(text.get(row))
                .any(|found| found.parse().is_ok_and(|found| wanted.contains(&found))),
        )
    })
}

fn has_ipv4_prefix(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.bools(|row| {
        let wanted = listed(args, row);
        let begins = |found: &str, prefix: &str| {
            found == prefix || (prefix.ends_with('.') && found.starts_with(prefix))
        };
        Some(
            addresses(text.get(row)).any(|found| wanted.iter().any(|prefix| begins(found, prefix))),
        )
    })
}
