//! Tests of destinations against a simulated Azure: each thing that can be wrong is told as what it is, with what to do next,
//! and nothing is left there. Deliberately absent: what single answers mean (`destinations`).

use std::sync::Arc;

use model::SystemClock;
use serde_json::{Value, json};
use simulator::{AzureOptions, DataCollector, auth0_logs_columns, onelogin_events_columns};

use super::*;
use crate::roster::tests::supervisor;

/// What is changed of an Azure and of a destination that fit each other.
type Change = fn(&mut AzureOptions, &mut Value);

const AUTH0: &str = "Custom-Auth0Logs_CL";
const ONELOGIN: &str = "Custom-OneLoginEventsV2_CL";

fn source(provider: &str) -> SourceId {
    SourceId { provider: provider.into(), tenant: "acme".into(), source: "poll".into() }
}

/// Tests a destination of this kind: each check as `name state`, the advice of the ones that are not well, and how many
/// records Azure has got.
async fn test(kind: &str, change: Change, providers: &[&str]) -> (Vec<String>, String, u64) {
    let mut options = AzureOptions::default();
    options.streams.insert(AUTH0.to_owned(), auth0_logs_columns());
    options.streams.insert(ONELOGIN.to_owned(), onelogin_events_columns());
    let mut written = match kind {
        "azure_logs_ingestion" => json!({
            "endpoint": "", "authority": "", "dcr_immutable_id": options.rule_id,
            "identity": {
                "kind": "client_secret", "tenant_id": options.tenant_id, "client_id": options.client_id,
                "client_secret": options.client_secret.expose(),
            },
        }),
        _ => json!({
            "log_analytics_uri": "", "workspace_id": options.workspace_id,
            "shared_key": options.workspace_keys[1].expose(),
        }),
    };
    change(&mut options, &mut written);
    let azure = simulator::azure(options, Arc::new(SystemClock)).await.unwrap();
    for value in written.as_object_mut().unwrap().values_mut().filter(|value| *value == "") {
        *value = json!(azure.base_url);
    }
    let destination = destinations::find(kind).unwrap().validate(&written).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let supervisor = supervisor(folder.path());
    let sources: Vec<SourceId> = providers.iter().map(|provider| source(provider)).collect();
    let checks = of_destination(supervisor.parts(), destination.as_ref(), &sources).await;
    let words = |check: &TestCheck| format!("{} {:?}", check.name, check.state).to_lowercase();
    let advice = checks.iter().map(|check| check.hint.as_str()).filter(|hint| !hint.is_empty());
    let advice = advice.collect::<Vec<_>>().join("\n");
    for check in &checks {
        assert!(!check.message.is_empty(), "{check:?}");
        assert_eq!(check.hint.is_empty(), check.state == CheckState::Ok, "{check:?}");
    }
    let found = checks.iter().map(words).collect();
    let records = azure.account().tables.values().map(|table| table.records).sum();
    azure.shutdown().await;
    (found, advice, records)
}

