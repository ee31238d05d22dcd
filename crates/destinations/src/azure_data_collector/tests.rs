//! The signature against computed examples, requests and verdicts as golden text, and what becomes of unusual events.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use super::*;

/// A made-up pair, of the shape of real ones.
const WORKSPACE: &str = "97ce69d9-b4be-4241-8dbd-d265edcf06c4";
const KEY: &str =
    "SERsIYhgMVlJB6uPsq49gCxNiruf6v0vhMYE+lfzbSGcXjdViZdV/e5pEMTYtw9f8SkVLf4LFlLCc2KxtRZfCA==";

fn destination(extra: Value) -> Box<dyn Destination> {
    let mut written = json!({"workspace_id": WORKSPACE, "shared_key": KEY});
    let fields = written.as_object_mut().expect("fields");
    fields.extend(extra.as_object().expect("fields").clone());
    AzureDataCollector.validate(&written).expect("valid")
}

fn event(provider: &str, raw: impl Into<String>) -> Outgoing {
    Outgoing {
        source: Arc::new(SourceId {
            provider: provider.to_owned(),
            tenant: "acme".to_owned(),
            source: "poll".to_owned(),
        }),
        domain: Some("acme.eu.auth0.com".into()),
        offset: 1,
        id: "e-1".to_owned(),
        time: "2026-11-20T18:00:00Z".parse().ok(),
        received: "2026-11-20T18:00:01Z".parse().expect("a moment"),
        raw: Bytes::from(raw.into()),
    }
}

fn now() -> Timestamp {
    "2016-04-04T08:00:00Z".parse().expect("a moment")
}

fn told(request: &Request) -> String {
    let mut text = format!("{} {}\n", request.method, request.url);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {}\n", value.to_str().expect("text")));
    }
    format!("{text}\n{}", String::from_utf8_lossy(&request.body))
}

#[test]
fn the_signature_is_the_one_that_the_services_own_clients_compute() {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &BASE64.decode(KEY).expect("base64"));
    for (body_bytes, date, expected) in [
        (1024, "Mon, 04 Apr 2016 08:00:00 GMT", "9WOOz5W3lYV8+wcm1hn0Z+Qbwms0CpeReXxZI4uyNik="),
        (42, "Mon, 04 Apr 2016 08:00:00 GMT", "H1QaAkpzJVs59t18mZCJ8bwGv+Zp0woCxp4XQEiVlEI="),
        (38, "Fri, 20 Nov 2026 18:00:00 GMT", "OPunHfhnRAvJlEcRT+vQ4vULU1do4TXiquNdlo0/W4s="),
    ] {
        let signed = authorization(WORKSPACE, &key, body_bytes, date);
        assert_eq!(signed, format!("SharedKey {WORKSPACE}:{expected}"), "{body_bytes}");
    }
}

