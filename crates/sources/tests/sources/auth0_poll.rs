//! The poll of Auth0's logs against scripted answers, and against an imitated tenant.

use std::collections::HashMap;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use model::Timestamp;
use net::Answer;
use serde_json::{Value, json};
use sources::{Outcome, PollSource, find};

use crate::script::{Driver, Stepped, json, show, show_request, text, with};

const NOW: &str = "2026-03-01T12:00:00Z";
const TOKEN: &str = "POST /oauth/token";
const START: &str =
    "GET /api/v2/logs?from=90020260301120000000000000000000000000000000000000000000&take=100";
const START_CURSOR: &str = "90020260301120000000000000000000000000000000000000000000";

fn poll(more: Value) -> Box<dyn PollSource> {
    let mut written = json!({
        "domain": "acme.eu.auth0.com", "client_id": "an-application", "client_secret": "its-secret",
    });
    for (name, value) in more.as_object().unwrap() {
        written[name] = value.clone();
    }
    find("auth0").unwrap().poll(&written).unwrap()
}

/// An id of the tenant's, `offset` seconds after `NOW`.
fn id(offset: i64) -> String {
    let time =
        Timestamp::from_second(NOW.parse::<Timestamp>().unwrap().as_second() + offset).unwrap();
    let digits: String = time.to_string().chars().filter(char::is_ascii_digit).collect();
    format!("900{digits}123456000000000000001223372036854{:06}", 500_000 + offset)
}

fn events(offsets: std::ops::Range<i64>) -> Value {
    let event =
        |offset| json!({"log_id": id(offset), "type": "s", "date": "2026-03-01T11:59:59.5Z"});
    Value::Array(offsets.map(event).collect())
}

fn granted() -> Option<Answer> {
    Some(json(200, &json!({"access_token": "a.b.c", "expires_in": 86400, "token_type": "Bearer"})))
}

fn page(offsets: std::ops::Range<i64>) -> Option<Answer> {
    Some(json(200, &events(offsets)))
}

#[test]
fn a_walk_goes_on_without_a_hole_after_an_event_that_is_newer_than_the_clocks_tell() {
    let mut walked: Vec<model::Stretch> = Vec::new();
    let mut cursor = id(-600);
    // The server tells an earlier second than that of the event it lists; then it is our clock that is an hour behind.
    for (offset, told, ours) in [
        (2, "Sun, 01 Mar 2026 12:00:01 GMT", "2026-03-01T12:00:02.5Z"),
        (9, "Sun, 01 Mar 2026 12:00:09 GMT", "2026-03-01T11:00:09.5Z"),
        (20, "Sun, 01 Mar 2026 12:00:20 GMT", "2026-03-01T12:00:20.5Z"),
    ] {
        let mut driver = Driver::start(&*poll(json!({"retention_days": 30})), Some(&cursor), ours);
        let Stepped::Sent(_) = driver.step() else { panic!("no token is asked for") };
        driver.answer(Ok(&granted().unwrap()));
        let Stepped::Sent(_) = driver.step() else { panic!("no page is asked for") };
        let listed = with(page(offset..offset + 1).unwrap(), "date", told);
        let Outcome::Page { walked: Some(stretch), cursor: Some(next), .. } =
            driver.answer(Ok(&listed))
        else {
            panic!("the page walked nothing")
        };
        assert!(
            walked.last().is_none_or(|last| stretch.from <= last.until),
            "{walked:?} {stretch:?}"
        );
        walked.push(stretch);
        cursor = next.0;
    }
    assert_eq!(walked[2].until, "2026-03-01T11:58:20Z".parse().unwrap());
}

#[test]
fn starts_now_reads_full_pages_at_once_and_slows_down_when_caught_up() {
    let mut driver = Driver::start(&*poll(json!({"take": 3})), None, NOW);
    let after = |offset| format!("GET /api/v2/logs?from={}&take=3", id(offset));
    let start = START.replace("take=100", "take=3");
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (&start, page(0..0), &format!("0 events, cursor {START_CURSOR}")),
        ("wait 1s CaughtUp", None, ""),
        (&start, page(0..0), "0 events"),
        ("wait 2s CaughtUp", None, ""),
        (&start, page(0..3), &format!("3 events, cursor {}, more", id(2))),
        (&after(2), page(3..6), &format!("3 events, cursor {}, more", id(5))),
        (&after(5), page(6..7), &format!("1 events, cursor {}", id(6))),
        ("wait 1s CaughtUp", None, ""),
        (&after(6), page(0..0), "0 events"),
        ("wait 2s CaughtUp", None, ""),
        (&after(6), page(0..0), "0 events"),
        ("wait 4s CaughtUp", None, ""),
        (&after(6), page(0..0), "0 events"),
        ("wait 8s CaughtUp", None, ""),
        (&after(6), page(0..0), "0 events"),
        ("wait 10s CaughtUp", None, ""),
    ]);
}

