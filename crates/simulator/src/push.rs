//! Delivering batches to a webhook: tries, waits, holds, repeats and disorders as a provider does.
//! Deliberately absent: what a batch looks like, which each provider writes itself.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use model::Secret;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, Result};

/// How long one delivery may take.
const DELIVERY_SECONDS_MAX: u64 = 30;

/// Where a provider pushes to, and how stubbornly.
#[derive(Debug, Clone)]
pub struct PushTarget {
    /// The webhook's address.
    pub url: String,
    /// Headers of every delivery, the authorization among them.
    pub headers: Vec<(String, Secret)>,
    /// `Content-Type` of every delivery.
    pub content_type: String,
    /// Whether bodies are compressed.
    pub gzip: bool,
    /// PEM of an authority to trust besides the usual ones.
    pub authority_pem: Option<String>,
    /// How often a batch is tried in a row.
    pub tries: u32,
    /// How long to wait between two tries in a row.
    pub pause: Duration,
    /// How long to hold a batch back after the last try in a row, before it starts again; `None` gives it up.
    pub hold: Option<Duration>,
}

impl PushTarget {
    /// A webhook with a value for `Authorization`: three tries a second apart, then a pause of ten.
    #[must_use]
    pub fn new(url: impl Into<String>, authorization: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            headers: vec![("Authorization".to_owned(), Secret::new(authorization))],
            content_type: "application/json".to_owned(),
            gzip: false,
            authority_pem: None,
            tries: 3,
            pause: Duration::from_secs(1),
            hold: Some(Duration::from_secs(10)),
        }
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The webhook said 2xx.
    Acknowledged,
    /// Every try failed, and the target wants no more of them.
    GivenUp,
}

/// How a try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// The webhook was not reached, or said anything but 2xx.
    Refused,
    /// The webhook was reached and did not answer: whether it took the batch cannot be known.
    Unanswered,
}

/// What to do after a try that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    TryAgain(Duration),
    StartAgain(Duration),
    GiveUp,
}

/// Delivers batches to one webhook.
pub(crate) struct Pusher {
    target: PushTarget,
    client: reqwest::Client,
    headers: HeaderMap,
}

impl Pusher {
    /// Prepares everything that can be wrong with a target.
    pub(crate) fn new(target: PushTarget) -> Result<Self> {
        let mut client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(DELIVERY_SECONDS_MAX));
        if let Some(pem) = &target.authority_pem {
            let authority =
                reqwest::Certificate::from_pem(pem.as_bytes()).map_err(Error::Client)?;
            client = client.tls_certs_merge([authority]);
        }
        let client = client.build().map_err(Error::Client)?;
        let headers = headers(&target)?;
        Ok(Self { target, client, headers })
    }

    /// Delivers one body. `failed` is called for each try that did not succeed.
    pub(crate) async fn deliver(&self, body: Bytes, mut failed: impl FnMut(Failed)) -> Delivery {
        let body = if self.target.gzip { packed(&body) } else { body };
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_once(body.clone()).await {
                Ok(()) => return Delivery::Acknowledged,
                Err(how) => failed(how),
            }
            match next(&self.target, tries) {
                Next::TryAgain(pause) => tokio::time::sleep(pause).await,
                Next::StartAgain(pause) => {
                    tokio::time::sleep(pause).await;
                    tries = 0;
                }
                Next::GiveUp => return Delivery::GivenUp,
            }
        }
    }

    async fn try_once(&self, body: Bytes) -> std::result::Result<(), Failed> {
        let request = self.client.post(&self.target.url).headers(self.headers.clone()).body(body);
        match request.send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(_) => Err(Failed::Refused),
            Err(error) => {
                let how = if error.is_connect() { Failed::Refused } else { Failed::Unanswered };
                tracing::debug!(error = %error.without_url(), "a delivery failed");
                Err(how)
            }
        }
    }
}

fn next(target: &PushTarget, tries: u32) -> Next {
    match target.hold {
        _ if tries < target.tries => Next::TryAgain(target.pause),
        Some(hold) => Next::StartAgain(hold),
        None => Next::GiveUp,
    }
}

fn headers(target: &PushTarget) -> Result<HeaderMap> {
    let wrong = |reason: &str| Error::Option { option: "headers", reason: reason.to_owned() };
    let mut headers = HeaderMap::new();
    let content_type = HeaderValue::try_from(&target.content_type)
        .map_err(|_| wrong("the content type is not a header value"))?;
    headers.insert(CONTENT_TYPE, content_type);
    if target.gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    for (name, value) in &target.headers {
        let name = HeaderName::try_from(name).map_err(|_| wrong("a name is not a header name"))?;
        let mut value =
            HeaderValue::try_from(value.expose()).map_err(|_| wrong("a value is not printable"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn packed(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    // Writing to memory does not fail; if it ever did, the webhook would refuse the empty body.
    written.unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_tries_then_a_hold_then_again() {
        let target = PushTarget::new("http://127.0.0.1:1/", "Bearer x");
        assert_eq!(next(&target, 1), Next::TryAgain(Duration::from_secs(1)));
        assert_eq!(next(&target, 2), Next::TryAgain(Duration::from_secs(1)));
        assert_eq!(next(&target, 3), Next::StartAgain(Duration::from_secs(10)));
        assert_eq!(next(&PushTarget { hold: None, ..target }, 3), Next::GiveUp);
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_refused_at_the_start() {
        let mut target = PushTarget::new("http://127.0.0.1:1/", "Bearer x");
        target.headers.push(("bad name".to_owned(), Secret::new("x")));
        assert!(headers(&target).unwrap_err().to_string().contains("header name"));
    }
}