#[test]
fn the_length_that_is_signed_counts_bytes_and_not_characters() {
    let destination = destination(json!({}));
    let events =
        [event("auth0", r#"{"message":"hello"}"#), event("auth0", r#"{"message":"wörld"}"#)];
    let packed = destination.pack(&events);
    assert_eq!(packed.parcels[0].body.len(), 42);
    let request = destination.request(&packed.parcels[0], None, now());
    insta::assert_snapshot!(told(&request), @r#"
    POST https://97ce69d9-b4be-4241-8dbd-d265edcf06c4.ods.opinsights.azure.com/api/logs?api-version=2016-04-01
    log-type: Auth0AM
    content-type: application/json
    authorization: SharedKey 97ce69d9-b4be-4241-8dbd-d265edcf06c4:H1QaAkpzJVs59t18mZCJ8bwGv+Zp0woCxp4XQEiVlEI=
    x-ms-date: Mon, 04 Apr 2016 08:00:00 GMT

    [{"message":"hello"},{"message":"wörld"}]
    "#);
}

#[test]
fn every_try_is_signed_anew() {
    let destination = destination(json!({}));
    let packed = destination.pack(&[event("auth0", "{}")]);
    let later: Timestamp = "2016-04-04T08:00:01Z".parse().expect("a moment");
    let [first, second] =
        [now(), later].map(|now| destination.request(&packed.parcels[0], None, now).headers);
    assert_ne!(first["x-ms-date"], second["x-ms-date"]);
    assert_ne!(first[AUTHORIZATION], second[AUTHORIZATION]);
}

#[test]
fn providers_and_usable_times_have_parcels_of_their_own() {
    let destination = destination(json!({
        "log_type": {"onelogin": "OneLoginX"},
        "log_analytics_uri": "https://collector.example.com/azure/",
        "resource_id": "/subscriptions/s",
    }));
    let packed = destination.pack(&[
        event("auth0", r#"{"date":"2026-11-20T18:00:00.000Z","n":0}"#),
        event("onelogin", r#"{"event_timestamp":"2026-11-20 18:00:00 UTC","n":1}"#),
        event("okta", r#"{"n":2}"#),
        event("auth0", r#"{"date":"2026-11-20T18:00:00.000Z","n":3}"#),
        event("auth0", r#"{"date":"yesterday","n":4}"#),
        event("onelogin", r#"{"id":1,"created_at":"2026-11-20T18:00:00.000Z","n":5}"#),
    ]);
    let all: Vec<String> = packed
        .parcels
        .iter()
        .map(|parcel| {
            let mut request = destination.request(parcel, None, now());
            request.headers.remove(AUTHORIZATION);
            format!("{:?} to {}: {}", parcel.events, parcel.stream, told(&request))
        })
        .collect();
    insta::assert_snapshot!(all.join("\n---\n"), @r#"
    [0, 3] to Auth0AM: POST https://collector.example.com/azure/api/logs?api-version=2016-04-01
    log-type: Auth0AM
    time-generated-field: date
    x-ms-azureresourceid: /subscriptions/s
    content-type: application/json
    x-ms-date: Mon, 04 Apr 2016 08:00:00 GMT

    [{"date":"2026-11-20T18:00:00.000Z","n":0},{"date":"2026-11-20T18:00:00.000Z","n":3}]
    ---
    [1] to OneLoginX: POST https://collector.example.com/azure/api/logs?api-version=2016-04-01
    log-type: OneLoginX
    x-ms-azureresourceid: /subscriptions/s
    content-type: application/json
    x-ms-date: Mon, 04 Apr 2016 08:00:00 GMT

    [{"event_timestamp":"2026-11-20 18:00:00 UTC","n":1}]
    ---
    [4] to Auth0AM: POST https://collector.example.com/azure/api/logs?api-version=2016-04-01
    log-type: Auth0AM
    x-ms-azureresourceid: /subscriptions/s
    content-type: application/json
    x-ms-date: Mon, 04 Apr 2016 08:00:00 GMT

    [{"date":"yesterday","n":4}]
    ---
    [5] to OneLoginX: POST https://collector.example.com/azure/api/logs?api-version=2016-04-01
    log-type: OneLoginX
    time-generated-field: created_at
    x-ms-azureresourceid: /subscriptions/s
    content-type: application/json
    x-ms-date: Mon, 04 Apr 2016 08:00:00 GMT

    [{"id":1,"created_at":"2026-11-20T18:00:00.000Z","n":5}]
    "#);
}

#[test]
fn a_field_over_the_limit_is_cut_and_its_neighbours_are_not() {
    let destination = destination(json!({}));
    let long = "x".repeat(40_000);
    let events = [
        event("auth0", r#"{ "n": 1.0 }"#),
        event("auth0", format!(r#"{{"long":"{long}","o":{{"n": 1.0}}}}"#)),
        event("auth0", format!(r#"{{"a":"{0}","b":"{0}"}}"#, &long[..20_000])),
    ];
    let packed = destination.pack(&events);
    assert_eq!((packed.parcels.len(), packed.fields_cut), (1, 1));
    let sent: Vec<Box<serde_json::value::RawValue>> =
        serde_json::from_slice(&packed.parcels[0].body).expect("an array");
    assert_eq!(sent[0].get().as_bytes(), &events[0].raw[..]);
    assert_eq!(sent[2].get().as_bytes(), &events[2].raw[..]);
    let cut: Value = serde_json::from_str(sent[1].get()).expect("an object");
    let text = cut["long"].as_str().expect("text");
    assert!(text.len() <= FIELD_BYTES_MAX && text.ends_with("x…[cut, was 40000 bytes]"));
    assert!(sent[1].get().ends_with(r#""o":{"n": 1.0}}"#));
}

#[test]
fn a_large_event_that_cannot_be_read_is_refused_alone() {
    let destination = destination(json!({}));
    let broken = format!(r#"{{"a":"{}"#, "x".repeat(40_000));
    let deep = "[".repeat(40_000);
    let packed =
        destination.pack(&[event("auth0", "{}"), event("auth0", broken), event("auth0", deep)]);
    assert_eq!(packed.parcels[0].events, [0]);
    assert_eq!(
        packed.refused,
        [
            (1, "event e-1: not a JSON object".to_owned()),
            (2, "event e-1: nested deeper than 128 levels".to_owned())
        ]
    );
}

#[test]
fn answers_are_understood() {
    let at = |extra: Value, status: u16, code: &str, body_bytes: usize| {
        let destination = destination(extra);
        let mut parcel = destination.pack(&[event("auth0", "{}")]).parcels.remove(0);
        parcel.body = vec![b'x'; body_bytes].into();
        let mut headers = HeaderMap::new();
        if status == 429 {
            headers.insert("retry-after", HeaderValue::from_static("7"));
        }
        let body = match code {
            "" => Bytes::new(),
            code => Bytes::from(format!(r#"{{"Error":"{code}","Message":"…"}}"#)),
        };
        let status = StatusCode::from_u16(status).expect("a status");
        let verdict = destination.read(&parcel, &Answer { status, headers, body }, now());
        format!("{} {code} {body_bytes}: {verdict:?}", status.as_u16())
    };
    let own = json!({"log_analytics_uri": "https://collector.example.com"});
    let all = [
        at(json!({}), 200, "", 9),
        at(json!({}), 400, "InvalidDataFormat", 9),
        at(json!({}), 400, "InvalidCustomerId", 9),
        at(json!({}), 403, "InvalidAuthorization", 9),
        at(json!({}), 404, "", 9),
        at(json!({}), 404, "", 3_000_000),
        at(own.clone(), 404, "", 9),
        at(json!({}), 410, "", 9),
        at(json!({}), 413, "", 9),
        at(json!({}), 429, "", 9),
        at(json!({}), 503, "ServiceUnavailable", 9),
        at(json!({}), 301, "", 9),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    200  9: Delivered
    400 InvalidDataFormat 9: Refused("status 400 Bad Request: InvalidDataFormat: …")
    400 InvalidCustomerId 9: Stop { reason: "status 400 Bad Request: InvalidCustomerId: …", hint: "check `workspace_id`" }
    403 InvalidAuthorization 9: Stop { reason: "status 403 Forbidden: InvalidAuthorization: …", hint: "check `workspace_id` and `shared_key` (the workspace's primary or secondary key), and that this machine's clock is right within 15 minutes" }
    404  9: Stop { reason: "status 404 Not Found", hint: "Microsoft ended the HTTP Data Collector API on 14 September 2026: use the destination azure_logs_ingestion instead" }
    404  3000000: Split
    404  9: Stop { reason: "status 404 Not Found", hint: "check `log_analytics_uri`: nothing takes logs there" }
    410  9: Stop { reason: "status 410 Gone", hint: "Microsoft ended the HTTP Data Collector API on 14 September 2026: use the destination azure_logs_ingestion instead" }
    413  9: Split
    429  9: Retry { after_seconds: Some(7), reason: "status 429 Too Many Requests" }
    503 ServiceUnavailable 9: Retry { after_seconds: None, reason: "status 503 Service Unavailable: ServiceUnavailable: …" }
    301  9: Stop { reason: "status 301 Moved Permanently", hint: "check `workspace_id`, `cloud` and `log_analytics_uri`" }
    "#);
}

#[test]
fn a_host_that_is_gone_is_explained_and_another_trouble_is_waited_out() {
    let check = |extra: Value, kind: TransportErrorKind, stops: bool, says: &str| {
        let destination = destination(extra);
        let url = "https://w.ods.opinsights.azure.com".parse().expect("an address");
        let verdict = destination.read_failure(&TransportError::new(kind, &url));
        assert_eq!(matches!(verdict, Verdict::Stop { .. }), stops, "{verdict:?}");
        assert!(format!("{verdict:?}").contains(says), "{verdict:?}");
    };
    let own = json!({"log_analytics_uri": "https://collector.example.com"});
    check(json!({}), TransportErrorKind::UnknownHost, true, "azure_logs_ingestion");
    check(own, TransportErrorKind::UnknownHost, false, "no address found");
    check(json!({}), TransportErrorKind::TimedOut, false, "no answer in time");
    check(json!({}), TransportErrorKind::PlainHttp, true, "log_analytics_uri");
}

#[test]
fn what_is_wrong_is_told_at_once_and_no_secret_with_it() {
    let check = |written: Value| {
        let problems = AzureDataCollector.validate(&written).expect_err("wrong");
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let all = [
        check(json!({})),
        check(json!({
            "workspace_id": "evil.example.com/", "shared_key": "hunter2!", "log_type": "1-2",
            "log_analytics_uri": "http://collector.example.com", "post_bytes": 5, "cloud": "moon",
            "resource_id": "x", "tenants": [], "workspace": 1,
        })),
        check(json!({
            "workspace_id": WORKSPACE, "shared_key": KEY,
            "log_type": {"auth0": "A B", "okta": "Okta"}, "log_analytics_uri": "https://x.example.com/?a=b",
        })),
    ];
    insta::assert_snapshot!(all.join("\n---\n"), @r"
    workspace_id: is missing
      hint: the workspace's id, a GUID: in the Azure portal on the workspace's overview page
    shared_key: is missing
      hint: the workspace's primary or secondary key, in base64: in the Azure portal under Agents
    ---
    workspace_id: is not a workspace id
      hint: the workspace's id, a GUID: in the Azure portal on the workspace's overview page
    shared_key: is not base64
      hint: the workspace's primary or secondary key, in base64: in the Azure portal under Agents
    cloud: is not one of the choices
      hint: choose one of: public, usgov, china
    log_analytics_uri: must begin with https:// (http only to this machine)
      hint: write it like https://WORKSPACE-ID.ods.opinsights.azure.com
    log_type: is not a possible name
      hint: letters, digits and _ only, a letter first, at most 100; the table is this name and _CL
    post_bytes: must be between 1048576 and 30000000
    resource_id: is not an Azure resource id
      hint: write it like /subscriptions/…/resourceGroups/…/providers/…
    tenants: names no tenant
      hint: leave it out to send the events of all tenants
    workspace: is not a known field
      hint: did you mean `workspace_id`?
    ---
    log_analytics_uri: must be a plain address, without query or credentials
      hint: write it like https://WORKSPACE-ID.ods.opinsights.azure.com
    log_type.auth0: is not a possible name
      hint: letters, digits and _ only, a letter first, at most 100; the table is this name and _CL
    log_type.okta: is not a provider
      hint: known providers: auth0, onelogin
    ");
    let debug = format!("{:?}", destination(json!({})));
    assert!(debug.contains(WORKSPACE) && !debug.contains(&KEY[..20]), "{debug}");
}

#[test]
fn tenants_and_clouds_are_respected() {
    let chosen = destination(json!({"tenants": ["acme"], "cloud": "usgov"}));
    assert!(chosen.takes(&event("auth0", "{}").source));
    let other = SourceId { tenant: "other".to_owned(), ..(*event("auth0", "{}").source).clone() };
    assert!(!chosen.takes(&other));
    let parcel = chosen.pack(&[event("auth0", "{}")]).parcels.remove(0);
    let url = chosen.request(&parcel, None, now()).url;
    assert_eq!(url.host_str(), Some(&*format!("{WORKSPACE}.ods.opinsights.azure.us")));
}