#[test]
fn a_stored_cursor_is_gone_on_from_and_a_repeated_page_does_not_lead_back() {
    let mut driver = Driver::start(&*poll(json!({"take": 2})), Some(&id(5)), NOW);
    let after = |offset| format!("GET /api/v2/logs?from={}&take=2", id(offset));
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (&after(5), page(6..8), &format!("2 events, cursor {}, more", id(7))),
        (&after(7), page(6..8), "2 events, more"),
        ("wait 1s CaughtUp", None, ""),
        (&after(7), page(4..6), "2 events, more"),
        ("wait 1s CaughtUp", None, ""),
        (&after(7), page(8..9), &format!("1 events, cursor {}", id(8))),
    ]);
}

#[test]
fn parts_of_a_tenants_past_share_one_token_and_prove_from_their_begin() {
    let source = poll(json!({"take": 2}));
    let mut first = Driver::start(&*source, None, NOW);
    let begin = "900202602280900000".to_owned() + &"0".repeat(38);
    let moment = "2026-02-28T09:00:00Z".parse().unwrap();
    first.run(&[(TOKEN, granted(), "settled")]);
    let mut part = Driver::of(source.start_at(moment, NOW.parse().unwrap()).unwrap(), NOW);
    let listed = format!("2 events, cursor {}, more", id(7));
    part.run(&[(&format!("GET /api/v2/logs?from={begin}&take=2"), page(6..8), &listed)]);
}

#[test]
fn starts_where_it_is_told() {
    for (written, expected) in [
        (json!({"start": "2026-02-01"}), "90020260201000000"),
        (json!({"start": "2026-02-27T08:30:00+01:00"}), "90020260227073000"),
        (json!({"start": "retention"}), "90020260130120000"),
        (json!({"start": "retention", "retention_days": 1}), "90020260228120000"),
    ] {
        let mut driver = Driver::start(&*poll(written), None, NOW);
        let cursor = format!("{expected}{}", "0".repeat(39));
        driver.run(&[
            (TOKEN, granted(), "settled"),
            (
                &format!("GET /api/v2/logs?from={cursor}&take=100"),
                page(0..0),
                &format!("0 events, cursor {cursor}"),
            ),
        ]);
    }
}

#[test]
fn a_tenant_with_other_ids_is_searched() {
    let mut driver = Driver::start(&*poll(json!({})), None, NOW);
    let search =
        "GET /api/v2/logs?q=date:[2026-03-01T11:50:00 TO *]&sort=date:1&page=0&per_page=100";
    let refused = || Some(json(400, &json!({"statusCode": 400, "error": "Bad Request"})));
    let odd = |tail: u8| format!("800{:053}", tail);
    let found = json!([
        {"log_id": odd(7), "date": "2026-03-01T11:50:01Z"},
        {"log_id": odd(4), "date": "2026-03-01T11:50:02Z"},
        {"log_id": odd(9), "date": "2026-03-01T11:50:03Z"},
    ]);
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (START, refused(), "settled"),
        (search, page(0..0), "0 events, cursor search:2026-03-01T12:00:00Z"),
        ("wait 1s CaughtUp", None, ""),
        (search, Some(json(200, &found)), &format!("3 events, cursor {}, more", odd(4))),
        (&format!("GET /api/v2/logs?from={}&take=100", odd(4)), page(0..0), "0 events"),
    ]);
    let mut again = Driver::start(
        &*poll(json!({})),
        Some("search:2026-03-01T12:00:00Z"),
        "2026-03-02T00:00:00Z",
    );
    again.run(&[
        (TOKEN, granted(), "settled"),
        (search, refused(), "Malformed auth0.request_refused"),
        ("wait 1s Failure", None, ""),
    ]);
}

