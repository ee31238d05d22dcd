//! The thirteen questions of `cargo xtask bench query`, over a few thousand events: imported into a lake, asked over HTTP, and
//! answered a second time by plain loops over the same events.
//! Deliberately absent: how fast (`bench`).

#[path = "../../../bench/src/investigations.rs"]
mod questions;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::program::{Server, succeed};

const EVENTS: usize = 3_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 2026-10-01, in milliseconds since 1970.
const FIRST: i64 = 1_790_812_800_000;
const NEEDLE: &str = "canary-7f3a91d2";

struct Login {
    /// Milliseconds since 1970.
    at: i64,
    kind: &'static str,
    user: String,
    address: String,
    country: &'static str,
    connection: String,
    client: String,
    elapsed: i64,
    note: Option<&'static str>,
}

impl Login {
    fn failed(&self) -> bool {
        matches!(self.kind, "fp" | "fu" | "f")
    }

    fn hour(&self) -> i64 {
        self.at.div_euclid(HOUR)
    }

    fn event(&self, number: usize) -> Value {
        let at = jiff_text(self.at);
        json!({
            "date": at, "type": self.kind, "log_id": format!("90020{number:010}"), "user_id": self.user,
            "ip": self.address, "client_id": self.client, "connection": self.connection,
            "details": {"prompts": [{"elapsedTime": self.elapsed, "note": self.note}], "elapsedTime": self.elapsed},
            "location_info": {"country_code": self.country},
        })
    }
}

/// A moment of October 2026 as the provider writes it.
fn jiff_text(at: i64) -> String {
    let (day, rest) = ((at - FIRST).div_euclid(DAY) + 1, (at - FIRST).rem_euclid(DAY));
    let (hour, rest) = (rest / HOUR, rest % HOUR);
    let (minute, rest) = (rest / MINUTE, rest % MINUTE);
    format!("2026-10-{day:02}T{hour:02}:{minute:02}:{:02}.{:03}Z", rest / 1000, rest % 1000)
}

/// Events spread over thirty days, the same in every run: among them a wave of failures, a success after failures, needles,
/// and a user who turns up in another country at the end.
fn logins() -> Vec<Login> {
    let mut state = 42_u64;
    let mut dice = move |sides: i64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 33).unwrap() % sides
    };
    let step = 30 * DAY / i64::try_from(EVENTS).unwrap();
    let mut all: Vec<Login> = (0..i64::try_from(EVENTS).unwrap())
        .map(|number| {
            let user = dice(60);
            Login {
                at: FIRST + number * step + dice(step),
                kind: ["s", "s", "s", "fp", "f", "slo", "seacft"]
                    [usize::try_from(dice(7)).unwrap()],
                user: format!("auth0|user{user:03}"),
                address: format!("198.51.100.{}", user * 2 + dice(2)),
                country: ["PL", "DE", "FR", "GB"]
                    [usize::try_from((user + dice(9) / 4) % 4).unwrap()],
                connection: format!("con-{}", user % 3),
                client: format!("client-{}", user % 4),
                elapsed: 10 + dice(900),
                note: (number % 1000 == 500).then_some(NEEDLE),
            }
        })
        .collect();
    for (minute, kind) in (0..8).map(|it| (it, "fu")).chain([(8, "s"), (30, "s")]) {
        all.push(Login {
            at: FIRST + (if minute == 30 { 29 } else { 20 }) * DAY + minute * MINUTE,
            kind,
            user: "auth0|victim".to_owned(),
            address: "203.0.113.9".to_owned(),
            country: if minute == 30 { "US" } else { "PL" },
            connection: "con-0".to_owned(),
            client: "client-0".to_owned(),
            elapsed: 77,
            note: None,
        });
    }
    for number in 0..60 {
        let (at, victim) = (FIRST + 25 * DAY + 3 * HOUR + number * 50_000, &all[0]);
        let login = Login {
            at,
            kind: "fp",
            user: format!("auth0|sprayed{number}"),
            address: "203.0.113.66".to_owned(),
            country: victim.country,
            connection: victim.connection.clone(),
            client: victim.client.clone(),
            elapsed: number,
            note: None,
        };
        all.push(login);
    }
    all.sort_by_key(|login| login.at);
    all
}

fn count_by<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, i64> {
    let mut counts = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    counts
}

fn pairs(logins: &[Login], until: impl Fn(i64) -> bool) -> BTreeSet<(&str, &str)> {
    let of = logins.iter().filter(|it| it.kind == "s" && until(it.at));
    of.map(|it| (it.user.as_str(), it.country)).collect()
}

