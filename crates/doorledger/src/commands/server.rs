//! The command line's own connection to a running server.
//! Deliberately absent: what is asked and how the answer is shown.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use net::{Answer, Client, ClientSettings, Request};
use serde_json::Value;
use url::Url;

use crate::cli;
use crate::exit::{Exit, Failure};

/// The largest answer that is taken from a server.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Longest wait for an answer: a little more than a query may take.
const TIMEOUT: Duration = Duration::from_secs(660);

/// A server to ask.
pub(super) struct Server {
    client: Client,
    url: Url,
    token: Option<HeaderValue>,
}

impl Server {
    /// The server that the options name.
    pub(super) fn of(options: &cli::Server) -> Result<Self> {
        let url = Url::parse(&options.url).map_err(|error| {
            Failure::error(Exit::Config, format!("--url is not an address: {error}"))
        })?;
        let token = match &options.token_file {
            None => None,
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    Failure::error(Exit::Io, format!("read {}: {error}", path.display()))
                })?;
                let mut value =
                    HeaderValue::try_from(format!("Bearer {}", text.trim())).map_err(|_| {
                        Failure::error(Exit::Config, format!("{} holds no token", path.display()))
                    })?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let client = Client::new(&ClientSettings::default()).context("start the HTTP client")?;
        Ok(Self { client, url, token })
    }

    /// Gets a JSON document.
    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        json(&self.send(Method::GET, path, "application/json", Bytes::new()).await?)
    }

    /// Posts a JSON document and gets one.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let body = Bytes::from(body.to_string());
        json(&self.send(Method::POST, path, "application/json", body).await?)
    }

    /// Sends bytes and gets the answer, if it is a good one.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        accept: &'static str,
        body: Bytes,
    ) -> Result<Answer> {
        let url = self.url.join(path).context("make the address")?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(token) = &self.token {
            headers.insert(AUTHORIZATION, token.clone());
        }
        let request = Request { method, url, headers, body, timeout: TIMEOUT };
        let answer = self.client.send(request, ANSWER_BYTES_MAX).await.map_err(|error| {
            let hint = format!(
                "is a server running at {}? start one with `doorledger serve` or `doorledger demo`",
                self.url
            );
            Failure::error(Exit::Unavailable, format!("{error}\n  hint: {hint}"))
        })?;
        if answer.status.is_success() { Ok(answer) } else { Err(refusal(&answer)) }
    }
}

fn json(answer: &Answer) -> Result<Value> {
    serde_json::from_slice(&answer.body).context("the server's answer is not JSON")
}

/// What the server said, as the user should read it.
fn refusal(answer: &Answer) -> anyhow::Error {
    let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| problem[name].as_str().filter(|text| !text.is_empty());
    let mut message = text("detail")
        .or(text("title"))
        .map_or_else(|| format!("the server answered {}", answer.status), str::to_owned);
    if let Some(code) = text("code") {
        message = format!("{code}: {message}");
    }
    if let Some(hint) = text("hint") {
        message = format!("{message}\n  hint: {hint}");
    }
    let exit = match answer.status {
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY => {
            Exit::Data
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Exit::Permission,
        _ => Exit::Unavailable,
    };
    Failure::error(exit, message)
}
