//! The poll of OneLogin's events against scripted answers, and against an imitated account.

use std::collections::HashMap;

use base64::Engine;
use model::Timestamp;
use net::Answer;
use serde_json::{Value, json};
use sources::{Outcome, PollSource, find};

use crate::script::{Driver, Stepped, json, show, show_request, text, with};

const NOW: &str = "2026-03-01T12:00:00Z";
const TOKEN: &str = "POST /auth/oauth2/v2/token";
const START: &str = "GET /api/1/events?limit=1000&since=2026-03-01T12:00:00.000Z";

fn poll(more: Value) -> Box<dyn PollSource> {
    let mut written =
        json!({"subdomain": "acme", "client_id": "an-id", "client_secret": "a-secret"});
    for (name, value) in more.as_object().unwrap() {
        written[name] = value.clone();
    }
    find("onelogin").unwrap().poll(&written).unwrap()
}

fn granted() -> Option<Answer> {
    Some(json(200, &json!({"access_token": "t", "expires_in": 36000, "token_type": "bearer"})))
}

/// A page of events that happened so many seconds after `NOW`.
fn page(offsets: std::ops::Range<i64>, after: Option<&str>) -> Option<Answer> {
    let now = NOW.parse::<Timestamp>().unwrap().as_second();
    let event = |offset| {
        let time = Timestamp::from_second(now + offset).unwrap();
        json!({"id": 45_000_000_000_i64 + offset, "created_at": time.to_string(), "event_type_id": 5})
    };
    let events: Vec<Value> = offsets.map(event).collect();
    Some(json(
        200,
        &json!({
            "status": {"error": false, "code": 200, "type": "success", "message": "Success"},
            "pagination": {
                "before_cursor": null, "after_cursor": after, "previous_link": null,
                "next_link": after.map(|_| "https://elsewhere.example/api/1/events?after_cursor=evil"),
            },
            "data": events,
        }),
    ))
}

#[test]
fn passes_follow_the_cursor_and_overlap() {
    let mut driver = Driver::start(&*poll(json!({})), None, NOW);
    let second = "GET /api/1/events?limit=1000&since=2026-03-01T12:00:00.000Z&after_cursor=c1";
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (START, page(0..0, None), r#"0 events, cursor {"since":"2026-03-01T12:00:00Z"}"#),
        ("wait 1s CaughtUp", None, ""),
        (START, page(0..0, None), "0 events"),
        ("wait 2s CaughtUp", None, ""),
    ]);
    driver.now = "2026-03-01T13:00:00Z".parse().unwrap();
    driver.run(&[
        (
            START,
            page(1000..1003, Some("c1")),
            r#"3 events, cursor {"since":"2026-03-01T12:00:00Z","after":"c1","begun":"2026-03-01T13:00:00Z","newest":"2026-03-01T12:16:42Z"}, more"#,
        ),
        (
            second,
            page(1003..1201, None),
            r#"198 events, cursor {"since":"2026-03-01T12:10:00Z","newest":"2026-03-01T12:20:00Z"}"#,
        ),
        ("wait 1s CaughtUp", None, ""),
        (
            "GET /api/1/events?limit=1000&since=2026-03-01T12:10:00.000Z",
            page(1100..1201, None),
            "101 events",
        ),
        ("wait 2s CaughtUp", None, ""),
    ]);
}

#[test]
fn passes_walk_without_a_hole_though_an_event_is_newer_than_the_second_that_the_server_tells() {
    let mut driver = Driver::start(&*poll(json!({"start": "2026-03-01T11:00:00Z"})), None, NOW);
    let Stepped::Sent(_) = driver.step() else { panic!("no token is asked for") };
    driver.answer(Ok(&granted().unwrap()));
    let mut walked: Vec<model::Stretch> = Vec::new();
    for second in [0, 7, 9] {
        driver.now = format!("2026-03-01T12:00:0{second}.930Z").parse().unwrap();
        let Stepped::Sent(_) = driver.step() else { panic!("no page is asked for") };
        let event = json!({"id": 45_000_000_000_i64 + second, "event_type_id": 5,
            "created_at": format!("2026-03-01T12:00:0{second}.651Z")});
        let pagination = json!({"after_cursor": null, "next_link": null});
        let listed = json!({"status": {"code": 200}, "pagination": pagination, "data": [event]});
        let told = format!("Sun, 01 Mar 2026 12:00:0{second} GMT");
        let Outcome::Page { walked: Some(stretch), .. } =
            driver.answer(Ok(&with(json(200, &listed), "date", &told)))
        else {
            panic!("the pass walked nothing")
        };
        assert!(
            walked.last().is_none_or(|last| stretch.from <= last.until),
            "{walked:?} {stretch:?}"
        );
        walked.push(stretch);
    }
    assert_eq!(walked[2].until, "2026-03-01T11:50:09Z".parse().unwrap());
}

