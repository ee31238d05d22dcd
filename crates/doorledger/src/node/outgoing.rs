//! Everything that goes out shares one HTTP client and one cache of tokens; here they are made as configured.
//! Deliberately absent: what is sent.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use model::{Clock, Secret, Timestamp};
use net::{Client, ClientSettings, EntraTokens, ManagedEndpoint};
use sources::{Outcome, PollSource, SourceError, SourceErrorKind, Step};

use crate::commands::environment;
use crate::config::Settings;
use crate::exit::{Exit, Failure};

/// Requests that a first page may take: a token, a start cursor found by search, and the page.
const FIRST_PAGE_REQUESTS_MAX: usize = 8;
/// The largest answer read for a first page.
const FIRST_PAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The client, with the configured authority and proxy.
pub(crate) fn client(settings: &Settings) -> Result<Client> {
    let extra_roots_pem = match &settings.ca_certificate {
        None => None,
        Some(path) => Some(std::fs::read(path).map_err(|error| {
            Failure::error(
                Exit::Config,
                format!("network.ca_certificate: read `{}`: {error}", path.display()),
            )
        })?),
    };
    let proxy = settings.proxy.as_deref().map(Secret::new);
    let settings = ClientSettings { extra_roots_pem, proxy, ..ClientSettings::default() };
    Client::new(&settings).context("start the HTTP client")
}

/// The cache of bearer tokens. Where a managed identity is asked, the environment of the host tells.
pub(crate) fn tokens(client: &Client, clock: Arc<dyn Clock>) -> Result<EntraTokens> {
    let endpoint = environment("IDENTITY_ENDPOINT");
    let header = environment("IDENTITY_HEADER").map(Secret::new);
    let managed =
        ManagedEndpoint::from_variables(endpoint.as_deref(), header).ok_or_else(|| {
            Failure::error(Exit::Config, "the variable IDENTITY_ENDPOINT is not an address")
        })?;
    Ok(EntraTokens::new(client.clone(), clock, managed))
}

/// What came of asking for a first page.
pub(crate) struct FirstPage {
    /// Whether anybody answered.
    pub(crate) is_answered: bool,
    /// Events in the page, or the first trouble.
    pub(crate) outcome: Result<usize, SourceError>,
}

/// Does once what a poll does first: for `check --online`, and for whoever tests what is not saved yet.
pub(crate) async fn first_page(
    client: &Client,
    source: &dyn PollSource,
    now: Timestamp,
) -> FirstPage {
    let mut is_answered = false;
    let outcome = first_outcome(client, source, now, &mut is_answered).await;
    FirstPage { is_answered, outcome }
}

async fn first_outcome(
    client: &Client,
    source: &dyn PollSource,
    now: Timestamp,
    is_answered: &mut bool,
) -> Result<usize, SourceError> {
    let mut poll = source.start(None, now);
    for _ in 0..FIRST_PAGE_REQUESTS_MAX {
        let Step::Send(request) = poll.step(now) else { return Ok(0) };
        let answer =
            client.send(request, FIRST_PAGE_BYTES_MAX).await.map_err(|error| error.to_string());
        *is_answered |= answer.is_ok();
        match poll.answer(answer.as_ref().map_err(String::as_str), now) {
            Outcome::Page { events, .. } => return Ok(events.len()),
            Outcome::Settled => {}
            Outcome::Failed(error) => return Err(error),
        }
    }
    Err(SourceError {
        kind: SourceErrorKind::Malformed,
        code: "check.no_page",
        message: format!("{FIRST_PAGE_REQUESTS_MAX} requests did not lead to a page"),
        hint: "report this with the output of `doorledger check --online --json`".to_owned(),
    })
}
