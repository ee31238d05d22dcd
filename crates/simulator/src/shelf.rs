//! Where a simulated service keeps its events: their JSON texts one behind the other in large blocks, so that a page is
//! a slice of what lies there already and is served without building anything.
//! Deliberately absent: what the texts say, and any index but the position.

use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::stream;

/// A block is closed, and from then on shared without copying, when it has grown to this.
const BLOCK_BYTES: usize = 1024 * 1024;

/// Texts in the order in which they were put there.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    closed: Vec<Bytes>,
    open: BytesMut,
    places: Vec<Place>,
    /// Texts before this position are gone.
    first: usize,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    block: u32,
    start: u32,
    end: u32,
}

impl Shelf {
    /// Puts a text at the end and tells its position.
    pub(crate) fn push(&self, text: &str) -> usize {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if !inner.open.is_empty() && inner.open.len() + text.len() >= BLOCK_BYTES {
            let block = inner.open.split().freeze();
            inner.closed.push(block);
        }
        if inner.open.capacity() < text.len() + 1 {
            inner.open.reserve(BLOCK_BYTES.max(text.len() + 1));
        }
        // Each text stands behind a comma, so that neighbours are a piece of a JSON list as they lie.
        inner.open.extend_from_slice(b",");
        let start = inner.open.len();
        inner.open.extend_from_slice(text.as_bytes());
        let place = Place {
            block: inner.closed.len() as u32,
            start: start as u32,
            end: inner.open.len() as u32,
        };
        inner.places.push(place);
        inner.places.len() - 1
    }

    /// How many texts were ever put here.
    pub(crate) fn len(&self) -> usize {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).places.len()
    }

    /// One text; `None` if it never was here or is gone.
    pub(crate) fn get(&self, position: usize) -> Option<Bytes> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        (position >= inner.first)
            .then(|| inner.places.get(position))?
            .map(|place| inner.slice(*place))
    }

    /// The texts of a range, separated by commas, as few slices.
    pub(crate) fn joined(&self, range: Range<usize>) -> Vec<Bytes> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let range = range.start.max(inner.first)..range.end.min(inner.places.len());
        let mut slices = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let head = inner.places[at];
            let rest = &inner.places[at..range.end];
            let count = rest.partition_point(|place| place.block == head.block);
            let comma = u32::from(at > range.start);
            let end = rest[count - 1].end;
            slices.push(inner.slice(Place { start: head.start - comma, end, ..head }));
            at += count;
        }
        slices
    }

    /// Forgets the texts before `position`. Memory is given back block by block.
    pub(crate) fn forget_before(&self, position: usize) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let position = position.min(inner.places.len());
        if position <= inner.first {
            return;
        }
        let from = inner.places[inner.first].block as usize;
        let until = inner.places.get(position).map_or(from, |place| place.block as usize);
        inner.first = position;
        for block in inner.closed.iter_mut().take(until).skip(from) {
            *block = Bytes::new();
        }
    }
}

impl Inner {
    fn slice(&self, place: Place) -> Bytes {
        let range = place.start as usize..place.end as usize;
        match self.closed.get(place.block as usize) {
            Some(block) => block.slice(range),
            None => Bytes::copy_from_slice(&self.open[range]),
        }
    }
}

/// A body of `head`, the slices and `tail`, its length known beforehand.
pub(crate) fn body(
    head: impl Into<Bytes>,
    slices: Vec<Bytes>,
    tail: impl Into<Bytes>,
) -> (Body, usize) {
    let mut pieces = Vec::with_capacity(slices.len() + 2);
    pieces.push(head.into());
    pieces.extend(slices);
    pieces.push(tail.into());
    let length = pieces.iter().map(Bytes::len).sum();
    let pieces = pieces.into_iter().map(Ok::<_, std::convert::Infallible>);
    (Body::from_stream(stream::iter(pieces)), length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_range_is_the_texts_joined_by_commas(
            sizes in prop::collection::vec(0_usize..400_000, 0..12),
            from in 0_usize..14,
            count in 0_usize..14,
        ) {
            let shelf = Shelf::default();
            let texts: Vec<String> =
                sizes.iter().enumerate().map(|(i, size)| format!("{i}{}", "x".repeat(*size))).collect();
            for (position, text) in texts.iter().enumerate() {
                prop_assert_eq!(shelf.push(text), position);
            }
            let range = from.min(texts.len())..(from + count).min(texts.len());
            let joined: Vec<u8> = shelf.joined(range.clone()).concat();
            prop_assert_eq!(String::from_utf8(joined).unwrap(), texts[range.clone()].join(","));
            for position in range {
                prop_assert_eq!(shelf.get(position).unwrap(), texts[position].as_bytes());
            }
        }

        #[test]
        fn what_is_forgotten_is_gone_and_the_rest_stays(
            count in 1_usize..8, gone in 0_usize..10,
        ) {
            let shelf = Shelf::default();
            let texts: Vec<String> = (0..count).map(|i| format!("{i}{}", "x".repeat(500_000))).collect();
            for text in &texts {
                shelf.push(text);
            }
            shelf.forget_before(gone);
            for (position, text) in texts.iter().enumerate() {
                let kept = (position >= gone).then(|| Bytes::copy_from_slice(text.as_bytes()));
                prop_assert_eq!(shelf.get(position), kept);
            }
        }
    }
}