#[test]
fn a_stored_cursor_is_gone_on_from_and_a_stale_page_cursor_is_dropped() {
    let stored = r#"{"since":"2026-02-01T00:00:00Z","after":"c9","newest":"2026-02-02T00:00:00Z"}"#;
    let mut driver = Driver::start(&*poll(json!({})), Some(stored), NOW);
    let base = "GET /api/1/events?limit=1000&since=2026-02-01T00:00:00.000Z";
    let refused = Some(json(400, &json!({"status": {"code": 400, "message": "bad cursor"}})));
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (&format!("{base}&after_cursor=c9"), refused, "settled"),
        (
            base,
            page(-3..-1, Some("c1")),
            r#"2 events, cursor {"since":"2026-02-01T00:00:00Z","after":"c1","begun":"2026-03-01T12:00:00Z","newest":"2026-03-01T11:59:58Z"}, more"#,
        ),
    ]);
}

#[test]
fn a_refused_page_size_falls_back_to_the_documented_one() {
    let mut driver = Driver::start(&*poll(json!({})), None, NOW);
    let refused = || Some(json(400, &json!({"status": {"code": 400, "message": "bad limit"}})));
    let small = START.replace("limit=1000", "limit=50");
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (START, refused(), "settled"),
        (&small, refused(), "Malformed onelogin.request_refused"),
        ("wait 1s Failure", None, ""),
        (&small, page(0..0, None), r#"0 events, cursor {"since":"2026-03-01T12:00:00Z"}"#),
    ]);
}

#[test]
fn starts_where_it_is_told() {
    for (start, expected) in [
        ("retention", "GET /api/1/events?limit=1000"),
        ("2026-01-31", "GET /api/1/events?limit=1000&since=2026-01-31T00:00:00.000Z"),
        ("now", START),
    ] {
        let mut driver = Driver::start(&*poll(json!({"start": start})), None, NOW);
        driver.run(&[(TOKEN, granted(), "settled")]);
        let Stepped::Sent(request) = driver.step() else { panic!("waited") };
        assert_eq!(show_request(&request), expected);
        assert_eq!(request.headers["authorization"], "Bearer t");
    }
}

#[test]
fn a_time_in_the_future_does_not_hide_what_follows() {
    let mut driver = Driver::start(&*poll(json!({"overlap": 0})), None, NOW);
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (
            START,
            page(9_000_000..9_000_001, None),
            r#"1 events, cursor {"since":"2026-03-01T12:00:00Z","newest":"2026-03-01T12:00:00Z"}"#,
        ),
    ]);
}

#[test]
fn a_page_that_leads_to_itself_ends_the_pass() {
    let mut driver = Driver::start(&*poll(json!({})), None, NOW);
    let second = format!("{START}&after_cursor=c1");
    driver.run(&[(TOKEN, granted(), "settled")]);
    driver.now = "2026-03-01T12:01:00Z".parse().unwrap();
    driver.run(&[
        (
            START,
            page(1..3, Some("c1")),
            r#"2 events, cursor {"since":"2026-03-01T12:00:00Z","after":"c1","begun":"2026-03-01T12:01:00Z","newest":"2026-03-01T12:00:02Z"}, more"#,
        ),
        (
            &second,
            page(1..3, Some("c1")),
            r#"2 events, cursor {"since":"2026-03-01T12:00:00Z","newest":"2026-03-01T12:00:02Z"}"#,
        ),
        ("wait 1s CaughtUp", None, ""),
    ]);
}

