//! Whether a source would work, found out by doing what it does first, and told in words: is the address reachable, is a
//! token granted, is the permission there, can a page be read. Nothing of what is read is kept.
//! Deliberately absent: the requests, which sources make as they always do; and destinations (`goal_checks`).

use std::sync::Arc;
use std::time::Duration;

use api::{CheckState, TestCheck};
use sources::{PollSource, SourceError, SourceErrorKind};

use crate::config::{ConfiguredSource, Way};
use crate::node::{self, FirstPage};
use crate::parts::Parts;

/// How long a source may take to give a page, and an issuer to give a token.
pub(super) const TIME_MAX: Duration = Duration::from_secs(60);

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

/// A check of a source, or (without a name) of a destination.
pub(super) fn check(
    source: &str,
    what: &str,
    state: CheckState,
    message: String,
    hint: &str,
) -> TestCheck {
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