/// Number of rows and compared sum of one question, found by loops.
fn expected(name: &str, logins: &[Login], user: &str) -> (usize, i64) {
    let failed = || logins.iter().filter(|it| it.failed());
    let last_day = FIRST + 29 * DAY;
    match name.split('_').next().unwrap() {
        "q01" => {
            (count_by(logins.iter().map(|it| (it.hour(), it.kind))).len(), logins.len() as i64)
        }
        "q02" => {
            let mut counts: Vec<i64> =
                count_by(failed().map(|it| &it.address)).into_values().collect();
            counts.sort_unstable_by(|a, b| b.cmp(a));
            (counts.len().min(20), counts.iter().take(20).sum())
        }
        "q03" => (logins.iter().filter(|it| it.user == user).count(), 0),
        "q04" | "q05" => (logins.iter().filter(|it| it.note.is_some()).count(), 0),
        "q06" => {
            let found = pairs(logins, |_| true);
            let mut counts: Vec<i64> =
                count_by(found.iter().map(|it| it.0)).into_values().collect();
            counts.retain(|count| *count >= 3);
            counts.sort_unstable_by(|a, b| b.cmp(a));
            (counts.len().min(50), counts.iter().take(50).sum())
        }
        "q07" => {
            let before = |success: &Login| {
                let near = |it: &&Login| it.at < success.at && it.at >= success.at - 10 * MINUTE;
                let same = |it: &&Login| it.user == success.user && it.address == success.address;
                failed().filter(near).filter(same).count() as i64
            };
            let successes = logins.iter().filter(|it| it.kind == "s").map(before);
            let chains: Vec<i64> = successes.filter(|count| *count >= 5).collect();
            (chains.len(), chains.iter().sum())
        }
        "q08" => (count_by(logins.iter().map(|it| (&it.client, it.kind))).len(), 0),
        "q09" => {
            let sum = logins.iter().map(|it| it.elapsed).sum();
            (count_by(logins.iter().map(|it| &it.connection)).len(), sum)
        }
        "q10" => {
            let of = || logins.iter().filter(|it| it.at >= last_day);
            (count_by(of().map(|it| it.kind)).len(), of().count() as i64)
        }
        "q11" => {
            let (new, old) =
                (pairs(logins, |at| at >= last_day - DAY), pairs(logins, |at| at < last_day - DAY));
            (1, new.difference(&old).count() as i64)
        }
        "q12" => {
            let hours: Vec<(i64, f64)> = count_by(failed().map(Login::hour))
                .into_iter()
                .map(|(hour, c)| (hour, c as f64))
                .collect();
            let stands_out = |(hour, count): &&(i64, f64)| {
                let before: Vec<f64> = hours
                    .iter()
                    .filter(|(at, _)| at < hour && *at >= hour - 24)
                    .map(|(_, count)| *count)
                    .collect();
                let mean = before.iter().sum::<f64>() / before.len() as f64;
                let spread =
                    before.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / before.len() as f64;
                *count > mean + 3.0 * spread.sqrt()
            };
            (hours.iter().filter(stands_out).count(), 0)
        }
        "q13" => (100, 0),
        other => panic!("no second answer to {other}"),
    }
}

#[test]
fn every_investigation_has_the_answer_of_plain_loops() {
    let folder = tempfile::tempdir().unwrap();
    let logins = logins();
    let lines: String =
        logins.iter().enumerate().map(|(number, it)| format!("{}\n", it.event(number))).collect();
    std::fs::write(folder.path().join("events.ndjson"), lines).unwrap();
    std::fs::write(folder.path().join("doorledger.yaml"), "data: data\n").unwrap();
    let import =
        ["import", "--provider", "auth0", "--tenant", "acme", "--data", "data", "events.ndjson"];
    succeed(folder.path(), &import);
    // While the rows are in memory, and after they went into files, which have a reader of their own.
    for _ in 0..2 {
        let server = Server::start(folder.path());
        server.wait_for_count("Auth0Logs_CL | count", logins.len());
        ask(&server, &logins);
        assert_eq!(server.stop(), 0);
    }
}

fn ask(server: &Server, logins: &[Login]) {
    for question in questions::ALL {
        let rows = server.rows(&question.text("auth0|victim"));
        let expected = expected(question.name, logins, "auth0|victim");
        assert_eq!(question.check(&rows), expected, "{}: {}", question.name, question.about);
        assert!(expected.0 > 0, "{} asks nothing of these events", question.name);
    }
    assert_eq!(questions::ALL.iter().filter(|it| it.needle).count(), 2);
    assert_eq!(server.rows(questions::WIDE_VIEW).len(), 10);
    // A count reads no column at all.
    let successes = logins.iter().filter(|it| it.kind == "s").count();
    assert_eq!(server.rows("Auth0Logs_CL | where EventType == 's' | count"), [[successes]]);
}