/// What is wrong, how that comes, of which providers there are tenants, the checks behind address and token, and some words
/// of the advice.
type Row = (&'static str, Change, &'static [&'static str], &'static [&'static str], &'static str);

const BOTH: &[&str] = &["auth0", "onelogin"];

const LOGS_INGESTION: [Row; 11] = [
    (
        "nothing",
        |_, _| {},
        BOTH,
        &["rule ok", "permission ok", "stream_auth0 ok", "stream_onelogin ok", "columns warning"],
        "--check rule.json",
    ),
    (
        "the secret",
        |_, written| written["identity"]["client_secret"] = json!("another"),
        BOTH,
        &["token failed"],
        "",
    ),
    (
        "the role",
        |azure, _| azure.may_publish = false,
        BOTH,
        &["permission failed"],
        "Monitoring Metrics Publisher",
    ),
    (
        "the rule",
        |_, written| written["dcr_immutable_id"] = json!("dcr-00000000000000000000000000000000"),
        BOTH,
        &["rule failed"],
        "dcr_immutable_id",
    ),
    (
        "a stream",
        |_, written| written["streams"] = json!({"auth0": "Custom-Other_CL"}),
        BOTH,
        &[
            "rule ok",
            "stream_auth0 failed",
            "permission ok",
            "stream_onelogin ok",
            "columns warning",
        ],
        "declare `Custom-Other_CL` in the rule",
    ),
    (
        "every stream",
        |_, written| written["streams"] = json!("Custom-Other_CL"),
        &[],
        &["rule ok", "stream_auth0_onelogin failed"],
        "declare `Custom-Other_CL` in the rule",
    ),
    (
        "a stream that nobody needs",
        |azure, _| drop(azure.streams.remove(ONELOGIN)),
        &["auth0"],
        &[
            "rule ok",
            "permission ok",
            "stream_auth0 ok",
            "columns warning",
            "stream_onelogin warning",
        ],
        "declare `Custom-OneLoginEventsV2_CL`",
    ),
    (
        "the tenants",
        |_, written| written["tenants"] = json!(["nobody"]),
        BOTH,
        &[
            "rule ok",
            "permission ok",
            "stream_auth0 ok",
            "stream_onelogin ok",
            "tenants warning",
            "columns warning",
        ],
        "check `tenants`",
    ),
    (
        "the service",
        |azure, _| azure.ingestion_calls_per_minute = Some(1),
        BOTH,
        &["rule ok", "permission ok", "stream_auth0 ok", "columns warning", "service warning"],
        "later",
    ),
    (
        "the address",
        |_, written| written["endpoint"] = json!("http://127.0.0.1:1"),
        BOTH,
        &["address failed", "token ok"],
        "check the address",
    ),
    (
        "the audience",
        |_, written| written["audience"] = json!("https://vault.azure.net"),
        BOTH,
        &["token failed"],
        "`audience`",
    ),
];

#[tokio::test]
async fn what_is_wrong_with_logs_ingestion_is_told_as_what_it_is() {
    for (wrong, change, providers, expected, hint) in LOGS_INGESTION {
        let (found, advice, records) = test("azure_logs_ingestion", change, providers).await;
        assert_eq!(found, whole(expected, "token ok"), "{wrong}: {advice}");
        assert!(advice.contains(hint), "{wrong}: {advice}");
        assert_eq!(records, 0, "{wrong}");
    }
}

/// The checks that are told: what stands before them if all is well so far, unless they say it themselves.
fn whole(expected: &[&str], granted: &str) -> Vec<String> {
    let name = |check: &str| check.split(' ').next().unwrap_or_default().to_owned();
    let told: Vec<String> = expected.iter().map(|check| (*check).to_owned()).collect();
    let before = ["address ok", granted]
        .into_iter()
        .filter(|check| !check.is_empty() && !told.iter().any(|known| name(known) == name(check)));
    before.map(str::to_owned).chain(told.clone()).collect()
}

#[tokio::test]
async fn what_is_wrong_with_the_data_collector_is_told_as_what_it_is() {
    let cases: [(&str, Change, &[&str], &str); 5] = [
        ("nothing", |_, _| {}, &["key ok", "table_auth0 ok", "table_onelogin ok"], ""),
        (
            "the key",
            |_, written| written["shared_key"] = json!("YW5vdGhlciBrZXk="),
            &["key failed"],
            "check `workspace_id` and `shared_key`",
        ),
        (
            "the workspace",
            |_, written| written["workspace_id"] = json!("00000000-0000-0000-0000-000000000000"),
            &["workspace failed"],
            "check `workspace_id`",
        ),
        (
            "the service",
            |azure, _| azure.data_collector = DataCollector::Gone,
            &["service failed"],
            "nothing takes logs there",
        ),
        (
            "the address",
            |_, written| written["log_analytics_uri"] = json!("http://127.0.0.1:1"),
            &["address failed"],
            "check the address",
        ),
    ];
    for (wrong, change, expected, hint) in cases {
        let (found, advice, records) = test("azure_data_collector", change, &["auth0"]).await;
        assert_eq!(found, whole(expected, ""), "{wrong}: {advice}");
        assert!(advice.contains(hint), "{wrong}: {advice}");
        assert_eq!(records, 0, "{wrong}");
    }
}