#[test]
fn the_credential_is_sent_in_the_chosen_style() {
    let encoded = base64::engine::general_purpose::STANDARD.encode("an-id:a-secret");
    let json_body = r#"{"grant_type":"client_credentials"}"#;
    let form = "grant_type=client_credentials&client_id=an-id&client_secret=a-secret";
    for (style, authorization, body) in [
        ("header", Some("client_id:an-id, client_secret:a-secret".to_owned()), json_body),
        ("basic", Some(format!("Basic {encoded}")), json_body),
        ("form", None, form),
    ] {
        let mut driver = Driver::start(&*poll(json!({"auth_style": style})), None, NOW);
        let Stepped::Sent(request) = driver.step() else { panic!("waited") };
        let found = request.headers.get("authorization").map(|it| it.to_str().unwrap().to_owned());
        assert_eq!(found, authorization, "{style}");
        assert_eq!(request.body, body, "{style}");
        assert!(!format!("{request:?}").contains("a-secret"));
    }
}

#[test]
fn both_shapes_of_a_token_are_read() {
    for body in [
        json!({"access_token": "t", "created_at": "x", "expires_in": 36000, "account_id": 1}),
        json!({"status": {"error": false, "code": 200}, "data": [{"access_token": "t"}]}),
    ] {
        let mut driver = Driver::start(&*poll(json!({})), None, NOW);
        driver.run(&[(TOKEN, Some(json(200, &body)), "settled")]);
        assert!(matches!(driver.step(), Stepped::Sent(_)));
    }
}

#[test]
fn refusals_of_the_token_endpoint() {
    let v1 = |code: u16, message: &str| json!({"status": {"error": true, "code": code, "type": "bad", "message": message}});
    for (status, body, expected, wait) in [
        (
            401,
            v1(401, "Authentication Failure"),
            "Refused onelogin.credential_refused",
            "wait 5m Failure",
        ),
        (
            400,
            v1(400, "grant_type is absent"),
            "Refused onelogin.credential_refused",
            "wait 5m Failure",
        ),
        (
            400,
            v1(400, "rate_limit_exceeded"),
            "RateLimited onelogin.rate_limited",
            "wait 1s RateLimit",
        ),
        (429, json!({}), "RateLimited onelogin.rate_limited", "wait 1s RateLimit"),
        (500, json!({}), "Refused onelogin.owner_deleted", "wait 1s Failure"),
        (503, json!({}), "Unavailable onelogin.unavailable", "wait 1s Failure"),
        (404, json!({}), "Refused onelogin.not_found", "wait 5m Failure"),
        (200, json!({"data": []}), "Malformed onelogin.token_malformed", "wait 1s Failure"),
    ] {
        let mut driver = Driver::start(&*poll(json!({})), None, NOW);
        driver.run(&[(TOKEN, Some(json(status, &body)), expected), (wait, None, "")]);
    }
}

