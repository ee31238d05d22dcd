//! How an event is recognised: the hash of its id, and the day under which it is filed.
//! Deliberately absent: which of them were seen (`index`).

use model::{Batch, Timestamp};
use twox_hash::XxHash3_128;

use crate::Twins;

/// The day under which events are filed that tell no time.
pub const DAY_WITHOUT_TIME: i32 = i32::MIN;

const DAY_MICROSECONDS: i64 = 86_400_000_000;

/// The hash by which an event is recognised: XXH3 of `provider NUL tenant NUL id`, 128 bits. The source within the tenant
/// does not count: what was polled and pushed is one event.
#[must_use]
pub fn id_hash(provider: &str, tenant: &str, id: &str) -> u128 {
    let mut text = scope(provider, tenant);
    text.push_str(id);
    XxHash3_128::oneshot(text.as_bytes())
}

/// The UTC day of a moment, in days since 1970, earlier ones negative.
#[must_use]
pub fn day_of(time: Timestamp) -> i32 {
    // A timestamp lies between the years -9999 and 9999: about four million days.
    i32::try_from(time.as_microsecond().div_euclid(DAY_MICROSECONDS)).unwrap_or(i32::MAX)
}

/// By what an event is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The day under which it is filed.
    pub(crate) day: i32,
    /// [`id_hash`].
    pub(crate) hash: u128,
}

/// The last bits of a hash, by which ids are not told apart: the index and the marks keep channels there.
pub(crate) const MARK_BITS: u128 = 0b1111;

/// The keys of a batch, one for each event; `None` for an event without an id.
pub(crate) type Keys = Vec<Option<Key>>;

/// The keys of the events of `batch`, in their order.
pub(crate) fn keys(batch: &Batch) -> Keys {
    let mut text = scope(&batch.source.provider, &batch.source.tenant);
    let scope_bytes = text.len();
    let key = |event: &model::Event| {
        if event.id.is_empty() {
            return None;
        }
        text.truncate(scope_bytes);
        text.push_str(&event.id);
        Some(Key { day: day_of_event(event), hash: XxHash3_128::oneshot(text.as_bytes()) })
    };
    batch.events.iter().map(key).collect()
}

/// The keys of what events say, as [`Twins`] tells it; empty if no event of the batch has one.
pub(crate) fn contents(batch: &Batch, twins: &dyn Twins) -> Keys {
    if !twins.has_contents(&batch.source) {
        return Vec::new();
    }
    let scope = scope(&batch.source.provider, &batch.source.tenant);
    let key = |event: &model::Event| {
        // Without a time there is no day after which the content may be forgotten.
        event.time?;
        let content = twins.content(&batch.source, event)?;
        let mut bytes = scope.clone().into_bytes();
        bytes.extend_from_slice(&content.to_le_bytes());
        // A mark keeps its kind and channel in the last bits.
        let hash = XxHash3_128::oneshot(&bytes) & !MARK_BITS;
        Some(Key { day: day_of_event(event), hash })
    };
    batch.events.iter().map(key).collect()
}

/// The id under which the `nth` event (from 1 on) of one content is filed.
pub(crate) fn nth_of_content(content: u128, nth: u32) -> u128 {
    let mut bytes = [0; 20];
    bytes[..16].copy_from_slice(&content.to_le_bytes());
    bytes[16..].copy_from_slice(&nth.to_le_bytes());
    XxHash3_128::oneshot(&bytes)
}

fn day_of_event(event: &model::Event) -> i32 {
    event.time.map_or(DAY_WITHOUT_TIME, day_of)
}

fn scope(provider: &str, tenant: &str) -> String {
    format!("{provider}\0{tenant}\0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provider_tenant_and_id_each_count() {
        let hash = id_hash("auth0", "acme", "1");
        assert_eq!(hash, id_hash("auth0", "acme", "1"));
        for other in [
            id_hash("onelogin", "acme", "1"),
            id_hash("auth0", "other", "1"),
            id_hash("auth0", "acme", "2"),
            id_hash("auth0", "acme1", ""),
        ] {
            assert_ne!(hash, other);
        }
    }

    #[test]
    fn a_day_ends_at_midnight_utc() {
        for (time, day) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("2026-01-31T23:59:59.999999Z", 20484),
            ("2026-02-01T00:00:00Z", 20485),
        ] {
            assert_eq!(day_of(time.parse().unwrap()), day, "{time}");
        }
    }
}
