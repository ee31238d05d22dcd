//! From bodies to events: every wire form of every provider, one reader. An array, lines, concatenated or single objects,
//! a page of an API; each event bare or in envelopes. The raw bytes of an event are slices of the body: nothing is copied,
//! nothing is rewritten, whatever stands around an event.
//!
//! What cannot be read is rejected piece by piece, and its neighbours are kept as far as the grammar allows: an element
//! that is no object goes alone; after a mistake in the structure of an array the rest of the body goes; after a mistake
//! among lines the reading resumes at the next line.
//! Deliberately absent: columns, and the meaning of an API's status fields.

use std::ops::Range;
use std::str::from_utf8;

use bytes::Bytes;
use model::limits::{DEAD_LETTER_BYTES_MAX, EVENT_BYTES_MAX};
use model::{Event, Rejected};

use crate::Decoded;
use crate::scalar;
use crate::scan::{self, Broken, Extent, Walk, skip_space};

/// An event that nests deeper than this is rejected: common JSON readers, which others may use on it later, give up at 128.
pub(crate) const NESTING_LEVELS_MAX: usize = 100;

/// How many envelopes may be around an event. Auth0 through an event bus has two.
const ENVELOPES_MAX: usize = 3;

/// How many unreadable pieces of one body are listed one by one. The others are counted, so that a body of nothing but
/// broken lines does not become many times its size in memory.
pub(crate) const REJECTED_PIECES_MAX: usize = 1000;

/// What a provider's reader has to know of the members at the top of an object.
pub(crate) type Dialect = fn(key: &[u8]) -> Role;

/// The part that a member plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// None that matters here.
    Plain,
    /// The event's id; the lowest rank wins. Rank 0 also counts when it stands in an envelope.
    Id(u8),
    /// An object with the event's id in its `_id`.
    IdWithin(u8),
    /// The event's time. An object that has one is an event, not an envelope.
    Time,
    /// Only events have it.
    Mark,
    /// What it holds may be the event itself (an object) or the events of a page (an array).
    Inner,
}

/// Reads a body in any wire form.
pub(crate) fn read(body: &Bytes, dialect: Dialect) -> Decoded {
    let mut reader = Reader::new(body, dialect);
    reader.documents();
    reader.finish()
}

/// Reads the array that begins at `start` of `body`. A mistake in its structure is returned beside the events before it,
/// and what follows it is rejected.
pub(crate) fn read_array(
    body: &Bytes,
    start: usize,
    dialect: Dialect,
) -> (Decoded, Result<Extent, Broken>) {
    let mut reader = Reader::new(body, dialect);
    let extent = reader.array(start);
    (reader.finish(), extent)
}

struct Reader<'a> {
    body: &'a Bytes,
    dialect: Dialect,
    is_utf8: bool,
    out: Decoded,
    unlisted: usize,
}

/// What one pass over an object found.
struct Seen<'a> {
    /// The whole object, envelopes included.
    extent: Extent,
    /// The innermost object: the event. Its depth is counted without envelopes.
    event: Range<usize>,
    event_depth: usize,
    /// Rank, text of the value, and whether the id is one level further in.
    id: Option<(u8, &'a [u8], bool)>,
    time: Option<&'a [u8]>,
    is_event: bool,
    has_members: bool,
    /// Start of an array of events.
    page: Option<usize>,
}

impl<'a> Reader<'a> {
    fn new(body: &'a Bytes, dialect: Dialect) -> Self {
        Self {
            body,
            dialect,
            is_utf8: from_utf8(body).is_ok(),
            out: Decoded::default(),
            unlisted: 0,
        }
    }

    fn documents(&mut self) {
        let body = self.body;
        let mut at = if body.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        at = skip_space(body, at);
        if at == body.len() {
            return self.reject(0..body.len(), "empty body".to_owned());
        }
        while at < body.len() {
            let end = match body.get(at) {
                Some(b'{') => self.object(at, body.len()),
                // The rest was rejected with the mistake: commas do not tell where the array goes on.
                Some(b'[') => match self.array(at) {
                    Ok(extent) => Ok(extent.end),
                    Err(_) => return,
                },
                _ => Err(Broken { at, why: "neither an object nor an array" }),
            };
            at = match end {
                Ok(end) => skip_space(body, end),
                Err(broken) => return self.lines(at, broken),
            };
        }
    }

