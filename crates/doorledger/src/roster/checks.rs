//! Whether an application would work, found out by doing what it does first, and told in words: is the address reachable,
//! is a token granted, is the permission there, can a page be read. Nothing of what is read is kept, and nothing is sent
//! to a destination.
//! Deliberately absent: the requests, which sources and destinations make as they always do.

use std::sync::Arc;
use std::time::Duration;

use api::{CheckState, TestCheck};
use bytes::Bytes;
use destinations::{ANSWER_BYTES_MAX, Credential, Destination, Parcel};
use http::{HeaderMap, Method};
use net::{EntraCredential, Request, TokenError};
use sources::{PollSource, SourceError, SourceErrorKind};

use crate::config::{ConfiguredSource, Way};
use crate::node::{self, FirstPage};
use crate::parts::Parts;

/// How long a whole test may take.
const TIME_MAX: Duration = Duration::from_secs(60);
/// How long the address of a destination may take to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);

/// How far the first page is from there: each stage needs the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Address,
    Token,
    Permission,
    FirstPage,
}

/// What is told of a stage that works.
const STAGES: [(Stage, &str, &str); 4] = [
    (Stage::Address, "address", "the provider answers"),
    (Stage::Token, "token", "the credential is accepted"),
    (Stage::Permission, "permission", "the log may be read"),
    (Stage::FirstPage, "first_page", "a page of the log was read"),
];

/// What each source comes to.
pub(super) async fn of_sources(parts: &Parts, sources: &[Arc<ConfiguredSource>]) -> Vec<TestCheck> {
    let mut checks = Vec::new();
    for source in sources {
        let name = &source.id.source;
        match &source.way {
            Way::Poll(poll) => checks.extend(of_poll(parts, name, poll.as_ref()).await),
            Way::Receive(_) => checks.push(of_receiver(parts, source)),
        }
    }
    checks
}

async fn of_poll(parts: &Parts, name: &str, poll: &dyn PollSource) -> Vec<TestCheck> {
    let asked = node::first_page(&parts.client, poll, parts.clock.now());
    match tokio::time::timeout(TIME_MAX, asked).await {
        Ok(found) => told(name, &found),
        Err(_) => {
            let message = format!("no page within {} seconds", TIME_MAX.as_secs());
            let hint = "the provider is slow or holds us back; try again later";
            vec![check(name, "first_page", CheckState::Failed, message, hint)]
        }
    }
}

/// One line for each stage up to the one that does not work.
fn told(name: &str, found: &FirstPage) -> Vec<TestCheck> {
    let failed = found.outcome.as_ref().err().map(|error| (stage(error, found.is_answered), error));
    let mut checks = Vec::new();
    for (at, what, words) in STAGES {
        match failed {
            Some((stage, error)) if stage == at => {
                let state = match error.kind {
                    SourceErrorKind::RateLimited => CheckState::Warning,
                    _ => CheckState::Failed,
                };
                checks.push(check(name, what, state, error.message.clone(), &error.hint));
                break;
            }
            _ => {
                let words = match (&found.outcome, at) {
                    (Ok(0), Stage::FirstPage) => "a page was read; nothing is in it yet".to_owned(),
                    (Ok(events), Stage::FirstPage) => format!("{words}, with {events} events"),
                    _ => words.to_owned(),
                };
                checks.push(check(name, what, CheckState::Ok, words, ""));
            }
        }
    }
    checks
}

/// Which stage an error is about, by the code that names it.
fn stage(error: &SourceError, is_answered: bool) -> Stage {
    let code = error.code.split_once('.').map_or(error.code, |(_, code)| code);
    match code {
        "unreachable" if !is_answered => Stage::Address,
        "not_found" | "not_json" => Stage::Address,
        "scope_missing" => Stage::Permission,
        code if code.starts_with("token") => Stage::Token,
        "grant_not_allowed" | "api_not_authorized" | "credential_refused" | "owner_deleted" => {
            Stage::Token
        }
        _ => Stage::FirstPage,
    }
}

