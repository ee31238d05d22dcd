//! What users write: the least that works, and every mistake told at once.

use std::path::Path;

use model::untold;
use serde_json::{Value, json};
use sources::{ALL, find};

#[track_caller]
fn problems(provider: &str, kind: &str, written: &Value) -> Vec<String> {
    let provider = find(provider).unwrap();
    let problems = match kind {
        "poll" => provider.poll(written).err(),
        _ => provider.receive(written).err(),
    };
    problems.unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn the_least_and_the_most_that_works() {
    for (provider, kind, written) in [
        (
            "auth0",
            "poll",
            json!({"domain": "acme.eu.auth0.com", "client_id": "i", "client_secret": "s"}),
        ),
        ("auth0", "poll", json!({"domain": "https://acme.eu.auth0.com/", "access_token": "t"})),
        ("auth0", "poll", json!({"base_url": "http://127.0.0.1:9", "access_token": "t"})),
        (
            "auth0",
            "poll",
            json!({
                "domain": "login.acme.example", "base_url": "https://proxy.example/auth0",
                "audience": "https://acme.eu.auth0.com/api/v2/", "client_id": "i", "client_secret": "s",
                "start": "retention", "rate_share": 0.25, "interval": "30s", "take": 50, "retention_days": 5,
            }),
        ),
        ("auth0", "stream", json!({"tokens": ["a", "b"]})),
        ("auth0", "stream", json!({"tokens": "a", "domain": "https://acme.eu.auth0.com"})),
        ("onelogin", "poll", json!({"subdomain": "acme", "client_id": "i", "client_secret": "s"})),
        (
            "onelogin",
            "poll",
            json!({"subdomain": "https://acme.onelogin.com/", "client_id": "i", "client_secret": "s"}),
        ),
        ("onelogin", "poll", json!({"region": "eu", "client_id": "i", "client_secret": "s"})),
        (
            "onelogin",
            "poll",
            json!({
                "base_url": "http://[::1]:9/", "client_id": "i", "client_secret": "s", "auth_style": "form",
                "start": "2026-01-01", "rate_share": 1, "interval": 60, "overlap": "1h", "limit": 50,
            }),
        ),
        ("onelogin", "webhook", json!({"header": "X-OneLogin-Token", "tokens": "a"})),
    ] {
        assert_eq!(problems(provider, kind, &written), [""; 0], "{written}");
    }
}

#[test]
fn every_mistake_is_told_at_once_with_what_to_do() {
    let cases = [
        (
            "auth0",
            "poll",
            json!({
                "domian": "acme", "base_url": "http://acme.example", "client_secret": "hush", "take": 101,
                "private_key": "no key", "rate_share": 0, "interval": "soon", "start": "then",
            }),
        ),
        ("auth0", "poll", json!({})),
        ("auth0", "poll", json!({"domain": "acme.example/path", "access_token": "two words"})),
        ("auth0", "poll", json!({"domain": "acme.eu.auth0.com", "client_secret": "hush"})),
        (
            "onelogin",
            "poll",
            json!({
                "subdomain": "acme.evil.example", "client_id": "i", "client_secret": "a b",
                "auth_style": "digest", "limits": 5, "overlap": "3d",
            }),
        ),
        ("auth0", "stream", json!({"tokens": "a", "domain": "acme.example/path"})),
        ("onelogin", "poll", json!({})),
        ("onelogin", "poll", json!("acme")),
        ("onelogin", "webhook", json!({"header": "not a header"})),
    ];
    let told = cases.map(|(provider, kind, written)| {
        format!("{provider} {kind} {written}\n{}", problems(provider, kind, &written).join("\n"))
    });
    insta::assert_snapshot!("mistakes", told.join("\n\n"));
}

#[test]
fn a_tenants_domain_is_told_however_it_is_written() {
    for (provider, written, expected) in [
        ("auth0", json!({"domain": "acme.eu.auth0.com"}), Some("acme.eu.auth0.com")),
        ("auth0", json!({"domain": " https://ACME.eu.auth0.com/ "}), Some("acme.eu.auth0.com")),
        ("auth0", json!({"domain": "http://127.0.0.1:8080"}), Some("127.0.0.1:8080")),
        // A proxy or a stand-in is where to ask, not whom.
        ("auth0", json!({"base_url": "https://proxy.example/auth0"}), None),
        ("auth0", json!({"domain": "two words"}), None),
        ("auth0", json!({"domain": 5}), None),
        ("auth0", json!({"tokens": "a"}), None),
        ("auth0", json!(null), None),
        ("onelogin", json!({"subdomain": "acme"}), None),
    ] {
        let found = find(provider).unwrap().domain(&written);
        assert_eq!(found.as_deref(), expected, "{written}");
    }
}

#[test]
fn the_manual_tells_of_every_field() {
    for provider in ALL {
        let page = format!("../../docs/sources/{}.md", provider.name());
        let page =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
        assert_eq!(untold(&page, &provider.poll_schema()), [""; 0], "{}", provider.name());
        assert_eq!(untold(&page, &provider.receive_schema()), [""; 0], "{}", provider.name());
    }
}