    /// Goes on after a mistake at the object or text that begins at `start`. From here on each line stands alone, so that
    /// the work stays linear whatever is in them. Only a line whose first byte opens an object is read again: an
    /// indented one is more likely a part of something broken.
    fn lines(&mut self, start: usize, broken: Broken) {
        let body = self.body;
        let mut bad = start..line_end(body, start);
        let mut reason = malformed(broken, start);
        let mut at = bad.end;
        while at < body.len() {
            let end = line_end(body, at);
            if body.get(at) != Some(&b'{') {
                bad.end = end;
                at = end;
                continue;
            }
            self.reject(bad, reason);
            (bad, reason) = self.line(at, end);
            at = end;
        }
        self.reject(bad, reason);
    }

    /// Reads the objects of one line; gives what is left of it after a mistake (empty without one), and the reason.
    fn line(&mut self, mut at: usize, end: usize) -> (Range<usize>, String) {
        loop {
            at = skip_space(self.body, at).min(end);
            if at == end {
                return (end..end, String::new());
            }
            let read = match self.body.get(at) {
                Some(b'{') => self.object(at, end),
                _ => Err(Broken { at, why: "not an object" }),
            };
            match read {
                Ok(next) => at = next,
                Err(broken) => return (at..end, malformed(broken, at)),
            }
        }
    }

    /// Reads one object of the document level, which ends before `limit`: an event, or a page of them.
    fn object(&mut self, start: usize, limit: usize) -> Result<usize, Broken> {
        let seen =
            look(self.body.get(..limit).unwrap_or_default(), start, self.dialect, ENVELOPES_MAX)?;
        match seen.page {
            // The look found the page whole, so reading its events cannot fail.
            Some(page) if !seen.is_event => self.array(page).map(|_| ())?,
            _ => self.take(&seen),
        }
        Ok(seen.extent.end)
    }

    /// Reads the elements of an array; after a mistake, rejects what follows it.
    fn array(&mut self, start: usize) -> Result<Extent, Broken> {
        let mut walk = Walk::of(self.body, start);
        loop {
            let mut from = start;
            let step = walk.element().and_then(|element| {
                let Some(at) = element else { return Ok(false) };
                from = at;
                walk.passed(self.element(at)?);
                Ok(true)
            });
            match step {
                Ok(true) => {}
                Ok(false) => return Ok(walk.extent()),
                Err(broken) => {
                    let from = if from == start { broken.at } else { from };
                    self.reject(from..self.body.len(), malformed(broken, from));
                    return Err(broken);
                }
            }
        }
    }

    fn element(&mut self, at: usize) -> Result<Extent, Broken> {
        if self.body.get(at) == Some(&b'{') {
            let seen = look(self.body, at, self.dialect, ENVELOPES_MAX)?;
            self.take(&seen);
            return Ok(seen.extent);
        }
        let extent = scan::value(self.body, at)?;
        self.reject(at..extent.end, "not a JSON object".to_owned());
        Ok(extent)
    }

    fn take(&mut self, seen: &Seen<'_>) {
        let raw = self.body.slice(seen.event.clone());
        let refusal = if !seen.has_members {
            "an object without members".to_owned()
        } else if raw.len() > EVENT_BYTES_MAX {
            format!("larger than {EVENT_BYTES_MAX} bytes")
        } else if seen.event_depth > NESTING_LEVELS_MAX {
            format!("nested deeper than {NESTING_LEVELS_MAX} levels")
        } else if !self.is_utf8 && from_utf8(&raw).is_err() {
            "not UTF-8".to_owned()
        } else {
            let id = seen
                .id
                .and_then(|(_, raw, within)| if within { id_within(raw) } else { scalar::id(raw) });
            let time = seen.time.and_then(scalar::moment);
            self.out.events.push(Event { id: id.unwrap_or_default(), time, raw });
            return;
        };
        self.reject(seen.event.clone(), refusal);
    }

