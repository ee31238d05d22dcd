//! Why no answer came: the kinds of failure between a request and its answer, told without the address's query string
//! and without any header. Deliberately absent: what an answer with an error status means; its reader knows that.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use rustls::pki_types::InvalidDnsNameError;
use url::Url;

use crate::names::NoAddress;

/// No answer came, or not a whole one.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind}: {host}")]
pub struct TransportError {
    /// What happened.
    pub kind: TransportErrorKind,
    /// The host that was asked, with its port if it is not the usual one.
    pub host: String,
    #[source]
    source: Option<Arc<reqwest::Error>>,
}

/// What happened to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// The address is `http://` and not on this machine. Nothing was sent.
    PlainHttp,
    /// The address or a header cannot be sent at all. Nothing was sent.
    Unsendable,
    /// The name service does not know the host, or did not answer. Nothing was sent.
    UnknownHost,
    /// No connection came about. Nothing was sent.
    Unreachable,
    /// The server's certificate was not accepted, or TLS failed in another way. Nothing was sent.
    Tls,
    /// The time allowed for the request ran out; whether the server acted on it is not known.
    TimedOut,
    /// The connection broke; whether the server acted on the request is not known.
    Interrupted,
    /// The answer is larger than the limit that was set for it.
    AnswerTooLarge {
        /// That limit.
        bytes_max: usize,
    },
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PlainHttp => f.write_str("plain http is for this machine only"),
            Self::Unsendable => f.write_str("the request cannot be sent"),
            Self::UnknownHost => f.write_str("no address found for the host"),
            Self::Unreachable => f.write_str("no connection to the host"),
            Self::Tls => f.write_str("no secure connection to the host"),
            Self::TimedOut => f.write_str("no answer in time from the host"),
            Self::Interrupted => f.write_str("the connection broke to the host"),
            Self::AnswerTooLarge { bytes_max } => {
                write!(f, "an answer of more than {bytes_max} bytes from the host")
            }
        }
    }
}

impl TransportError {
    /// A failure of the kind `kind` while asking `url`.
    #[must_use]
    pub fn new(kind: TransportErrorKind, url: &Url) -> Self {
        Self { kind, host: host(url), source: None }
    }

    /// What went wrong, down to its first cause, in one line.
    #[must_use]
    pub fn reason(&self) -> String {
        let mut cause: Option<&(dyn Error + 'static)> = self.source();
        let mut last = None;
        while let Some(found) = cause {
            last = Some(found);
            cause = found.source();
        }
        match last {
            Some(root) => format!("{self}: {root}"),
            None => self.to_string(),
        }
    }

    /// What a person can do about it; empty if waiting is all.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.kind {
            TransportErrorKind::PlainHttp => "write the address with https://",
            TransportErrorKind::Unsendable => "check the address",
            TransportErrorKind::UnknownHost => {
                "check the host name, and that this machine's name service works"
            }
            TransportErrorKind::Unreachable => {
                "check the address, the firewall and the proxy between here and there"
            }
            TransportErrorKind::Tls => {
                "if the server's certificate is signed by an authority of your own, configure \
                 that authority's certificate"
            }
            TransportErrorKind::TimedOut
            | TransportErrorKind::Interrupted
            | TransportErrorKind::AnswerTooLarge { .. } => "",
        }
    }

    pub(crate) fn from_reqwest(error: reqwest::Error, url: &Url) -> Self {
        // The address may hold a secret in its query, and reqwest would print it.
        let error = error.without_url();
        Self { kind: classify(&error), host: host(url), source: Some(Arc::new(error)) }
    }
}

fn host(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "no host".to_owned(),
    }
}

fn classify(error: &reqwest::Error) -> TransportErrorKind {
    if error.is_builder() || is_among_causes(error, |cause| cause.is::<InvalidDnsNameError>()) {
        TransportErrorKind::Unsendable
    } else if error.is_timeout() {
        TransportErrorKind::TimedOut
    } else if is_among_causes(error, |cause| cause.is::<NoAddress>()) {
        TransportErrorKind::UnknownHost
    } else if is_among_causes(error, |cause| cause.is::<rustls::Error>()) {
        TransportErrorKind::Tls
    } else if error.is_connect() {
        TransportErrorKind::Unreachable
    } else {
        TransportErrorKind::Interrupted
    }
}

/// Whether a cause fits. `io::Error` answers `source()` with the cause of what it wraps, so what it wraps must be looked at
/// separately.
fn is_among_causes(
    error: &(dyn Error + 'static),
    fits: fn(&(dyn Error + 'static)) -> bool,
) -> bool {
    let mut cause = Some(error);
    while let Some(found) = cause {
        let wrapped = found.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if fits(found) || wrapped.is_some_and(|wrapped| is_among_causes(wrapped, fits)) {
            return true;
        }
        cause = found.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("connect")]
    struct Connect(#[source] Box<dyn Error + Send + Sync>);

    #[test]
    fn a_cause_is_found_at_any_depth_and_within_an_io_error() {
        let is_tls = |cause: &(dyn Error + 'static)| cause.is::<rustls::Error>();
        let tls = || rustls::Error::General("bad".to_owned());
        assert!(is_among_causes(&tls(), is_tls));
        assert!(is_among_causes(&Connect(tls().into()), is_tls));
        assert!(is_among_causes(&Connect(io::Error::other(tls()).into()), is_tls));
        assert!(is_among_causes(
            &io::Error::other(Connect(io::Error::other(tls()).into())),
            is_tls
        ));
        assert!(!is_among_causes(&Connect(io::Error::other("other").into()), is_tls));
    }
}
