//! Scripted exchanges: what a poll is expected to send or wait for, what it is answered, what it makes of it. One row
//! each, as text.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use model::{Cursor, Timestamp};
use net::{Answer, Request};
use serde_json::Value;
use sources::{Outcome, Poll, PollSource, Step};

/// A poll with the moment that it believes to be now.
pub(crate) struct Driver {
    poll: Box<dyn Poll>,
    pub(crate) now: Timestamp,
}

/// What one step and its answer came to.
#[expect(clippy::large_enum_variant, reason = "one at a time, in a test")]
pub(crate) enum Stepped {
    /// It waited; the clock was moved to the end of the wait.
    Waited(String),
    /// It sent this.
    Sent(Request),
}

impl Driver {
    pub(crate) fn start(source: &dyn PollSource, cursor: Option<&str>, now: &str) -> Self {
        let now: Timestamp = now.parse().unwrap();
        let poll = source.start(cursor.map(|text| Cursor(text.to_owned())), now);
        Self { poll, now }
    }

    pub(crate) fn of(poll: Box<dyn Poll>, now: &str) -> Self {
        Self { poll, now: now.parse().unwrap() }
    }

    pub(crate) fn step(&mut self) -> Stepped {
        match self.poll.step(self.now) {
            Step::Send(request) => Stepped::Sent(request),
            Step::Wait { until, why } => {
                let wait = until.duration_since(self.now);
                self.now = until;
                Stepped::Waited(format!("wait {wait:#} {why:?}"))
            }
        }
    }

    pub(crate) fn answer(&mut self, answer: Result<&Answer, &str>) -> Outcome {
        self.poll.answer(answer, self.now)
    }

    /// Runs rows of `(expected step, answer, expected outcome)`. A row that expects a wait has no answer.
    #[track_caller]
    pub(crate) fn run(&mut self, rows: &[(&str, Option<Answer>, &str)]) {
        for (at, (expected, answer, outcome)) in rows.iter().enumerate() {
            match (self.step(), answer) {
                (Stepped::Waited(found), None) => assert_eq!(found, *expected, "row {at}"),
                (Stepped::Sent(request), Some(answer)) => {
                    assert_eq!(show_request(&request), *expected, "row {at}");
                    let found = show(&self.answer(Ok(answer)));
                    assert_eq!(found, *outcome, "row {at}");
                }
                (Stepped::Waited(found), Some(_)) => panic!("row {at}: {found}, not {expected}"),
                (Stepped::Sent(request), None) => {
                    panic!("row {at}: sent {}, not {expected}", show_request(&request))
                }
            }
        }
    }
}

/// `GET /path?query`, with the query decoded.
pub(crate) fn show_request(request: &Request) -> String {
    let pairs = request.url.query_pairs().map(|(name, value)| format!("{name}={value}"));
    let query = pairs.collect::<Vec<_>>().join("&");
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{} {}{mark}{query}", request.method, request.url.path())
}

/// An outcome in one line.
pub(crate) fn show(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Settled => "settled".to_owned(),
        Outcome::Failed(error) => format!("{:?} {}", error.kind, error.code),
        Outcome::Page { events, rejected, cursor, gap, more, .. } => {
            let mut line = format!("{} events", events.len());
            if !rejected.is_empty() {
                line += &format!(", {} rejected", rejected.len());
            }
            if let Some(Cursor(cursor)) = cursor {
                line += &format!(", cursor {cursor}");
            }
            if let Some(gap) = gap {
                line += &format!(", gap {}..{}: {}", gap.from, gap.until, gap.cause);
            }
            if *more {
                line += ", more";
            }
            line
        }
    }
}

/// An answer with a JSON body.
pub(crate) fn json(status: u16, body: &Value) -> Answer {
    text(status, &body.to_string())
}

/// An answer with any body.
pub(crate) fn text(status: u16, body: &str) -> Answer {
    let headers = HeaderMap::new();
    let body = Bytes::copy_from_slice(body.as_bytes());
    Answer { status: StatusCode::from_u16(status).unwrap(), headers, body }
}

/// The same answer with one more header.
pub(crate) fn with(mut answer: Answer, name: &str, value: &str) -> Answer {
    let name = HeaderName::try_from(name).unwrap();
    answer.headers.insert(name, HeaderValue::from_str(value).unwrap());
    answer
}
