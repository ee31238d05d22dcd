//! Requests, verdicts and problems as golden text, and the limit of a call.

use std::io::Read;
use std::sync::Arc;

use flate2::read::GzDecoder;
use http::StatusCode;
use net::EntraIdentity;
use serde_json::json;

use super::*;

const DCR: &str = "dcr-0123456789abcdef0123456789abcdef";

fn written() -> Value {
    json!({
        "endpoint": "https://x-ab12.westeurope-1.ingest.monitor.azure.com",
        "dcr_immutable_id": DCR,
        "identity": {
            "kind": "client_secret", "tenant_id": "t", "client_id": "c", "client_secret": "hunter2",
        },
    })
}

fn destination(extra: Value) -> Box<dyn Destination> {
    let mut written = written();
    let fields = written.as_object_mut().expect("fields");
    fields.extend(extra.as_object().expect("fields").clone());
    AzureLogsIngestion.validate(&written).expect("valid")
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
    "2026-11-20T18:00:02Z".parse().expect("a moment")
}

fn body(parcel: &Parcel) -> String {
    let mut text = String::new();
    if parcel.gzip {
        GzDecoder::new(&parcel.body[..]).read_to_string(&mut text).expect("gzip");
    } else {
        text.push_str(std::str::from_utf8(&parcel.body).expect("text"));
    }
    text
}

fn told(destination: &dyn Destination, parcel: &Parcel) -> String {
    let request = destination.request(parcel, Some(&Secret::new("token")), now());
    let mut text = format!("{} {}\n", request.method, request.url);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {}\n", value.to_str().expect("text")));
    }
    format!("{text}\n{}", body(parcel))
}

