//! Numbers of type `decimal`: 34 significant digits and a power of ten, as Kusto computes with them. They are carried as
//! text; this is the only module that computes with it.
//!
//! Deliberately absent: columns and kernels (`functions::decimals`), infinity and NaN, which a decimal does not have.

use std::cmp::Ordering;

use arrow::datatypes::i256;

/// Significant digits of a result; what goes beyond is rounded, half to even.
const DIGITS_MAX: u32 = 34;

/// The largest power of ten on either side.
const EXPONENT_MAX: i32 = 6144;

/// The longest text that is read as a number, in bytes.
const TEXT_BYTES_MAX: usize = 256;

/// A power of ten as a wide number has so many digits at most.
const WIDE_DIGITS: u32 = 76;

/// `coefficient` × 10^`exponent`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    coefficient: i128,
    exponent: i32,
}

fn ten(power: u32) -> i256 {
    i256::from_i128(10).wrapping_pow(power)
}

/// How many digits a number has; 0 for zero.
fn digits(value: i256) -> u32 {
    let value = value.wrapping_abs();
    let (mut low, mut high) = (0, WIDE_DIGITS);
    // The first power of ten that is larger.
    while low < high {
        let middle = u32::midpoint(low, high);
        if ten(middle) > value {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// `value` / 10^`power`, rounded half to even. `inexact` says that a little more than `value` is meant.
fn shortened(value: i256, power: u32, inexact: bool) -> i256 {
    if power == 0 {
        return value;
    }
    if power > WIDE_DIGITS {
        return i256::ZERO;
    }
    let unit = ten(power);
    let (quotient, rest) = (value.wrapping_div(unit), value.wrapping_rem(unit).wrapping_abs());
    let half = unit.wrapping_div(i256::from_i128(2));
    let is_odd = quotient.wrapping_rem(i256::from_i128(2)) != i256::ZERO;
    let up = match rest.cmp(&half) {
        Ordering::Greater => true,
        Ordering::Equal => inexact || is_odd,
        Ordering::Less => false,
    };
    if !up {
        return quotient;
    }
    let step = if value.is_negative() { i256::MINUS_ONE } else { i256::ONE };
    quotient.wrapping_add(step)
}

impl Decimal {
    /// Zero.
    pub(crate) const ZERO: Self = Self { coefficient: 0, exponent: 0 };

    /// A number of any size, rounded to the digits there are; `None` beyond the range.
    fn rounded(value: i256, exponent: i32, inexact: bool) -> Option<Self> {
        let surplus = digits(value).saturating_sub(DIGITS_MAX);
        let mut value = shortened(value, surplus, inexact);
        let mut exponent = exponent.checked_add(i32::try_from(surplus).ok()?)?;
        // Rounding up may have given one digit more.
        if digits(value) > DIGITS_MAX {
            value = shortened(value, 1, false);
            exponent += 1;
        }
        let coefficient = value.to_i128()?;
        (exponent.abs() <= EXPONENT_MAX).then_some(Self { coefficient, exponent })
    }

    /// A whole number.
    pub(crate) const fn from_long(value: i64) -> Self {
        Self { coefficient: value as i128, exponent: 0 }
    }

    /// The decimal that a real is written as; `None` for NaN and infinity.
    pub(crate) fn from_real(value: f64) -> Option<Self> {
        if value.is_finite() { Self::parse(&format!("{value:e}")) } else { None }
    }

    /// Reads `-12.50`, `1e10`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, number) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mut value = i256::ZERO;
        let mut exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        let mut inexact = false;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return None;
            }
            // Two digits more than are kept are enough to round.
            if digits(value) >= DIGITS_MAX + 2 {
                inexact |= byte != b'0';
                exponent = exponent.checked_add(1)?;
                continue;
            }
            let digit = i256::from_i128(i128::from(byte - b'0'));
            value = value.wrapping_mul(i256::from_i128(10)).wrapping_add(digit);
        }
        Self::rounded(if negative { value.wrapping_neg() } else { value }, exponent, inexact)
    }

    /// Both coefficients with one exponent, the smaller one, as far as the digits allow.
    fn aligned(self, other: Self) -> (i256, i256, i32) {
        let wide = |number: Self| i256::from_i128(number.coefficient);
        if self.exponent == other.exponent {
            return (wide(self), wide(other), self.exponent);
        }
        let swapped = self.exponent < other.exponent;
        let (high, low) = if swapped { (other, self) } else { (self, other) };
        let apart = high.exponent.abs_diff(low.exponent);
        // The higher one grows to at most 75 digits, the lower one loses what then lies below.
        let room = (WIDE_DIGITS - 1).saturating_sub(digits(wide(high)));
        let grown = if high.coefficient == 0 { apart } else { apart.min(room) };
        let raised =
            if high.coefficient == 0 { i256::ZERO } else { wide(high).wrapping_mul(ten(grown)) };
        let lowered = shortened(wide(low), apart - grown, false);
        let exponent = low.exponent.saturating_add(i32::try_from(apart - grown).unwrap_or(0));
        if swapped { (lowered, raised, exponent) } else { (raised, lowered, exponent) }
    }

    /// The sum; `None` beyond the range.
    pub(crate) fn add(self, other: Self) -> Option<Self> {
        let (a, b, exponent) = self.aligned(other);
        Self::rounded(a.checked_add(b)?, exponent, false)
    }

    /// The number with the other sign.
    pub(crate) const fn negated(self) -> Self {
        Self { coefficient: -self.coefficient, exponent: self.exponent }
    }

    /// The number without its sign.
    pub(crate) const fn abs(self) -> Self {
        Self { coefficient: self.coefficient.abs(), exponent: self.exponent }
    }

    /// The product; `None` beyond the range.
    pub(crate) fn multiply(self, other: Self) -> Option<Self> {
        let product =
            i256::from_i128(self.coefficient).checked_mul(i256::from_i128(other.coefficient))?;
        Self::rounded(product, self.exponent.checked_add(other.exponent)?, false)
    }

    /// The quotient; `None` by zero and beyond the range.
    pub(crate) fn divide(self, other: Self) -> Option<Self> {
        if other.coefficient == 0 {
            return None;
        }
        let dividend = i256::from_i128(self.coefficient);
        let power = WIDE_DIGITS - 1 - digits(dividend);
        let dividend = dividend.wrapping_mul(ten(power));
        let divisor = i256::from_i128(other.coefficient);
        let (quotient, rest) = (dividend.wrapping_div(divisor), dividend.wrapping_rem(divisor));
        let exponent = self.exponent.checked_sub(other.exponent)? - i32::try_from(power).ok()?;
        Some(Self::rounded(quotient, exponent, rest != i256::ZERO)?.stripped())
    }

    /// What remains of a division, from zero to below the divisor; `None` by zero.
    pub(crate) fn remainder(self, other: Self) -> Option<Self> {
        let (a, b, exponent) = self.aligned(other);
        if b == i256::ZERO {
            return None;
        }
        let rest = a.wrapping_rem(b);
        let rest = if rest.is_negative() { rest.wrapping_add(b.wrapping_abs()) } else { rest };
        Self::rounded(rest, exponent, false)
    }

    /// Rounded to so many digits after the point, half to even.
    pub(crate) fn round(self, places: i32) -> Self {
        let surplus = i64::from(self.exponent) + i64::from(places);
        if surplus >= 0 {
            return self;
        }
        let power = u32::try_from(-surplus).unwrap_or(u32::MAX);
        let value = shortened(i256::from_i128(self.coefficient), power, false);
        let coefficient = value.to_i128().unwrap_or(self.coefficient);
        Self { coefficient, exponent: -places }
    }

    /// Without zeros at the end that say nothing.
    fn stripped(mut self) -> Self {
        while self.exponent < 0 && self.coefficient % 10 == 0 && self.coefficient != 0 {
            self.coefficient /= 10;
            self.exponent += 1;
        }
        if self.coefficient == 0 { Self::ZERO } else { self }
    }

    /// The whole part, if it fits.
    pub(crate) fn to_long(self) -> Option<i64> {
        let wide = i256::from_i128(self.coefficient);
        let power = self.exponent.unsigned_abs();
        if power > WIDE_DIGITS / 2 {
            return (self.exponent < 0 || self.coefficient == 0).then_some(0);
        }
        let value = if self.exponent < 0 {
            wide.wrapping_div(ten(power))
        } else {
            wide.wrapping_mul(ten(power))
        };
        i64::try_from(value.to_i128()?).ok()
    }

    /// -1, 0 or 1.
    pub(crate) const fn sign(self) -> i64 {
        if self.coefficient > 0 {
            1
        } else if self.coefficient < 0 {
            -1
        } else {
            0
        }
    }

    /// Writes it without exponent.
    pub(crate) fn write(self, out: &mut String) {
        if self.coefficient < 0 {
            out.push('-');
        }
        let digits = self.coefficient.unsigned_abs().to_string();
        let zeros = usize::try_from(self.exponent.unsigned_abs()).unwrap_or(0);
        if self.exponent >= 0 {
            out.push_str(&digits);
            if self.coefficient != 0 {
                out.extend(std::iter::repeat_n('0', zeros));
            }
        } else if digits.len() > zeros {
            let (whole, fraction) = digits.split_at(digits.len() - zeros);
            out.push_str(whole);
            out.push('.');
            out.push_str(fraction);
        } else {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', zeros - digits.len()));
            out.push_str(&digits);
        }
    }

    /// Writes a text by which decimals sort as their values do, and which equal ones share.
    pub(crate) fn write_key(self, out: &mut String) {
        if self.coefficient == 0 {
            out.push('1');
            return;
        }
        let digits = self.coefficient.unsigned_abs().to_string();
        let size = i64::from(self.exponent) + i64::try_from(digits.len()).unwrap_or(0) + 10_000;
        let key = format!("{size:05}{}", digits.trim_end_matches('0'));
        if self.coefficient > 0 {
            out.push('2');
            out.push_str(&key);
        } else {
            // Nines' complement turns the order round; the last character sorts a shorter number after a longer one.
            out.push('0');
            out.extend(key.bytes().map(|digit| char::from(b'9' - (digit - b'0'))));
            out.push('~');
        }
    }
}

