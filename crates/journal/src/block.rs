//! The stored form of events: blocks of length-prefixed frames, compressed as a whole where that is smaller, each with
//! a checksum over everything that is written of it.
//!
//! A block is a header of [`HEADER_BYTES`] and the stored bytes. All numbers are little-endian.
//!
//! | header field | bytes | | frame field | bytes |
//! |---|---|---|---|---|
//! | checksum of the rest | 8 | | length of the id | 4 |
//! | received, µs since 1970 | 8 | | length of the event | 4 |
//! | events | 4 | | time, µs since 1970 ([`NO_TIME`] if untold) | 8 |
//! | length of the frames | 4 | | the id | |
//! | length as stored (smaller if compressed by LZ4) | 4 | | the event | |
//!
//! Deliberately absent: offsets and sources, which belong to the row that holds the blocks (`row`).

use bytes::Bytes;
use model::{Event, Timestamp};
use twox_hash::XxHash3_128;

use crate::limits::{BLOCK_BYTES_MAX, COMPRESS_BYTES_MIN};
use crate::reading::StoredEvent;

/// Length of a block's header.
pub(crate) const HEADER_BYTES: usize = 28;

const FRAME_HEADER_BYTES: usize = 16;
const NO_TIME: i64 = i64::MIN;

/// Encoded events.
#[derive(Debug)]
pub(crate) struct Block {
    /// How many events are in it.
    pub(crate) events: u32,
    /// Header and stored bytes.
    pub(crate) bytes: Vec<u8>,
}

/// What does not fit in stored bytes, as a lowercase fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damage(pub(crate) &'static str);

/// Encodes events that were received together, into as many blocks as their size asks for.
pub(crate) fn encode<'a>(
    received: Timestamp,
    events: impl IntoIterator<Item = &'a Event>,
) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut frames = Vec::new();
    let mut count = 0;
    for event in events {
        push_frame(&mut frames, event);
        count += 1;
        if frames.len() >= BLOCK_BYTES_MAX {
            blocks.push(seal(received, count, &frames));
            frames.clear();
            count = 0;
        }
    }
    if count > 0 {
        blocks.push(seal(received, count, &frames));
    }
    blocks
}

/// A stored block whose checksum was verified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sealed<'a> {
    /// How many events are in it.
    pub(crate) events: u32,
    /// When they reached us.
    pub(crate) received: Timestamp,
    frames_bytes: usize,
    stored: &'a [u8],
}

/// Number of events in the block that `bytes` begin with, and its whole length; without verifying it, for skipping.
pub(crate) fn peek(bytes: &[u8]) -> Result<(u32, usize), Damage> {
    let header = bytes.get(..HEADER_BYTES).ok_or(Damage("a block's header is cut off"))?;
    let whole = HEADER_BYTES + u32_at(header, 24) as usize;
    if bytes.len() < whole {
        return Err(Damage("a block is cut off"));
    }
    Ok((u32_at(header, 16), whole))
}

/// Verifies one whole block.
pub(crate) fn verify(block: &[u8]) -> Result<Sealed<'_>, Damage> {
    let (events, whole) = peek(block)?;
    let block = &block[..whole];
    if u64_at(block, 0) != checksum(&block[8..]) {
        return Err(Damage("a block does not match its checksum"));
    }
    let received = Timestamp::from_microsecond(i64_at(block, 8))
        .map_err(|_| Damage("a block's time is out of range"))?;
    let frames_bytes = u32_at(block, 20) as usize;
    Ok(Sealed { events, received, frames_bytes, stored: &block[HEADER_BYTES..] })
}

/// Decodes the events of a block; the first of them has the offset `first`.
pub(crate) fn decode(block: Sealed<'_>, first: u64) -> Result<Vec<StoredEvent>, Damage> {
    let frames = if block.stored.len() == block.frames_bytes {
        Bytes::copy_from_slice(block.stored)
    } else {
        let frames = lz4_flex::block::decompress(block.stored, block.frames_bytes)
            .map_err(|_| Damage("a block cannot be decompressed"))?;
        Bytes::from(frames)
    };
    let mut rest = frames;
    let mut events = Vec::with_capacity((block.events as usize).min(rest.len()));
    for offset in (first..).take(block.events as usize) {
        events.push(take_frame(&mut rest, offset)?);
    }
    if !rest.is_empty() {
        return Err(Damage("a block holds more than its events"));
    }
    Ok(events)
}

/// The checksum of everything that the journal stores.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    // Half of a 128-bit hash is a 64-bit hash.
    XxHash3_128::oneshot(bytes) as u64
}

fn push_frame(frames: &mut Vec<u8>, event: &Event) {
    let time = event.time.map_or(NO_TIME, Timestamp::as_microsecond);
    frames.reserve(FRAME_HEADER_BYTES + event.id.len() + event.raw.len());
    frames.extend_from_slice(&length(event.id.len()));
    frames.extend_from_slice(&length(event.raw.len()));
    frames.extend_from_slice(&time.to_le_bytes());
    frames.extend_from_slice(event.id.as_bytes());
    frames.extend_from_slice(&event.raw);
}

