//! How far a destination is: everything before an offset is settled, and stretches beyond it. A window is what is being
//! shipped at a time; its requests are answered in any order, and those of two tables carry events of the same stretch.
//! Deliberately absent: sending (`ship`) and saving (`journal`).

use std::ops::Range;

/// Where a destination goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Everything before it is settled.
    pub(crate) offset: u64,
    /// And so is this, beyond it: ascending, without overlap.
    pub(crate) ahead: Vec<Range<u64>>,
}

impl Place {
    /// Whether an event is settled.
    pub(crate) fn is_settled(&self, offset: u64) -> bool {
        let next = self.ahead.partition_point(|range| range.end <= offset);
        offset < self.offset || self.ahead.get(next).is_some_and(|range| range.start <= offset)
    }
}

/// Which events of a window are settled.
pub(crate) struct Window {
    offsets: Vec<u64>,
    settled: Vec<bool>,
    first_open: usize,
    /// The stretches that were settled before, beyond every open event and between them.
    before: Vec<Range<u64>>,
    end: u64,
}

impl Window {
    /// A window of the events at these offsets (ascending), which ends before `end` and begins at `place`. All of them count
    /// as settled until some are found to be on their way.
    pub(crate) fn new(place: &Place, offsets: Vec<u64>, end: u64) -> Self {
        let before = place.ahead.clone();
        Self { settled: vec![true; offsets.len()], offsets, first_open: 0, before, end }
    }

    /// Marks events, by their positions in the window.
    pub(crate) fn settle(&mut self, events: impl Iterator<Item = usize>, settled: bool) {
        for event in events {
            if let Some(mark) = self.settled.get_mut(event) {
                *mark = settled;
            }
        }
    }

    /// How far the destination is.
    pub(crate) fn place(&mut self) -> Place {
        while self.settled.get(self.first_open) == Some(&true) {
            self.first_open += 1;
        }
        let Some(&offset) = self.offsets.get(self.first_open) else {
            let ahead = self.before.iter().filter(|range| range.end > self.end);
            let ahead = ahead.map(|range| range.start.max(self.end)..range.end).collect();
            return Place { offset: self.end, ahead };
        };
        let mut ahead: Vec<Range<u64>> =
            self.before.iter().filter(|range| range.start > offset).cloned().collect();
        // A run of settled events is one stretch up to the next open one: what lies between is not for this destination,
        // or settled before.
        let mut start = None;
        let rest = self.offsets.iter().zip(&self.settled).skip(self.first_open);
        for (offset, settled) in rest {
            match (start, settled) {
                (None, true) => start = Some(*offset),
                (Some(begun), false) => {
                    ahead.push(begun..*offset);
                    start = None;
                }
                _ => {}
            }
        }
        ahead.extend(start.map(|begun| begun..self.end));
        Place { offset, ahead: merged(ahead) }
    }
}

/// The same stretches in order, joined where they touch or overlap.
fn merged(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::single_range_in_vec_init,
        reason = "stretches are ranges, and one is a list too"
    )]

    use super::*;

    /// Settles events in this order and tells the places on the way.
    #[track_caller]
    fn check(
        place: &Place,
        offsets: &[u64],
        end: u64,
        order: &[usize],
        expected: &[(u64, &[Range<u64>])],
    ) {
        let mut window = Window::new(place, offsets.to_vec(), end);
        window.settle(order.iter().copied(), false);
        let mut found = vec![window.place()];
        for event in order {
            window.settle([*event].into_iter(), true);
            found.push(window.place());
        }
        let expected: Vec<Place> = expected
            .iter()
            .map(|(offset, ahead)| Place { offset: *offset, ahead: ahead.to_vec() })
            .collect();
        assert_eq!(found, expected);
        // What one window leaves open is what a crash would leave to the next.
        for place in found {
            let open: Vec<u64> =
                offsets.iter().copied().filter(|offset| !place.is_settled(*offset)).collect();
            assert!(open.iter().all(|offset| *offset >= place.offset));
        }
    }

    #[test]
    fn the_offset_stands_before_the_first_open_event_and_the_rest_is_ahead() {
        let start = Place { offset: 10, ahead: Vec::new() };
        check(
            &start,
            &[10, 12, 13, 20],
            25,
            &[0, 1, 2, 3],
            &[(10, &[]), (12, &[]), (13, &[]), (20, &[]), (25, &[])],
        );
        check(
            &start,
            &[10, 12, 13, 20],
            25,
            &[3, 1, 0, 2],
            &[(10, &[]), (10, &[20..25]), (10, &[12..13, 20..25]), (13, &[20..25]), (25, &[])],
        );
        // An event that needs no request is settled from the start.
        check(&start, &[10, 12], 25, &[0], &[(10, &[12..25]), (25, &[])]);
        check(&start, &[], 25, &[], &[(25, &[])]);
    }

    #[test]
    fn what_was_settled_before_a_crash_stays_settled() {
        let start = Place { offset: 10, ahead: vec![12..15, 18..40] };
        assert!([9, 12, 14, 18, 39].iter().all(|offset| start.is_settled(*offset)));
        assert!([10, 11, 15, 17, 40].iter().all(|offset| !start.is_settled(*offset)));
        check(
            &start,
            &[10, 16],
            30,
            &[1, 0],
            &[(10, &[12..15, 18..40]), (10, &[12..15, 16..40]), (30, &[30..40])],
        );
    }
}