#[test]
fn refusals_of_the_events_endpoint() {
    let over = json!({"status": {"error": true, "code": 400, "message": "rate_limit_exceeded"}});
    for (answer, expected, wait) in [
        (json(400, &over), "RateLimited onelogin.rate_limited", "wait 1s RateLimit"),
        (
            with(json(400, &over), "x-ratelimit-reset", "832"),
            "RateLimited onelogin.rate_limited",
            "wait 13m 52s RateLimit",
        ),
        (
            with(text(429, ""), "retry-after", "30"),
            "RateLimited onelogin.rate_limited",
            "wait 30s RateLimit",
        ),
        (text(403, "{}"), "Refused onelogin.scope_missing", "wait 5m Failure"),
        (text(502, "<html>"), "Unavailable onelogin.unavailable", "wait 1s Failure"),
        (text(200, "<html>"), "Malformed onelogin.not_json", "wait 1s Failure"),
        (text(200, "[]"), "Malformed onelogin.not_json", "wait 1s Failure"),
        (text(200, r#"{"status":{}}"#), "Malformed onelogin.not_a_page", "wait 1s Failure"),
        (
            text(200, r#"{"status":{"error":true},"data":[]}"#),
            "Malformed onelogin.not_a_page",
            "wait 1s Failure",
        ),
        (
            text(200, r#"{"data":[{"id":1,"created_at":""},{"id"#),
            "Malformed onelogin.broken_page",
            "wait 1s Failure",
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
fn a_500_is_tried_with_a_new_token_and_then_named() {
    let broken = || Some(text(500, "{}"));
    let mut driver = Driver::start(&*poll(json!({})), None, NOW);
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (START, broken(), "settled"),
        (TOKEN, granted(), "settled"),
        (START, broken(), "Refused onelogin.owner_deleted"),
        ("wait 1s Failure", None, ""),
        (TOKEN, broken(), "Refused onelogin.owner_deleted"),
        ("wait 2s Failure", None, ""),
    ]);
    driver.step();
    let Outcome::Failed(error) = driver.answer(Ok(&text(500, "{}"))) else { panic!() };
    assert!(error.hint.contains("administrator deleted"), "{}", error.hint);
}

#[test]
fn tokens_are_renewed_at_nine_tenths_and_once_on_401() {
    let mut driver = Driver::start(&*poll(json!({"interval": "12h"})), None, NOW);
    let expired = || Some(json(401, &json!({"status": {"message": "Unauthorized"}})));
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (START, page(0..0, None), r#"0 events, cursor {"since":"2026-03-01T12:00:00Z"}"#),
    ]);
    driver.now = "2026-03-01T21:00:00Z".parse().unwrap();
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (START, expired(), "settled"),
        (TOKEN, granted(), "settled"),
        (START, expired(), "Refused onelogin.token_refused"),
        ("wait 5m Failure", None, ""),
    ]);
}

#[test]
fn a_reserve_stays_for_the_accounts_other_programs() {
    let mut driver = Driver::start(&*poll(json!({"rate_share": 0.5})), None, NOW);
    let at = |remaining: &str| {
        let answer = page(0..0, None).map(|it| with(it, "x-ratelimit-limit", "5000"));
        let answer = answer.map(|it| with(it, "x-ratelimit-remaining", remaining));
        answer.map(|it| with(it, "x-ratelimit-reset", "100"))
    };
    driver.run(&[
        (TOKEN, granted(), "settled"),
        (START, at("2501"), r#"0 events, cursor {"since":"2026-03-01T12:00:00Z"}"#),
        ("wait 1s CaughtUp", None, ""),
        (START, at("2500"), "0 events"),
        ("wait 2s CaughtUp", None, ""),
        ("wait 1m 38s RateLimit", None, ""),
    ]);
}

#[test]
fn no_answer_is_tried_again() {
    let mut driver = Driver::start(&*poll(json!({})), None, NOW);
    driver.step();
    assert_eq!(show(&driver.answer(Err("timed out"))), "Unavailable onelogin.unreachable");
    driver.run(&[("wait 1s Failure", None, ""), (TOKEN, granted(), "settled")]);
}

/// An account that lists newest first and gives its pages by opaque cursors, while a late event comes in.
#[test]
fn an_imitated_account_is_read_whole() {
    let now = NOW.parse::<Timestamp>().unwrap().as_second();
    let mut stored: Vec<(i64, Timestamp)> =
        (0..3210).map(|at| (at, Timestamp::from_second(now - 4000 + at).unwrap())).collect();
    let mut driver = Driver::start(&*poll(json!({"start": "2026-03-01"})), None, NOW);
    let mut read: HashMap<String, usize> = HashMap::new();
    let mut looks = 0;
    while looks < 2 {
        let request = match driver.step() {
            Stepped::Sent(request) => request,
            Stepped::Waited(_) => {
                looks += 1;
                stored.push((9999, Timestamp::from_second(now - 4000 + 3000).unwrap()));
                continue;
            }
        };
        if show_request(&request) == TOKEN {
            driver.answer(Ok(&granted().unwrap()));
            continue;
        }
        let ask: HashMap<_, _> = request.url.query_pairs().into_owned().collect();
        let since: Timestamp = ask["since"].parse().unwrap();
        let skip: usize = ask.get("after_cursor").map_or(0, |after| after.parse().unwrap());
        let limit: usize = ask["limit"].parse().unwrap();
        let all: Vec<_> = stored.iter().rev().filter(|(_, time)| *time > since).collect();
        let page: Vec<_> = all.iter().skip(skip).take(limit).collect();
        let after = (skip + limit < all.len()).then(|| (skip + limit).to_string());
        let events: Vec<Value> = page
            .iter()
            .map(|(id, time)| json!({"id": id, "created_at": time.to_string()}))
            .collect();
        let body = json!({"pagination": {"after_cursor": after}, "data": events});
        let Outcome::Page { events, .. } = driver.answer(Ok(&json(200, &body))) else { panic!() };
        for event in events {
            *read.entry(event.id).or_default() += 1;
        }
    }
    assert_eq!(read.len(), 3211);
    assert!(read.contains_key("9999"));
}
