//! One event of each type, byte for byte: a change of a shape shows as a change of a file.
//! Deliberately absent: the rest of the events, which follow from the same code.

use std::collections::BTreeMap;

use serde_json::Value;
use simulator::{Attack, Auth0Options, OneLoginOptions, PageShape, UserAgentForm, auth0, onelogin};

use crate::support::clock;

/// The first event of each type, one a line, sorted by type.
fn firsts(events: &[impl AsRef<[u8]>], key: &str) -> String {
    let mut firsts = BTreeMap::new();
    for event in events {
        let text = std::str::from_utf8(event.as_ref()).unwrap();
        let parsed: Value = serde_json::from_str(text).unwrap();
        firsts.entry(parsed[key].to_string()).or_insert_with(|| text.to_owned());
    }
    firsts.into_values().collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn auth0_events_look_like_this() {
    for (name, shape, user_agents) in [
        ("absent", PageShape::Absent, UserAgentForm::Parsed),
        ("nulls", PageShape::Nulls, UserAgentForm::Raw),
    ] {
        let options =
            Auth0Options { events: Some(4_000), shape, user_agents, ..Auth0Options::default() };
        let running = auth0(options, clock()).await.unwrap();
        for attack in Attack::ALL {
            running.attack(attack, 1, false);
        }
        insta::assert_snapshot!(format!("auth0_{name}"), firsts(&running.events(), "type"));
    }
}

#[tokio::test]
async fn onelogin_events_look_like_this() {
    let options = OneLoginOptions { events: 4_000, ..OneLoginOptions::default() };
    let running = onelogin(options, clock()).await.unwrap();
    for attack in Attack::ALL {
        running.attack(attack, 1, false);
    }
    insta::assert_snapshot!("onelogin_api", firsts(&running.events(), "event_type_id"));
}