    fn reject(&mut self, piece: Range<usize>, reason: String) {
        if reason.is_empty() {
            return;
        }
        if self.out.rejected.len() >= REJECTED_PIECES_MAX {
            self.unlisted += 1;
            return;
        }
        let raw = self.body.slice(piece);
        let raw = raw.slice(..raw.len().min(DEAD_LETTER_BYTES_MAX));
        self.out.rejected.push(Rejected { raw, reason });
    }

    fn finish(mut self) -> Decoded {
        if self.unlisted > 0 {
            let reason = format!("{} more pieces of this body could not be read", self.unlisted);
            self.out.rejected.push(Rejected { raw: Bytes::new(), reason });
        }
        self.out
    }
}

/// One pass over the object at `start`: its end, and what the reader wants to know of it.
fn look<'a>(
    text: &'a [u8],
    start: usize,
    dialect: Dialect,
    envelopes: usize,
) -> Result<Seen<'a>, Broken> {
    let mut walk = Walk::of(text, start);
    let mut seen = Seen {
        extent: Extent { end: start, depth: 0 },
        event: start..start,
        event_depth: 0,
        id: None,
        time: None,
        is_event: false,
        has_members: false,
        page: None,
    };
    let mut inner: Option<Seen<'a>> = None;
    while let Some((key, at)) = walk.member()? {
        seen.has_members = true;
        let role = dialect(key);
        if role == Role::Inner && envelopes > 0 && inner.is_none() && text.get(at) == Some(&b'{') {
            let found = look(text, at, dialect, envelopes - 1)?;
            walk.passed(found.extent);
            inner = Some(found);
            continue;
        }
        let extent = scan::value(text, at)?;
        walk.passed(extent);
        let value = text.get(at..extent.end).unwrap_or_default();
        match role {
            Role::Plain => {}
            Role::Id(rank) => seen.offer_id(rank, value, false),
            Role::IdWithin(rank) => seen.offer_id(rank, value, true),
            Role::Time => {
                seen.is_event = true;
                seen.time = seen.time.or(Some(value));
            }
            Role::Mark => seen.is_event = true,
            Role::Inner if value.starts_with(b"[") => seen.page = seen.page.or(Some(at)),
            Role::Inner => {}
        }
    }
    seen.extent = walk.extent();
    seen.event = start..seen.extent.end;
    seen.event_depth = seen.extent.depth;
    match inner {
        Some(inner) if !seen.is_event => Ok(unwrapped(seen, inner)),
        _ => Ok(seen),
    }
}

/// The event of an envelope: the inner object, with the envelope's end, and its id if that is of the best rank.
fn unwrapped<'a>(envelope: Seen<'a>, mut inner: Seen<'a>) -> Seen<'a> {
    inner.extent = envelope.extent;
    if let Some((0, value, within)) = envelope.id {
        inner.id = Some((0, value, within));
    }
    inner
}

impl<'a> Seen<'a> {
    /// Keeps the id of the lowest rank; of equal ones the first. `null` and an empty text are no ids.
    fn offer_id(&mut self, rank: u8, value: &'a [u8], within: bool) {
        let is_better = self.id.is_none_or(|(held, ..)| rank < held);
        if is_better && !matches!(value, b"null" | b"\"\"") {
            self.id = Some((rank, value, within));
        }
    }
}

fn id_within(object: &[u8]) -> Option<String> {
    let mut walk = Walk::of(object, 0);
    while let Ok(Some((key, at))) = walk.member() {
        let extent = scan::value(object, at).ok()?;
        if key == b"_id" {
            return scalar::id(object.get(at..extent.end)?);
        }
        walk.passed(extent);
    }
    None
}