#[test]
fn each_provider_has_its_stream() {
    let destination = destination(json!({}));
    let packed = destination.pack(&[
        event("auth0", r#"{"date":"2026-11-20T18:00:00.000Z","type":"s","log_id":"1"}"#),
        event("onelogin", r#"{"id":2,"event_type_id":5,"created_at":"2026-11-20T18:00:00.000Z"}"#),
        event("okta", "{}"),
        event("auth0", r#"{"date":"2026-11-20T18:00:00.000Z","type":"s","log_id":"3"}"#),
    ]);
    let told: Vec<String> =
        packed.parcels.iter().map(|parcel| told(&*destination, parcel)).collect();
    insta::assert_snapshot!(told.join("\n---\n"), @r#"
    POST https://x-ab12.westeurope-1.ingest.monitor.azure.com/dataCollectionRules/dcr-0123456789abcdef0123456789abcdef/streams/Custom-Auth0Logs_CL?api-version=2023-01-01
    content-type: application/json
    x-ms-client-request-id: 4e6b8209-57e0-8c66-a7cb-8f9e12dce02f
    content-encoding: gzip
    authorization: Bearer token

    [{"date":"2026-11-20T18:00:00.000Z","type":"s","log_id":"1","Auth0Domain":"acme.eu.auth0.com"},{"date":"2026-11-20T18:00:00.000Z","type":"s","log_id":"3","Auth0Domain":"acme.eu.auth0.com"}]
    ---
    POST https://x-ab12.westeurope-1.ingest.monitor.azure.com/dataCollectionRules/dcr-0123456789abcdef0123456789abcdef/streams/Custom-OneLoginEventsV2_CL?api-version=2023-01-01
    content-type: application/json
    x-ms-client-request-id: 53656690-66e1-8491-b8c7-7f55a65469b0
    authorization: Bearer token

    [{"id":2,"event_type_id":5,"created_at":"2026-11-20T18:00:00.000Z"}]
    "#);
}

#[test]
fn one_stream_may_take_all_providers_as_raw_records() {
    let destination = destination(json!({
        "shape": "raw", "streams": "Custom-Identity", "endpoint": "http://127.0.0.1:9/base/",
    }));
    let packed = destination.pack(&[event("auth0", r#"{"n":1.0}"#), event("onelogin", "{}")]);
    insta::assert_snapshot!(told(&*destination, &packed.parcels[0]), @r#"
    POST http://127.0.0.1:9/base/dataCollectionRules/dcr-0123456789abcdef0123456789abcdef/streams/Custom-Identity?api-version=2023-01-01
    content-type: application/json
    x-ms-client-request-id: 5670bed5-e957-8ae5-aabf-dc6c4a581e6e
    content-encoding: gzip
    authorization: Bearer token

    [{"TimeGenerated":"2026-11-20T18:00:00.000000Z","TimeReceived":"2026-11-20T18:00:01.000000Z","Provider":"auth0","Tenant":"acme","Source":"poll","EventId":"e-1","RawEvent":{"n":1.0}},{"TimeGenerated":"2026-11-20T18:00:00.000000Z","TimeReceived":"2026-11-20T18:00:01.000000Z","Provider":"onelogin","Tenant":"acme","Source":"poll","EventId":"e-1","RawEvent":{}}]
    "#);
}

#[test]
fn a_call_is_below_the_limit_raw_and_packed() {
    let destination = destination(json!({"shape": "raw"}));
    let events: Vec<Outgoing> = (0..900)
        .map(|n| event("auth0", format!(r#"{{"n":{n},"a":"{}"}}"#, "x".repeat(1500))))
        .collect();
    let packed = destination.pack(&events);
    assert_eq!(packed.parcels.len(), 2);
    for parcel in &packed.parcels {
        assert!(parcel.gzip && parcel.body.len() < 100_000);
        assert!(body(parcel).len() <= CALL_BYTES_MAX);
    }
    assert!(body(&packed.parcels[0]).len() > CALL_BYTES_MAX - 2000);
}

#[test]
fn an_event_that_no_call_can_hold_is_refused_alone_and_by_name() {
    let destination = destination(json!({}));
    // Each column is cut to its limit; together they are still too many.
    let columns = [
        "type",
        "description",
        "connection",
        "client_id",
        "client_name",
        "ip",
        "user_agent",
        "hostname",
        "user_id",
        "user_name",
        "audience",
        "scope",
        "strategy",
        "strategy_type",
        "log_id",
        "tenant_name",
    ];
    let fields: Vec<String> =
        columns.iter().map(|name| format!(r#""{name}":"{}""#, "x".repeat(65_000))).collect();
    let packed = destination.pack(&[
        event("auth0", "{}"),
        event("auth0", format!("{{{}}}", fields.join(","))),
        event("auth0", "[]"),
    ]);
    assert_eq!(packed.parcels[0].events, [0]);
    let refused: Vec<String> =
        packed.refused.iter().map(|(position, reason)| format!("{position} {reason}")).collect();
    insta::assert_snapshot!(refused.join("\n"), @r"
    1 event e-1 needs 1040300 bytes, the service takes calls of less than 1,000,000
    2 event e-1: not a JSON object
    ");
}

#[test]
fn the_request_id_follows_from_the_content() {
    let id = |raw: &str| {
        let parcel = destination(json!({})).pack(&[event("auth0", raw)]).parcels.remove(0);
        parcel.headers["x-ms-client-request-id"].to_str().expect("text").to_owned()
    };
    assert_eq!(id(r#"{"type":"s"}"#), id(r#"{"type":"s"}"#));
    assert_ne!(id(r#"{"type":"s"}"#), id(r#"{"type":"f"}"#));
    let shape: String =
        id("{}").chars().map(|c| if c.is_ascii_hexdigit() { 'h' } else { c }).collect();
    assert_eq!(shape, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh");
    assert_eq!(&id("{}")[14..15], "8");
}

#[test]
fn answers_are_understood() {
    let destination = destination(json!({}));
    let parcel = destination.pack(&[event("auth0", "{}")]).parcels.remove(0);
    let at = |status: u16, code: &str| {
        let mut headers = HeaderMap::new();
        if status == 429 {
            headers.insert("retry-after", HeaderValue::from_static("7"));
        }
        let body = match code {
            "" => Bytes::new(),
            code => Bytes::from(format!(r#"{{"error":{{"code":"{code}","message":"…"}}}}"#)),
        };
        let status = StatusCode::from_u16(status).expect("a status");
        let verdict = destination.read(&parcel, &Answer { status, headers, body }, now());
        format!("{} {code}: {verdict:?}", status.as_u16())
    };
    let all = [
        at(204, ""),
        at(200, ""),
        at(302, ""),
        at(400, "InvalidRequestContent"),
        at(400, "InvalidStream"),
        at(401, ""),
        at(403, "OperationFailed"),
        at(404, "NotFound"),
        at(413, "ContentLengthLimitExceeded"),
        at(429, ""),
        at(408, ""),
        at(503, ""),
        at(415, ""),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    204 : Delivered
    200 : Stop { reason: "status 200 OK, where 204 is the only success", hint: "check `endpoint`: something else answers there" }
    302 : Stop { reason: "status 302 Found, where 204 is the only success", hint: "check `endpoint`: something else answers there" }
    400 InvalidRequestContent: Refused("status 400 Bad Request: InvalidRequestContent: …")
    400 InvalidStream: Stop { reason: "status 400 Bad Request: InvalidStream: …", hint: "check `dcr_immutable_id` and `streams`" }
    401 : TokenExpired
    403 OperationFailed: Stop { reason: "status 403 Forbidden: OperationFailed: …", hint: "give the identity the role \"Monitoring Metrics Publisher\" on the data collection rule (not on the workspace or the endpoint alone). A new assignment takes up to 30 minutes to count" }
    404 NotFound: Stop { reason: "status 404 Not Found: NotFound: …", hint: "check `endpoint`, `dcr_immutable_id` and `streams`: the rule must exist, declare the stream, and be in the endpoint's region" }
    413 ContentLengthLimitExceeded: Split
    429 : Retry { after_seconds: Some(7), reason: "status 429 Too Many Requests" }
    408 : Retry { after_seconds: None, reason: "status 408 Request Timeout" }
    503 : Retry { after_seconds: None, reason: "status 503 Service Unavailable" }
    415 : Stop { reason: "status 415 Unsupported Media Type", hint: "check `endpoint` and what stands between here and there" }
    "#);
}

#[test]
fn the_credential_follows_cloud_and_identity() {
    let credential = |extra: Value| match destination(extra).credential() {
        Credential::Entra(credential) => credential,
        Credential::Own => panic!("a token is needed"),
    };
    let public = credential(json!({}));
    assert_eq!(
        (public.authority.as_str(), public.audience.as_str()),
        ("https://login.microsoftonline.com", "https://monitor.azure.com")
    );
    let china = credential(json!({"cloud": "china", "identity": "managed"}));
    assert_eq!(
        (china.authority.as_str(), china.audience.as_str(), china.identity),
        (
            "https://login.chinacloudapi.cn",
            "https://monitor.azure.cn",
            EntraIdentity::Managed { client_id: None }
        )
    );
    let own = credential(json!({
        "authority": "http://127.0.0.1:9/entra/", "audience": "api://x",
        "identity": {"kind": "workload", "tenant_id": "t", "client_id": "c", "token_file": "/f"},
    }));
    assert_eq!(
        (own.authority.as_str(), own.audience.as_str()),
        ("http://127.0.0.1:9/entra", "api://x")
    );
    assert!(!format!("{:?}", destination(json!({}))).contains("hunter2"));
}

#[test]
fn what_is_wrong_is_told_at_once() {
    let check = |written: Value| {
        let problems = AzureLogsIngestion.validate(&written).expect_err("wrong");
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let all = [
        check(json!({})),
        check(json!({
            "endpoint": "x.ingest.monitor.azure.com", "dcr_immutable_id": "0123", "streams": {"auth0": "Auth0Logs_CL"},
            "shape": "table", "identity": {"kind": "client_secret", "tenant_id": "t", "secret": "hunter2"},
            "tenant": "acme", "authority": "http://login.example.com",
        })),
        check(json!({
            "endpoint": "https://x.example.com", "dcr_immutable_id": DCR, "identity": "system", "raw_event": "yes",
        })),
    ];
    insta::assert_snapshot!(all.join("\n---\n"), @r"
    endpoint: is missing
      hint: the logs ingestion address of the data collection endpoint, or of the rule itself if it is of kind Direct
    dcr_immutable_id: is missing
      hint: dcr- and 32 hexadecimal digits: `immutableId` in the JSON view of the data collection rule
    identity: is missing
      hint: write `identity: {kind: client_secret, tenant_id: …, client_id: …, client_secret: …}`, or `identity: managed`
    ---
    endpoint: is not an address
      hint: write it like https://NAME.REGION-1.ingest.monitor.azure.com
    dcr_immutable_id: is not the immutable id of a data collection rule
      hint: dcr- and 32 hexadecimal digits: `immutableId` in the JSON view of the data collection rule
    streams.auth0: is not a possible name
      hint: a stream declared by the data collection rule: Custom- or Microsoft-, then letters, digits and _
    shape: is not one of the choices
      hint: choose one of: columns, raw
    authority: must begin with https:// (http only to this machine)
      hint: write it like https://login.microsoftonline.com
    identity.client_id: is missing
      hint: the application's id, a GUID
    identity.client_secret: is missing
      hint: the value of a client secret, not its id
    identity.secret: is not a known field
      hint: known here: kind, tenant_id, client_id, client_secret
    tenant: is not a known field
      hint: did you mean `tenants`?
    ---
    raw_event: expected true or false, found a text
    identity.kind: is not one of the choices
      hint: choose one of: client_secret, managed, workload
    ");
}
