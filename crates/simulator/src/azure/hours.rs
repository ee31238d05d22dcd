//! The hour of a record's own time, under whichever name it was sent, and which column of a table tells it.
//! Deliberately absent: minutes, and transformations other than the usual ones.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The fields of a record that may tell its time, the best first, and the columns that rules make of each.
const FIELDS: [(&str, &[&str]); 4] = [
    ("date", &["event_date", "date_t"]),
    ("created_at", &["EventTimestamp", "created_at_t"]),
    ("event_timestamp", &["EventTimestamp", "event_timestamp_t"]),
    ("TimeGenerated", &[]),
];

/// The column that every rule fills, whatever the time is called in the stream.
const TIME_GENERATED: &str = "TimeGenerated";

/// A field, by its place in `FIELDS`, and the hour since 1970 that it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OwnTime {
    field: usize,
    hour: i64,
}

impl OwnTime {
    /// The time of a record; `None` if it tells none.
    pub(super) fn of(record: &str) -> Option<Self> {
        FIELDS.iter().enumerate().find_map(|(field, (name, _))| {
            let value = sonic_rs::get_from_str(record, &[*name]).ok()?;
            Some(Self { field, hour: hour(value.as_raw_str().trim_matches('"'))? })
        })
    }
}

/// `2026-11-20T18:…`, `2026-11-20 18:…`
fn hour(text: &str) -> Option<i64> {
    let (day, hour) = (text.get(..10)?, text.get(11..13)?);
    let time: Timestamp = format!("{day}T{hour}:00:00Z").parse().ok()?;
    Some(time.as_second().div_euclid(3_600))
}

/// How many records tell which time.
#[derive(Debug, Default)]
pub(super) struct Hours(BTreeMap<Option<OwnTime>, u64>);

impl Hours {
    pub(super) fn add(&mut self, time: Option<OwnTime>) {
        *self.0.entry(time).or_default() += 1;
    }

    /// How many records of each hour `column` tells.
    pub(super) fn told_by(&self, column: &str) -> BTreeMap<Option<i64>, u64> {
        let mut told = BTreeMap::new();
        for (time, count) in &self.0 {
            let time = time.filter(|time| {
                let columns = FIELDS.get(time.field).map_or(&[][..], |(_, columns)| columns);
                column == TIME_GENERATED || columns.contains(&column)
            });
            *told.entry(time.map(|time| time.hour)).or_default() += count;
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_counted_at_the_hour_that_it_tells() {
        let mut hours = Hours::default();
        for record in [
            r#"{"type":"s","date":"2026-11-20T18:59:59.999Z"}"#,
            r#"{"date":"2026-11-20T18:00:00.000Z"}"#,
            r#"{"created_at":"2026-11-20 19:00:00 UTC"}"#,
            r#"{"date":"soon"}"#,
            r#"{"details":{"date":"2026-11-20T18:00:00Z"}}"#,
        ] {
            hours.add(OwnTime::of(record));
        }
        let at = |text: &str| hour(text);
        let (six, seven) = (at("2026-11-20T18"), at("2026-11-20T19"));
        for (column, expected) in [
            ("event_date", vec![(None, 3), (six, 2)]),
            ("EventTimestamp", vec![(None, 4), (seven, 1)]),
            ("TimeGenerated", vec![(None, 2), (six, 2), (seven, 1)]),
            ("colour", vec![(None, 5)]),
        ] {
            assert_eq!(hours.told_by(column), expected.into_iter().collect(), "{column}");
        }
    }
}