/// A receiver is told; whether the provider does it is seen when it has.
fn of_receiver(parts: &Parts, source: &ConfiguredSource) -> TestCheck {
    let states = tokio::task::block_in_place(|| parts.journal.source_states()).unwrap_or_default();
    let state = states.iter().find(|state| state.source == source.id);
    match state.and_then(|state| state.last_received) {
        Some(at) => {
            let message = format!("the provider last sent something at {at}");
            check(&source.id.source, "received", CheckState::Ok, message, "")
        }
        None => {
            let hint = "give the provider address and secret, and let it send a test event";
            let message = "nothing has come yet".to_owned();
            check(&source.id.source, "received", CheckState::Warning, message, hint)
        }
    }
}

/// What can be known of a destination without sending events.
pub(super) async fn of_destination(parts: &Parts, destination: &dyn Destination) -> Vec<TestCheck> {
    let mut checks = vec![address(parts, destination).await];
    if let Credential::Entra(credential) = destination.credential() {
        checks.push(token(parts, &credential).await);
    }
    if checks.iter().all(|check| check.state == CheckState::Ok) {
        let message = "whether it takes events is seen with the first ones".to_owned();
        let hint = "look at its line in the list after it is saved";
        checks.push(check("", "events", CheckState::Ok, message, hint));
    }
    checks
}

/// Whether anything answers where events would be sent. The question carries no credential.
async fn address(parts: &Parts, destination: &dyn Destination) -> TestCheck {
    let nothing = Parcel {
        stream: String::new(),
        body: Bytes::new(),
        gzip: false,
        headers: HeaderMap::new(),
        events: Vec::new(),
    };
    let mut url = destination.request(&nothing, None, parts.clock.now()).url;
    url.set_path("/");
    url.set_query(None);
    let host = url.host_str().unwrap_or_default().to_owned();
    let request = Request {
        method: Method::GET,
        url,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: ANSWER_TIME_MAX,
    };
    match parts.client.send(request, ANSWER_BYTES_MAX).await {
        Ok(_) => check("", "address", CheckState::Ok, format!("{host} answers"), ""),
        Err(failure) => {
            let message = format!("{host} does not answer: {}", failure.reason());
            let hint = match failure.hint() {
                "" => "check the address, name resolution and the way there",
                hint => hint,
            };
            check("", "address", CheckState::Failed, message, hint)
        }
    }
}

async fn token(parts: &Parts, credential: &EntraCredential) -> TestCheck {
    let failed =
        |message: String, hint: &str| check("", "token", CheckState::Failed, message, hint);
    match tokio::time::timeout(TIME_MAX, parts.tokens.token(credential)).await {
        Ok(Ok(_)) => {
            check("", "token", CheckState::Ok, "the credential is accepted".to_owned(), "")
        }
        Ok(Err(error)) => match &error {
            TokenError::Refused { hint, .. } => failed(error.to_string(), hint),
            TokenError::Unavailable { .. } => failed(error.to_string(), "try again later"),
        },
        Err(_) => failed("no token came in time".to_owned(), "try again later"),
    }
}

/// A check of a source, or (without a name) of a destination.
fn check(source: &str, what: &str, state: CheckState, message: String, hint: &str) -> TestCheck {
    let name = if source.is_empty() { what.to_owned() } else { format!("{source}_{what}") };
    TestCheck { name, state, message, hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_is_told_up_to_the_one_that_does_not_work() {
        for (code, answered, expected) in [
            ("auth0.unreachable", false, "address"),
            ("auth0.not_found", true, "address"),
            ("auth0.credential_refused", true, "token"),
            ("auth0.api_not_authorized", true, "token"),
            ("auth0.token_refused", true, "token"),
            ("auth0.scope_missing", true, "permission"),
            ("onelogin.scope_missing", true, "permission"),
            ("auth0.broken_list", true, "first_page"),
            ("auth0.unreachable", true, "first_page"),
        ] {
            let error = SourceError {
                kind: SourceErrorKind::Refused,
                code,
                message: "m".to_owned(),
                hint: "h".to_owned(),
            };
            let checks = told("poll", &FirstPage { is_answered: answered, outcome: Err(error) });
            let last = checks.last().map(|check| (check.name.as_str(), check.state));
            assert_eq!(last, Some((&*format!("poll_{expected}"), CheckState::Failed)), "{code}");
            let before = checks.len() - 1;
            assert!(checks.iter().take(before).all(|check| check.state == CheckState::Ok));
        }
        let whole = told("poll", &FirstPage { is_answered: true, outcome: Ok(7) });
        assert_eq!(whole.len(), 4);
        assert!(whole.iter().all(|check| check.state == CheckState::Ok));
    }
}
