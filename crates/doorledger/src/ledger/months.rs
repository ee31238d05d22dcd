//! Months as people write them: `2026-06`.
//! Deliberately absent: any calendar but UTC's.

use std::fmt;

use model::{Stretch, Timestamp};

/// A month of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month {
    year: i32,
    month: u32,
}

impl Month {
    /// Of `2026-06`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits =
            |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        let read = Self { year: year.parse().ok()?, month: month.parse().ok()? };
        ((1..=12).contains(&read.month) && (1970..9999).contains(&read.year)).then_some(read)
    }

    /// The month of a moment.
    pub(crate) fn of(time: Timestamp) -> Option<Self> {
        Self::read(&time.strftime("%Y-%m").to_string())
    }

    /// From its first moment to the next month's.
    pub(crate) fn stretch(self) -> Stretch {
        let next = match self.month {
            12 => Self { year: self.year + 1, month: 1 },
            month => Self { year: self.year, month: month + 1 },
        };
        Stretch { from: self.start(), until: next.start() }
    }

    fn start(self) -> Timestamp {
        // Years and months were checked, so this is always a moment.
        format!("{self}-01T00:00:00Z").parse().unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_where_the_next_begins() {
        for (text, expected) in [
            ("2026-06", Some(("2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"))),
            ("2025-12", Some(("2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z"))),
            ("2026-13", None),
            ("2026-00", None),
            ("2026-6", None),
            ("June", None),
            ("+026-06", None),
            ("2026-06-01", None),
        ] {
            let found = Month::read(text).map(|it| it.stretch());
            let found = found.map(|it| (it.from.to_string(), it.until.to_string()));
            let expected = expected.map(|(from, until)| (from.to_owned(), until.to_owned()));
            assert_eq!(found, expected, "{text}");
        }
        let moment: Timestamp = "2026-02-28T23:59:59.9Z".parse().unwrap();
        assert_eq!(Month::of(moment), Month::read("2026-02"));
    }
}
