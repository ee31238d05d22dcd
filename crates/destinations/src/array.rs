//! Joins JSON texts to JSON arrays of limited size, one open array for each lane. Each record is copied once, from where
//! it lies into the body that is sent. Deliberately absent: what a record looks like, and compression.

/// Fills arrays. `L` tells lanes apart: records of different lanes never share an array.
pub(crate) struct ArrayFiller<L> {
    /// An array is closed when the next record would make it longer than this.
    bytes_max: usize,
    /// What all records together are expected to need, so that a body is allocated once.
    bytes_expected: usize,
    open: Vec<Array<L>>,
    closed: Vec<Array<L>>,
}

/// A JSON array of records.
pub(crate) struct Array<L> {
    /// Its lane.
    pub(crate) lane: L,
    /// Its text, closing bracket included once it is finished.
    pub(crate) text: Vec<u8>,
    /// The events that its records were made of, ascending.
    pub(crate) events: Vec<usize>,
}

impl<L: PartialEq> ArrayFiller<L> {
    /// Arrays of at most `bytes_max` bytes, brackets included; only a single record that needs more makes a longer one.
    pub(crate) fn new(bytes_max: usize, bytes_expected: usize) -> Self {
        Self { bytes_max, bytes_expected, open: Vec::new(), closed: Vec::new() }
    }

    /// Appends the record made of the event at position `event`.
    pub(crate) fn push(&mut self, lane: L, event: usize, record: &[u8]) {
        let needed = 1 + record.len() + 1;
        let index = match self.open.iter().position(|array| array.lane == lane) {
            Some(index) if self.open[index].text.len() + needed <= self.bytes_max => {
                self.open[index].text.push(b',');
                index
            }
            found => {
                let started = self.start(lane, needed);
                if let Some(index) = found {
                    self.closed.push(std::mem::replace(&mut self.open[index], started));
                    index
                } else {
                    self.open.push(started);
                    self.open.len() - 1
                }
            }
        };
        let array = &mut self.open[index];
        array.text.extend_from_slice(record);
        array.events.push(event);
    }

    /// All arrays, in the order of their first event.
    pub(crate) fn finish(mut self) -> Vec<Array<L>> {
        self.closed.append(&mut self.open);
        for array in &mut self.closed {
            array.text.push(b']');
        }
        self.closed.sort_by_key(|array| array.events.first().copied());
        self.closed
    }

    fn start(&self, lane: L, needed: usize) -> Array<L> {
        let mut text = Vec::with_capacity(self.bytes_expected.min(self.bytes_max).max(needed));
        text.push(b'[');
        Array { lane, text, events: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(bytes_max: usize, records: &[(u8, &str)]) -> Vec<(u8, String, Vec<usize>)> {
        let mut filler = ArrayFiller::new(bytes_max, 100);
        for (event, (lane, record)) in records.iter().enumerate() {
            filler.push(*lane, event, record.as_bytes());
        }
        let text = |array: &Array<u8>| String::from_utf8(array.text.clone()).expect("text");
        filler
            .finish()
            .iter()
            .map(|array| (array.lane, text(array), array.events.clone()))
            .collect()
    }

    #[test]
    fn an_array_is_closed_before_it_gets_too_long() {
        let check = |bytes_max: usize, expected: &[(u8, &str, &[usize])]| {
            let records = [(0, "11"), (1, "22"), (0, "33"), (0, "44"), (1, "555555")];
            let expected: Vec<_> = expected
                .iter()
                .map(|(lane, text, events)| (*lane, (*text).to_owned(), events.to_vec()))
                .collect();
            assert_eq!(filled(bytes_max, &records), expected, "{bytes_max}");
        };
        check(100, &[(0, "[11,33,44]", &[0, 2, 3]), (1, "[22,555555]", &[1, 4])]);
        check(10, &[(0, "[11,33,44]", &[0, 2, 3]), (1, "[22]", &[1]), (1, "[555555]", &[4])]);
        check(
            9,
            &[(0, "[11,33]", &[0, 2]), (1, "[22]", &[1]), (0, "[44]", &[3]), (1, "[555555]", &[4])],
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_doubled_and_every_limit_is_kept(
            bytes_max in 4_usize..60,
            records in prop::collection::vec((0_u8..3, "[0-9]{1,9}"), 0..60),
        ) {
            let borrowed: Vec<(u8, &str)> = records.iter().map(|(lane, text)| (*lane, text.as_str())).collect();
            let arrays = filled(bytes_max, &borrowed);
            for (lane, text, events) in &arrays {
                let inside: Vec<&str> = events.iter().map(|event| borrowed[*event].1).collect();
                prop_assert_eq!(text, &format!("[{}]", inside.join(",")));
                prop_assert!(events.iter().all(|event| borrowed[*event].0 == *lane));
                prop_assert!(text.len() <= bytes_max || events.len() == 1);
            }
            for lane in 0..3 {
                let sent: Vec<usize> = arrays.iter().filter(|array| array.0 == lane).flat_map(|array| array.2.clone()).collect();
                let expected: Vec<usize> = (0..borrowed.len()).filter(|event| borrowed[*event].0 == lane).collect();
                prop_assert_eq!(sent, expected);
            }
        }
    }
}
