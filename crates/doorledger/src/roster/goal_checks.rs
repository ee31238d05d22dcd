//! Whether a destination would take events, told in words: is its address reachable, is a token granted, and what does the
//! service say to an empty request to each stream or table. No event is sent, and none is left there.
//! Deliberately absent: the requests and what their answers mean, which destinations know (`destinations::Probe`).

use std::time::Duration;

use api::{CheckState, TestCheck};
use bytes::Bytes;
use destinations::{
    ANSWER_BYTES_MAX, Credential, Destination, Finding, Parcel, Probe, Soundness, Verdict,
};
use http::{HeaderMap, Method, StatusCode};
use model::{Secret, SourceId};
use net::{Answer, EntraCredential, Request, TokenError, TransportError};

use super::checks::{TIME_MAX, check};
use crate::parts::Parts;

/// How long a service may take to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);

/// What can be known of a destination without sending events. `sources` are all that there are: a stream that none of them
/// sends to may be missing.
pub(super) async fn of_destination(
    parts: &Parts,
    destination: &dyn Destination,
    sources: &[SourceId],
) -> Vec<TestCheck> {
    let mut checks = vec![address(parts, destination).await];
    if let Credential::Entra(credential) = destination.credential() {
        checks.push(token(parts, &credential).await.0);
    }
    if !sources.is_empty() && !sources.iter().any(|source| destination.takes(source)) {
        let message = "no tenant's events go there as it is written".to_owned();
        let hint = "check `tenants`: it takes the names of tenants that there are";
        checks.push(check("", "tenants", CheckState::Warning, message, hint));
    }
    if checks.iter().any(|check| check.state == CheckState::Failed) {
        return checks;
    }
    let probes = destination.probes();
    if probes.is_empty() {
        let message = "whether it takes events is seen with the first ones".to_owned();
        let hint = "look at its line in the list after it is saved";
        checks.push(check("", "events", CheckState::Ok, message, hint));
    }
    for probe in &probes {
        let is_used = sources.is_empty()
            || sources
                .iter()
                .any(|it| probe.providers.contains(&it.provider) && destination.takes(it));
        let findings = probed(parts, destination, probe).await;
        for found in findings.iter().map(|finding| told(probe, finding, is_used)) {
            add(&mut checks, found);
        }
    }
    // What somebody should look at stands behind what is known.
    checks.sort_by_key(|check| check.state == CheckState::Warning);
    checks
}

/// A finding as a check. What is wrong with a place that no event goes to is worth a look, no more.
fn told(probe: &Probe, finding: &Finding, is_used: bool) -> TestCheck {
    let name = match finding.is_of_place {
        true => format!("{}_{}", finding.about, probe.providers.join("_")),
        false => finding.about.to_owned(),
    };
    let (mut state, mut message) = match finding.soundness {
        Soundness::Sound => (CheckState::Ok, finding.words.clone()),
        Soundness::Unknown => (CheckState::Warning, finding.words.clone()),
        Soundness::Wrong => (CheckState::Failed, finding.words.clone()),
    };
    if finding.is_of_place && !is_used && state == CheckState::Failed {
        state = CheckState::Warning;
        message.push_str("; no tenant sends events there yet");
    }
    check("", &name, state, message, &finding.hint)
}

/// Adds a check, once: of two of one name the worse one is told.
fn add(checks: &mut Vec<TestCheck>, found: TestCheck) {
    let gravity = |check: &TestCheck| match check.state {
        CheckState::Ok => 0,
        CheckState::Warning => 1,
        CheckState::Failed => 2,
    };
    match checks.iter_mut().find(|known| known.name == found.name) {
        Some(known) if gravity(known) < gravity(&found) => *known = found,
        Some(_) => {}
        None => checks.push(found),
    }
}

/// What the service says to an empty request. A token that it does not accept may be an old one: it is renewed once.
async fn probed(parts: &Parts, destination: &dyn Destination, probe: &Probe) -> Vec<Finding> {
    let mut is_renewed = false;
    loop {
        let (credential, token) = match destination.credential() {
            Credential::Own => (None, None),
            Credential::Entra(credential) => {
                let token = token(parts, &credential).await.1;
                (Some(credential), token)
            }
        };
        let answer = match asked(parts, destination, probe, token.as_ref()).await {
            Ok(answer) => answer,
            Err(failure) => return vec![unanswered(destination, &failure)],
        };
        match (credential, token) {
            (Some(credential), Some(token))
                if answer.status == StatusCode::UNAUTHORIZED && !is_renewed =>
            {
                is_renewed = true;
                parts.tokens.forget(&credential, &token);
            }
            _ => return destination.read_probe(probe, &answer, parts.clock.now()),
        }
    }
}

async fn asked(
    parts: &Parts,
    destination: &dyn Destination,
    probe: &Probe,
    token: Option<&Secret>,
) -> Result<Answer, TransportError> {
    let request = destination.request(&probe.parcel, token, parts.clock.now());
    parts.client.send(Request { timeout: ANSWER_TIME_MAX, ..request }, ANSWER_BYTES_MAX).await
}

/// No answer came, although the host answers.
fn unanswered(destination: &dyn Destination, failure: &TransportError) -> Finding {
    Finding {
        about: "service",
        is_of_place: false,
        soundness: Soundness::Unknown,
        words: format!("no answer came: {}", failure.reason()),
        hint: advice(destination, failure),
    }
}

/// What to do if no answer comes.
fn advice(destination: &dyn Destination, failure: &TransportError) -> String {
    match (destination.read_failure(failure), failure.hint()) {
        (Verdict::Stop { hint, .. }, _) if !hint.is_empty() => hint,
        (_, "") => "check the address, name resolution and the way there".to_owned(),
        (_, hint) => hint.to_owned(),
    }
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
            check("", "address", CheckState::Failed, message, &advice(destination, &failure))
        }
    }
}

/// Whether a token is granted, and the token.
async fn token(parts: &Parts, credential: &EntraCredential) -> (TestCheck, Option<Secret>) {
    let failed =
        |message: String, hint: &str| (check("", "token", CheckState::Failed, message, hint), None);
    match tokio::time::timeout(TIME_MAX, parts.tokens.token(credential)).await {
        Ok(Ok(token)) => {
            let message = "the credential is accepted".to_owned();
            (check("", "token", CheckState::Ok, message, ""), Some(token))
        }
        Ok(Err(error)) => match &error {
            TokenError::Refused { hint, .. } => failed(error.to_string(), hint),
            TokenError::Unavailable { .. } => failed(error.to_string(), "try again later"),
        },
        Err(_) => failed("no token came in time".to_owned(), "try again later"),
    }
}

#[cfg(test)]
mod tests;
