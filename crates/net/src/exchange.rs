//! What is sent and what comes back, as plain values, so that sources and destinations stay free of I/O.
//! Deliberately absent: sending (`client`).

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// A request, whole.
#[derive(Clone)]
pub struct Request {
    /// GET, POST …
    pub method: Method,
    /// The absolute address. May hold secrets in its query string, so `Debug` leaves that out.
    pub url: url::Url,
    /// Headers; `Debug` shows their names only.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// From the first byte sent to the last byte received.
    pub timeout: Duration,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("path", &self.url.path())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// An answer, whole: the body was read to its end and is within the limit that the client was given.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}