fn take_frame(rest: &mut Bytes, offset: u64) -> Result<StoredEvent, Damage> {
    const CUT: Damage = Damage("an event is cut off");
    if rest.len() < FRAME_HEADER_BYTES {
        return Err(CUT);
    }
    let header = rest.split_to(FRAME_HEADER_BYTES);
    let (id_bytes, raw_bytes) = (u32_at(&header, 0) as usize, u32_at(&header, 4) as usize);
    if rest.len() < id_bytes + raw_bytes {
        return Err(CUT);
    }
    let id = rest.split_to(id_bytes);
    let id = std::str::from_utf8(&id).map_err(|_| Damage("an id is not text"))?.to_owned();
    let time = match i64_at(&header, 8) {
        NO_TIME => None,
        time => Some(
            Timestamp::from_microsecond(time)
                .map_err(|_| Damage("an event's time is out of range"))?,
        ),
    };
    Ok(StoredEvent { offset, id, time, raw: rest.split_to(raw_bytes) })
}

fn seal(received: Timestamp, events: u32, frames: &[u8]) -> Block {
    let mut bytes = vec![0; HEADER_BYTES];
    let compressed = (frames.len() >= COMPRESS_BYTES_MIN)
        .then(|| {
            bytes.resize(HEADER_BYTES + lz4_flex::block::get_maximum_output_size(frames.len()), 0);
            lz4_flex::block::compress_into(frames, &mut bytes[HEADER_BYTES..]).ok()
        })
        .flatten()
        .filter(|compressed| *compressed < frames.len());
    if let Some(compressed) = compressed {
        bytes.truncate(HEADER_BYTES + compressed);
    } else {
        bytes.truncate(HEADER_BYTES);
        bytes.extend_from_slice(frames);
    }
    let stored = bytes.len() - HEADER_BYTES;
    bytes[8..16].copy_from_slice(&received.as_microsecond().to_le_bytes());
    bytes[16..20].copy_from_slice(&events.to_le_bytes());
    bytes[20..24].copy_from_slice(&length(frames.len()));
    bytes[24..28].copy_from_slice(&length(stored));
    let sum = checksum(&bytes[8..]);
    bytes[..8].copy_from_slice(&sum.to_le_bytes());
    Block { events, bytes }
}

/// A length as it is written. `limits::BATCH_BYTES_MAX` keeps every length far below what 32 bits hold.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}

fn i64_at(bytes: &[u8], at: usize) -> i64 {
    u64_at(bytes, at).cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event() -> impl Strategy<Value = Event> {
        let raw = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            (any::<u8>(), 0_usize..300_000).prop_map(|(byte, length)| vec![byte; length]),
        ];
        ("[a-zé]{0,8}", proptest::option::of(-9_000_000_000_i64..4_000_000_000_000_000), raw)
            .prop_map(|(id, time, raw)| Event {
                id,
                time: time.map(|time| Timestamp::from_microsecond(time).unwrap()),
                raw: Bytes::from(raw),
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_encoded_is_decoded(events in proptest::collection::vec(event(), 0..20)) {
            let received = Timestamp::from_microsecond(1_700_000_000_123_456).unwrap();
            let mut decoded = Vec::new();
            for block in encode(received, &events) {
                let sealed = verify(&block.bytes).unwrap();
                prop_assert_eq!(sealed.received, received);
                prop_assert_eq!(sealed.events, block.events);
                decoded.extend(decode(sealed, decoded.len() as u64 + 1).unwrap());
            }
            prop_assert_eq!(decoded.len(), events.len());
            for (n, (stored, event)) in decoded.iter().zip(&events).enumerate() {
                prop_assert_eq!(stored.offset, n as u64 + 1);
                prop_assert_eq!(&stored.id, &event.id);
                prop_assert_eq!(stored.time, event.time);
                prop_assert_eq!(&stored.raw, &event.raw);
            }
        }

        #[test]
        fn a_flipped_bit_is_found(events in proptest::collection::vec(event(), 1..4), at in any::<prop::sample::Index>(), bit in 0_u32..8) {
            let mut block = encode(Timestamp::UNIX_EPOCH, &events).remove(0).bytes;
            let at = at.index(block.len());
            block[at] ^= 1 << bit;
            prop_assert!(verify(&block).is_err());
        }
    }

    #[test]
    fn repetitive_events_are_stored_compressed() {
        let event = Event { id: "a".into(), time: None, raw: Bytes::from(vec![b'x'; 100_000]) };
        let blocks = encode(Timestamp::UNIX_EPOCH, [&event]);
        assert!(blocks[0].bytes.len() < 1000, "{}", blocks[0].bytes.len());
    }
}