#[test]
fn a_cursor_older_than_retention_is_a_gap_and_the_rest_is_read() {
    let day = 86_400;
    let old = id(-3 * day);
    let mut driver = Driver::start(&*poll(json!({"retention_days": 1})), Some(&old), NOW);
    let from = |id: &str| format!("GET /api/v2/logs?from={id}&take=100");
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (
            &from(&old),
            page(-5..-3),
            &format!(
                "2 events, cursor {}, gap 2026-02-26T12:00:00Z..2026-02-28T12:00:00Z: \
                 the cursor is older than the tenant's retention; what it no longer kept is lost",
                id(-4)
            ),
        ),
        ("wait 1s CaughtUp", None, ""),
        (&from(&id(-4)), page(0..0), "0 events"),
    ]);
    // Silence is no gap as long as somebody looks.
    driver.now = "2026-03-01T23:00:00Z".parse().unwrap();
    driver.run(&[(&from(&id(-4)), page(0..0), "0 events")]);
    driver.now = "2026-03-02T20:00:00Z".parse().unwrap();
    driver.run(&[(TOKEN, granted(), "settled"), (&from(&id(-4)), page(0..0), "0 events")]);
}

#[test]
fn a_refused_cursor_is_a_gap_and_the_rest_is_read() {
    let old = id(-3600);
    let mut driver = Driver::start(&*poll(json!({})), Some(&old), NOW);
    let made = format!("90020260301110000{}", "0".repeat(39));
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (
            &format!("GET /api/v2/logs?from={old}&take=100"),
            Some(json(
                400,
                &json!({"message": "no such log", "errorCode": "invalid_query_string"}),
            )),
            "settled",
        ),
        (
            &format!("GET /api/v2/logs?from={made}&take=100"),
            page(-5..-3),
            &format!(
                "2 events, cursor {}, gap 2026-03-01T11:00:00Z..2026-03-01T11:59:59.5Z: \
                 the tenant no longer knows the cursor",
                id(-4)
            ),
        ),
    ]);
}

#[test]
fn tokens_are_kept_renewed_at_nine_tenths_and_once_on_401() {
    let mut driver = Driver::start(&*poll(json!({"interval": "12h"})), None, NOW);
    let empty = || page(0..0);
    let told = format!("0 events, cursor {START_CURSOR}");
    let expired = || Some(json(401, &json!({"statusCode": 401, "message": "Expired token"})));
    driver.run(&[(TOKEN, granted(), "settled"), (START, empty(), &told)]);
    driver.now = "2026-03-02T09:35:59Z".parse().unwrap();
    driver.run(&[(START, empty(), "0 events")]);
    driver.now = "2026-03-02T09:36:10Z".parse().unwrap();
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (START, expired(), "settled"),
        (TOKEN, granted(), "settled"),
        (START, empty(), "0 events"),
    ]);
    driver.now = "2026-03-02T10:00:00Z".parse().unwrap();
    driver.run(&[
        (START, expired(), "settled"),
        (TOKEN, granted(), "settled"),
        (START, expired(), "Refused auth0.token_refused"),
        ("wait 5m Failure", None, ""),
        (TOKEN, granted(), "settled"),
    ]);
}

#[test]
fn a_fixed_token_is_used_and_never_asked_for() {
    let written = json!({"domain": "acme.eu.auth0.com", "access_token": "x.y.z"});
    let source = find("auth0").unwrap().poll(&written).unwrap();
    let mut driver = Driver::start(&*source, None, NOW);
    let Stepped::Sent(request) = driver.step() else { panic!("waited") };
    assert_eq!(request.headers["authorization"], "Bearer x.y.z");
    let Outcome::Failed(error) = driver.answer(Ok(&json(401, &json!({})))) else { panic!() };
    assert_eq!(error.code, "auth0.token_refused");
    assert!(error.hint.contains("fixed access_token"), "{}", error.hint);
}

#[test]
fn token_requests_carry_the_secret() {
    let mut driver = Driver::start(&*poll(json!({"audience": "https://a/api/v2/"})), None, NOW);
    let Stepped::Sent(request) = driver.step() else { panic!("waited") };
    assert_eq!(request.url.as_str(), "https://acme.eu.auth0.com/oauth/token");
    assert_eq!(
        &*request.body,
        b"grant_type=client_credentials&audience=https%3A%2F%2Fa%2Fapi%2Fv2%2F&client_id=an-application&client_secret=its-secret"
    );
    assert!(!format!("{request:?}").contains("its-secret"));
}

