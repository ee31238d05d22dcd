//! Any bytes through every provider's reader and columns. Nothing may panic; each event must be one JSON value within
//! the body, and so must each dynamic and additional value be.
//! Deliberately absent: the meaning of columns, which the golden tests hold.

#![no_main]

use bytes::Bytes;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use model::{EventContext, RowWriter, SourceId};
use serde_json::value::RawValue;

fuzz_target!(|data: &[u8]| {
    let body = Bytes::copy_from_slice(data);
    let source = SourceId { provider: "p".into(), tenant: "t".into(), source: "s".into() };
    for provider in sources::ALL {
        let decoded = provider.read_export(&body);
        for event in &decoded.events {
            serde_json::from_slice::<&RawValue>(&event.raw).expect("an event is JSON");
            let context = EventContext {
                source: &source,
                id: &event.id,
                time: event.time,
                received: Timestamp::UNIX_EPOCH,
            };
            provider.columns(&event.raw, context, &mut Checked);
        }
        provider.columns(
            data,
            EventContext { source: &source, id: "", time: None, received: Timestamp::UNIX_EPOCH },
            &mut Checked,
        );
    }
});

/// Looks at the JSON that it is given and forgets the rest.
struct Checked;

impl RowWriter for Checked {
    fn bool(&mut self, _: usize, _: bool) {}
    fn long(&mut self, _: usize, _: i64) {}
    fn real(&mut self, _: usize, value: f64) {
        assert!(value.is_finite());
    }
    fn string(&mut self, _: usize, _: &str) {}
    fn datetime(&mut self, _: usize, _: Timestamp) {}
    fn dynamic(&mut self, _: usize, json: &str) {
        serde_json::from_str::<&RawValue>(json).expect("a dynamic value is JSON");
    }
    fn additional(&mut self, _: &str, json: &str) {
        serde_json::from_str::<&RawValue>(json).expect("an additional value is JSON");
    }
}