// Equal is what has the same value: 5 and 5.00.
impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (String::new(), String::new());
        self.write_key(&mut a);
        other.write_key(&mut b);
        a.cmp(&b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).expect("a number")
    }

    fn text(number: Option<Decimal>) -> String {
        let mut out = String::new();
        if let Some(number) = number {
            number.write(&mut out);
        }
        out
    }

    #[test]
    fn arithmetic_keeps_thirty_four_digits() {
        for (a, sign, b, expected) in [
            ("1.1", '+', "2.2", "3.3"),
            ("1e30", '+', "1e-3", "1000000000000000000000000000000.001"),
            ("1e40", '+', "1", "10000000000000000000000000000000000000000"),
            ("0.1", '*', "0.1", "0.01"),
            ("1", '/', "3", "0.3333333333333333333333333333333333"),
            ("2", '/', "3", "0.6666666666666666666666666666666667"),
            ("10", '/', "4", "2.5"),
            ("10", '/', "0", ""),
            ("-7", '%', "3", "2"),
            ("7.5", '%', "2", "1.5"),
            ("123456789012345678901234567890", '*', "10", "1234567890123456789012345678900"),
        ] {
            let (x, y) = (number(a), number(b));
            let found = match sign {
                '+' => x.add(y),
                '*' => x.multiply(y),
                '/' => x.divide(y),
                _ => x.remainder(y),
            };
            assert_eq!(text(found), expected, "{a} {sign} {b}");
        }
    }

    #[test]
    fn what_is_no_number_is_none_and_long_ones_are_rounded() {
        for bad in ["", "abc", "1.2.3", "1e", "--1", "."] {
            assert_eq!(Decimal::parse(bad), None, "{bad}");
        }
        assert_eq!(
            text(Decimal::parse("0.33333333333333333333333333333333335")),
            "0.3333333333333333333333333333333334"
        );
        assert_eq!(text(Decimal::from_real(1.5e-7)), "0.00000015");
        assert_eq!(number("12345.678").round(1), number("12345.7"));
        assert_eq!(number("-2.9").to_long(), Some(-2));
    }

    #[test]
    fn keys_sort_as_values() {
        let sorted = [
            "-1e5",
            "-12.5",
            "-12",
            "-0.1",
            "0",
            "1e-9",
            "1",
            "1.5",
            "15",
            "1000000020000000300000004",
            "1000000020000000300000005",
        ];
        for pair in sorted.windows(2) {
            assert!(number(pair[0]) < number(pair[1]), "{pair:?}");
        }
        assert_eq!(number("5").cmp(&number("5.00")), Ordering::Equal);
    }
}