#[test]
fn a_key_signs_an_assertion_that_the_tenant_can_verify() {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let encoded = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{encoded}\n-----END PRIVATE KEY-----\n");
    for (written, algorithm) in [
        (None, Algorithm::RS256),
        (Some("RS384"), Algorithm::RS384),
        (Some("PS256"), Algorithm::PS256),
    ] {
        let mut config = json!({
            "domain": "acme.eu.auth0.com", "client_id": "an-application",
            "private_key": pem, "key_id": "k1",
        });
        if let Some(written) = written {
            config["algorithm"] = json!(written);
        }
        let source = find("auth0").unwrap().poll(&config).unwrap();
        let mut driver = Driver::start(&*source, None, NOW);
        let Stepped::Sent(request) = driver.step() else { panic!("waited") };
        let form: HashMap<_, _> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["audience"], "https://acme.eu.auth0.com/api/v2/");
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        assert_eq!(form["client_assertion_type"], kind);
        let mut rules = Validation::new(algorithm);
        rules.validate_exp = false;
        rules.set_audience(&["https://acme.eu.auth0.com/"]);
        let key = DecodingKey::from_rsa_der(pair.public_key().as_ref());
        let read = jsonwebtoken::decode::<Value>(&form["client_assertion"], &key, &rules).unwrap();
        assert_eq!(read.header.kid.as_deref(), Some("k1"));
        assert_eq!(read.claims["iss"], "an-application");
        assert_eq!(read.claims["sub"], "an-application");
        let now = NOW.parse::<Timestamp>().unwrap().as_second();
        assert_eq!((&read.claims["iat"], &read.claims["exp"]), (&json!(now), &json!(now + 60)));
        assert!(form["client_assertion"].len() <= 2048);
    }
}

#[test]
fn refusals_of_the_token_endpoint() {
    for (status, body, expected) in [
        (401, json!({"error": "access_denied"}), "Refused auth0.credential_refused"),
        (403, json!({"error": "access_denied"}), "Refused auth0.api_not_authorized"),
        (403, json!({"error": "unauthorized_client"}), "Refused auth0.grant_not_allowed"),
        (400, json!({"error": "invalid_request"}), "Refused auth0.token_request_refused"),
        (404, json!({}), "Refused auth0.not_found"),
        (429, json!({"error": "too_many_requests"}), "RateLimited auth0.token_rate_limited"),
        (503, json!({}), "Unavailable auth0.unavailable"),
        (200, json!({"token": "none"}), "Malformed auth0.token_malformed"),
        (200, json!({"access_token": "a\nb"}), "Malformed auth0.token_malformed"),
    ] {
        let mut driver = Driver::start(&*poll(json!({})), None, NOW);
        driver.run(&[(TOKEN, Some(json(status, &body)), expected)]);
    }
}