/// The offset after the line break that follows `at`.
fn line_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().position(|byte| *byte == b'\n').map_or(text.len(), |found| at + found + 1)
}

fn malformed(broken: Broken, start: usize) -> String {
    format!("malformed JSON: {} at byte {}", broken.why, broken.at.saturating_sub(start))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn role(key: &[u8]) -> Role {
        match key {
            b"log_id" => Role::Id(0),
            b"_id" => Role::Id(1),
            b"create" => Role::IdWithin(1),
            b"id" => Role::Id(2),
            b"date" => Role::Time,
            b"data" | b"detail" | b"event" | b"logs" => Role::Inner,
            _ => Role::Plain,
        }
    }

    /// Reads `body` and compares `id raw` of each event and `reason | raw` of each rejection.
    #[track_caller]
    fn check(body: &[u8], events: &[&str], rejected: &[&str]) {
        let decoded = read(&Bytes::copy_from_slice(body), role);
        let show = |raw: &Bytes| String::from_utf8_lossy(raw).into_owned();
        let found: Vec<String> = decoded
            .events
            .iter()
            .map(|event| format!("{} {}", event.id, show(&event.raw)))
            .collect();
        assert_eq!(found, events, "events of {}", String::from_utf8_lossy(body));
        let found: Vec<String> = decoded
            .rejected
            .iter()
            .map(|piece| format!("{} | {}", piece.reason, show(&piece.raw)))
            .collect();
        assert_eq!(found, rejected, "rejections of {}", String::from_utf8_lossy(body));
    }

    #[test]
    fn every_wire_form_gives_the_same_events() {
        let one = r#"{"log_id":"1","date":"2023-02-11T11:15:36Z"}"#;
        let two = "{ \"date\" : \"x\",\n \"log_id\" : \"2\" }";
        let expected = [format!("1 {one}"), format!("2 {two}")];
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        let wrap = |event: &str| format!(r#"{{"log_id":"{}","data":{event}}}"#, &event[11..12]);
        let bus =
            |event: &str| format!(r#"{{"id":"u","detail-type":"x","detail":{{"data":{event}}}}}"#);
        let flat = two.replace('\n', " ");
        let flat_expected = [expected[0], &format!("2 {flat}")];
        for body in [
            format!("[{one},{two}]"),
            format!("\u{feff} [ {one} , {two} ]\n"),
            format!("{one}{two}"),
            format!("{one}\r\n{two}\r\n"),
            format!("[{one}]\n[{two}]"),
            format!(r#"{{"start":0,"total":2,"logs":[{one},{two}],"length":2}}"#),
            format!(r#"{{"event":{one}}}{{"event":{two}}}"#),
            format!(r#"[{{"data":{one},"x":1}},{}]"#, bus(two)),
        ] {
            check(body.as_bytes(), &expected, &[]);
        }
        check(format!("{}\n{flat}", wrap(one)).as_bytes(), &flat_expected, &[]);
    }

    #[test]
    fn ids_come_from_the_best_place() {
        for (body, expected) in [
            (r#"{"log_id":"o","data":{"log_id":"i","date":1}}"#, "o"),
            (r#"{"data":{"log_id":"i","date":1},"log_id":"o"}"#, "o"),
            (r#"{"id":"o","data":{"_id":"i","date":1}}"#, "i"),
            (r#"{"id":"c","_id":"b","log_id":"a","date":1}"#, "a"),
            (r#"{"id":"c","_id":"b","log_id":null,"date":1}"#, "b"),
            (r#"{"id":45016591484,"log_id":"","date":1}"#, "45016591484"),
            (r#"{"create":{"x":{},"_id":"u"},"id":3,"date":1}"#, "u"),
            (r#"{"log_id":"first","log_id":"second","date":1}"#, "first"),
            (r#"{"log_id":"\u0061b","date":1}"#, "ab"),
            (r#"{"date":1}"#, ""),
        ] {
            let decoded = read(&Bytes::copy_from_slice(body.as_bytes()), role);
            assert_eq!(decoded.events.len(), 1, "{body}");
            assert_eq!(decoded.events[0].id, expected, "{body}");
        }
    }

    #[test]
    fn an_event_with_a_member_named_like_an_envelope_stays_whole() {
        let body = r#"{"data":{"date":"x","log_id":"no"},"date":"y","log_id":"1"}"#;
        check(body.as_bytes(), &[&format!("1 {body}")], &[]);
        let deep = r#"{"data":{"data":{"data":{"data":{"log_id":"1"}}}}}"#;
        check(deep.as_bytes(), &[r#" {"data":{"log_id":"1"}}"#], &[]);
    }

    #[test]
    fn a_bad_piece_leaves_its_neighbours() {
        let a = r#"{"log_id":"1"}"#;
        let b = r#"{"log_id":"2"}"#;
        let (ra, rb) = (format!("1 {a}"), format!("2 {b}"));
        let both = [ra.as_str(), rb.as_str()];
        let cases: [(String, &[&str], &[&str]); 13] = [
            (format!("[{{}},{a}]"), &both[..1], &["an object without members | {}"]),
            (
                format!("[{a},7,{b},[{a}],null]"),
                &both,
                &[
                    "not a JSON object | 7",
                    r#"not a JSON object | [{"log_id":"1"}]"#,
                    "not a JSON object | null",
                ],
            ),
            (
                format!(r#"[{a},{{"log_id":}},{b}]"#),
                &both[..1],
                &[r#"malformed JSON: expected a value at byte 10 | {"log_id":},{"log_id":"2"}]"#],
            ),
            (format!("[{a},{b}"), &both, &["malformed JSON: text ends too early at byte 0 | "]),
            (
                format!("[{a} {b}]"),
                &both[..1],
                &[
                    r#"malformed JSON: expected a comma or a closing bracket at byte 0 | {"log_id":"2"}]"#,
                ],
            ),
            (
                format!("{a}\n{{\"log_id\":\n{b}\n"),
                &both,
                &["malformed JSON: text ends too early at byte 26 | {\"log_id\":\n"],
            ),
            (
                format!("{a}\nnot json\n  more\n{b}"),
                &both,
                &["malformed JSON: neither an object nor an array at byte 0 | not json\n  more\n"],
            ),
            (
                format!("{{\"x\n{a} tail\n{b}{b}{{"),
                &[&ra, &rb, &rb],
                &[
                    "malformed JSON: control character in a string at byte 3 | {\"x\n",
                    "malformed JSON: not an object at byte 0 | tail\n",
                    "malformed JSON: text ends too early at byte 1 | {",
                ],
            ),
            ("[]".to_owned(), &[], &[]),
            (String::new(), &[], &["empty body | "]),
            (" \n".to_owned(), &[], &["empty body |  \n"]),
            (
                "<html>".to_owned(),
                &[],
                &["malformed JSON: neither an object nor an array at byte 0 | <html>"],
            ),
            (
                "\"text\"".to_owned(),
                &[],
                &["malformed JSON: neither an object nor an array at byte 0 | \"text\""],
            ),
        ];
        for (body, events, rejected) in cases {
            check(body.as_bytes(), events, rejected);
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_are_rejected_alone() {
        let body = b"[{\"log_id\":\"1\"},{\"log_id\":\"\xff\"},{\"log_id\":\"2\"}]";
        check(
            body,
            &[r#"1 {"log_id":"1"}"#, r#"2 {"log_id":"2"}"#],
            &["not UTF-8 | {\"log_id\":\"\u{fffd}\"}"],
        );
        check(
            b"{\"log_id\":\"\xed\xa0\x80\"}",
            &[],
            &["not UTF-8 | {\"log_id\":\"\u{fffd}\u{fffd}\u{fffd}\"}"],
        );
    }

    #[test]
    fn limits_hold_at_their_edge() {
        let sized = |bytes: usize| format!(r#"{{"date":"{}"}}"#, "x".repeat(bytes - 11));
        let nested = |levels: usize| {
            format!(r#"{{"a":{}1{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1))
        };
        for (body, is_taken) in [
            (sized(EVENT_BYTES_MAX), true),
            (sized(EVENT_BYTES_MAX + 1), false),
            (nested(NESTING_LEVELS_MAX), true),
            (nested(NESTING_LEVELS_MAX + 1), false),
        ] {
            let decoded = read(&Bytes::from(format!(r#"[{body},{{"log_id":"1"}}]"#)), role);
            assert_eq!(decoded.events.len(), 1 + usize::from(is_taken), "{}", body.len());
            assert_eq!(decoded.rejected.len(), usize::from(!is_taken));
            assert!(decoded.rejected.iter().all(|piece| piece.raw.len() <= DEAD_LETTER_BYTES_MAX));
        }
    }

    #[test]
    fn raw_events_are_slices_of_the_body() {
        let body = Bytes::from_static(br#"[{"log_id":"1"}]"#);
        let decoded = read(&body, role);
        assert_eq!(decoded.events[0].raw.as_ptr(), body[1..].as_ptr());
    }

    #[test]
    fn many_broken_lines_cost_no_more_than_their_length() {
        // Were each line read to the end of the body, this would take minutes.
        let body = Bytes::from("{\"a\":[\n".repeat(500_000));
        let rejected = read(&body, role).rejected;
        assert_eq!(rejected.len(), REJECTED_PIECES_MAX + 1);
        let last = &rejected[REJECTED_PIECES_MAX].reason;
        assert_eq!(last, "499000 more pieces of this body could not be read");
    }

    fn an_event() -> impl Strategy<Value = String> {
        let value = prop_oneof![
            any::<i64>().prop_map(|number| number.to_string()),
            any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
            Just("[ {\"a\" :[]},null , 1e400]".to_owned()),
        ];
        let key = "[a-z_]{1,8}";
        (proptest::collection::vec((key, value), 0..6), "[ \t]{0,3}").prop_map(
            |(members, space)| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("\"k{key}\":{space}{value}"))
                    .collect();
                format!(
                    "{{\"date\":{space}1{}{}}}",
                    if members.is_empty() { "" } else { "," },
                    members.join(",")
                )
            },
        )
    }

    proptest! {
        #[test]
        fn any_wrapping_of_the_same_events_gives_the_same_events(
            events in proptest::collection::vec(an_event(), 1..8),
            enveloped in any::<u8>(),
            form in 0..4,
        ) {
            let wrapped: Vec<String> = events
                .iter()
                .enumerate()
                .map(|(at, event)| match (enveloped >> at) & 1 {
                    0 => event.clone(),
                    _ => format!("{{\"log_id\":\"9\", \"data\": {event} }}"),
                })
                .collect();
            let body = match form {
                0 => format!("[{}]", wrapped.join(" ,\n")),
                1 => wrapped.join("\n"),
                2 => wrapped.concat(),
                _ => format!("{{\"logs\":[{}]}}", wrapped.join(",")),
            };
            let decoded = read(&Bytes::from(body), role);
            prop_assert_eq!(decoded.rejected, vec![]);
            let found: Vec<&[u8]> = decoded.events.iter().map(|event| &*event.raw).collect();
            let expected: Vec<&[u8]> = events.iter().map(String::as_bytes).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_cut_body_loses_only_what_was_cut(events in proptest::collection::vec(an_event(), 1..6), cut in any::<prop::sample::Index>()) {
            let body = format!("[{}]", events.join(","));
            let mut end = cut.index(body.len());
            while !body.is_char_boundary(end) { end -= 1; }
            let decoded = read(&Bytes::from(body[..end].to_owned()), role);
            prop_assert!(decoded.events.len() <= events.len());
            for (found, written) in decoded.events.iter().zip(&events) {
                prop_assert_eq!(&*found.raw, written.as_bytes());
            }
            prop_assert!(!decoded.rejected.is_empty());
        }

        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            read(&Bytes::from(bytes), role);
        }
    }
}
