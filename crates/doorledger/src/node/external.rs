//! Files that queries read from outside, over the program's one client. Deliberately absent: which hosts may be asked
//! (`query` compares them with the settings), and formats.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{HeaderMap, Method};
use net::{Client, Request};
use query::{ExternalFiles, Fetch};
use url::Url;

use crate::config::Settings;

/// How long one file may take.
const FILE_TIME_MAX: Duration = Duration::from_secs(60);

/// What the settings allow. Without hosts there is no client either.
pub(super) fn files(settings: &Settings) -> Result<ExternalFiles> {
    let hosts = settings.external_hosts.clone();
    if hosts.is_empty() {
        return Ok(ExternalFiles::default());
    }
    let fetch: Arc<dyn Fetch> = Arc::new(Files(super::outgoing::client(settings)?));
    Ok(ExternalFiles { hosts, fetch: Some(fetch), ..ExternalFiles::default() })
}

/// Files by GET, without credentials. The client follows no redirects.
struct Files(Client);

impl Fetch for Files {
    fn fetch(&self, url: Url, bytes_max: usize) -> BoxFuture<'_, Result<Vec<u8>, String>> {
        let request = Request {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: FILE_TIME_MAX,
        };
        async move {
            let answer = self.0.send(request, bytes_max).await.map_err(|e| e.kind.to_string())?;
            if !answer.status.is_success() {
                return Err(format!("the answer was {}", answer.status));
            }
            Ok(answer.body.to_vec())
        }
        .boxed()
    }
}