#[test]
fn refusals_of_the_logs_endpoint() {
    let html = "<html><h1>502 Bad Gateway</h1></html>";
    for (answer, expected, wait) in [
        (text(502, html), "Unavailable auth0.unavailable", "wait 1s Failure"),
        (text(200, html), "Malformed auth0.not_json", "wait 1s Failure"),
        (text(200, ""), "Malformed auth0.not_json", "wait 1s Failure"),
        (text(204, ""), "Malformed auth0.unexpected_status", "wait 1s Failure"),
        (text(200, r#"[{"log_id":"1"},{"log"#), "Malformed auth0.broken_list", "wait 1s Failure"),
        (text(200, r#"[{"log_id":"1"}"#), "Malformed auth0.broken_list", "wait 1s Failure"),
        (text(200, "[1,2]"), "Malformed auth0.no_event_in_page", "wait 1s Failure"),
        (
            json(200, &json!({"statusCode": 429, "message": "slow down"})),
            "Malformed auth0.not_a_list",
            "wait 1s Failure",
        ),
        (text(403, "{}"), "Refused auth0.scope_missing", "wait 5m Failure"),
        (text(404, "{}"), "Refused auth0.not_found", "wait 5m Failure"),
        (text(429, "{}"), "RateLimited auth0.rate_limited", "wait 1s RateLimit"),
        (
            with(text(429, "{}"), "retry-after", "17"),
            "RateLimited auth0.rate_limited",
            "wait 17s RateLimit",
        ),
        (
            with(text(429, "{}"), "x-ratelimit-reset", "1772366442"),
            "RateLimited auth0.rate_limited",
            "wait 42s RateLimit",
        ),
    ] {
        let mut driver = Driver::start(&*poll(json!({})), None, NOW);
        driver.run(&[
            (TOKEN, granted(), "settled"),
            (START, Some(answer), expected),
            (wait, None, ""),
        ]);
    }
}

#[test]
fn messages_name_what_to_grant_and_keep_secrets() {
    let mut driver = Driver::start(&*poll(json!({})), None, NOW);
    driver.run(&[(TOKEN, granted(), "settled")]);
    driver.step();
    let body = json!({"message": "Insufficient scope for Bearer a.b.c and its-secret", "x": 1});
    let Outcome::Failed(error) = driver.answer(Ok(&json(403, &body))) else { panic!() };
    assert_eq!(error.to_string(), "no logs: 403 Forbidden: Insufficient scope for Bearer … and …");
    assert!(error.hint.contains("read:logs") && error.hint.contains("an-application"));
}

#[test]
fn no_answer_is_tried_again_ever_more_slowly() {
    let mut driver = Driver::start(&*poll(json!({})), None, NOW);
    let mut waits = Vec::new();
    for _ in 0..8 {
        assert!(matches!(driver.step(), Stepped::Sent(_)));
        let outcome = driver.answer(Err("connection reset"));
        assert_eq!(show(&outcome), "Unavailable auth0.unreachable");
        let Stepped::Waited(wait) = driver.step() else { panic!("did not wait") };
        waits.push(wait.split(' ').nth(1).unwrap().to_owned());
    }
    assert_eq!(waits, ["1s", "2s", "4s", "8s", "16s", "32s", "1m", "1m"]);
}

#[test]
fn a_page_that_stays_broken_is_taken_as_far_as_it_goes() {
    let mut driver = Driver::start(&*poll(json!({})), None, NOW);
    let broken = text(200, &format!(r#"[{{"log_id":"{}"}},{{"log_id""#, id(1)));
    driver.run(&[(TOKEN, granted(), "settled")]);
    for wait in ["wait 1s Failure", "wait 2s Failure", "wait 4s Failure", "wait 8s Failure"] {
        driver
            .run(&[(START, Some(broken.clone()), "Malformed auth0.broken_list"), (wait, None, "")]);
    }
    driver.run(&[(START, Some(broken), &format!("1 events, 1 rejected, cursor {}", id(1)))]);
}

#[test]
fn bad_items_leave_their_neighbours_and_count_as_items() {
    let mut driver = Driver::start(&*poll(json!({"take": 3})), None, NOW);
    let body = format!(r#"[{{"log_id":"{}"}},"text",{{"log_id":"{}"}}]"#, id(1), id(2));
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (
            &START.replace("take=100", "take=3"),
            Some(text(200, &body)),
            &format!("2 events, 1 rejected, cursor {}, more", id(2)),
        ),
    ]);
}

#[test]
fn stays_within_its_share_of_the_rate() {
    let mut driver = Driver::start(&*poll(json!({"take": 1})), None, NOW);
    let at = |remaining: &str, offset| {
        let answer = page(offset..offset + 1).map(|it| with(it, "x-ratelimit-limit", "10"));
        let answer = answer.map(|it| with(it, "x-ratelimit-remaining", remaining));
        answer.map(|it| with(it, "x-ratelimit-reset", "1772366403"))
    };
    let after = |offset| format!("GET /api/v2/logs?from={}&take=1", id(offset));
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (&START.replace("100", "1"), at("6", 1), &format!("1 events, cursor {}, more", id(1))),
        (&after(1), at("5", 2), &format!("1 events, cursor {}, more", id(2))),
        ("wait 3s RateLimit", None, ""),
        (&after(2), at("9", 3), &format!("1 events, cursor {}, more", id(3))),
        (&after(3), at("8", 4), &format!("1 events, cursor {}, more", id(4))),
    ]);
}

/// A tenant that answers as the API does: by id, after the cursor, ascending, `take` at a time.
#[test]
fn an_imitated_tenant_is_read_whole_once_and_in_order() {
    let stored: Vec<Value> = events(1..1235).as_array().unwrap().clone();
    let mut driver = Driver::start(&*poll(json!({})), None, NOW);
    let (mut read, mut requests) = (Vec::new(), 0);
    loop {
        let request = match driver.step() {
            Stepped::Sent(request) => request,
            Stepped::Waited(_) if read.len() == stored.len() => break,
            Stepped::Waited(wait) => panic!("{wait} before everything was read"),
        };
        requests += 1;
        if show_request(&request) == TOKEN {
            driver.answer(Ok(&granted().unwrap()));
            continue;
        }
        let ask: HashMap<_, _> = request.url.query_pairs().collect();
        let after = stored.iter().filter(|event| event["log_id"].as_str().unwrap() > &*ask["from"]);
        let page: Vec<_> = after.take(ask["take"].parse().unwrap()).cloned().collect();
        let answer = json(200, &Value::Array(page));
        let Outcome::Page { events, .. } = driver.answer(Ok(&answer)) else { panic!("no page") };
        read.extend(events.into_iter().map(|event| event.id));
    }
    let expected: Vec<&str> =
        stored.iter().map(|event| event["log_id"].as_str().unwrap()).collect();
    assert_eq!(read, expected);
    assert_eq!(requests, 1 + 13);
}
