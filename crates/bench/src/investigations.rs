//! Thirteen questions that an investigator of logins asks, in KQL over Auth0's events, each with a number by which its
//! answer can be compared with another engine's. Deliberately absent: running them (`query`).

use serde_json::Value;

/// One question.
pub(crate) struct Investigation {
    /// Its short name; peers print the same.
    pub(crate) name: &'static str,
    /// What is asked, in words.
    pub(crate) about: &'static str,
    /// The same in KQL. `{user}` stands for a user of middling activity.
    pub(crate) kql: &'static str,
    /// Column whose sum is compared beside the number of rows.
    pub(crate) sum: Option<usize>,
    /// Whether it reads the whole text of every event, where the bar is 1.2 times the fastest peer instead of twice.
    pub(crate) needle: bool,
}

impl Investigation {
    /// The query for one user.
    pub(crate) fn text(&self, user: &str) -> String {
        self.kql.replace("{user}", user)
    }

    /// Number of rows, and the whole part of the sum of the compared column.
    pub(crate) fn check(&self, rows: &[Vec<Value>]) -> (usize, i64) {
        let cell = |row: &Vec<Value>, at: usize| row.get(at).and_then(Value::as_f64).unwrap_or(0.0);
        let sum: f64 = self.sum.map_or(0.0, |at| rows.iter().map(|row| cell(row, at)).sum());
        #[expect(clippy::cast_possible_truncation, reason = "the whole part is what is compared")]
        (rows.len(), sum as i64)
    }
}

const fn ask(
    name: &'static str,
    about: &'static str,
    sum: Option<usize>,
    kql: &'static str,
) -> Investigation {
    Investigation { name, about, kql, sum, needle: false }
}

/// The questions. The events lie between 2026-10-01 and 2026-10-31.
pub(crate) const ALL: &[Investigation] = &[
    ask(
        "q01_type_per_hour",
        "events by type and hour",
        Some(2),
        "Auth0Logs_CL
        | summarize c = count() by h = bin(TimeGenerated, 1h), EventType
        | sort by h asc, EventType asc",
    ),
    ask(
        "q02_top_failing_ips",
        "the 20 addresses with most failures, and how many users they tried",
        Some(1),
        "Auth0Logs_CL
        | where EventType in ('fp', 'fu', 'f')
        | summarize c = count(), u = dcount(ActorUserId) by SrcIpAddr
        | sort by c desc, SrcIpAddr asc
        | take 20",
    ),
    ask(
        "q03_events_of_user",
        "every event of one user, raw",
        None,
        "Auth0Logs_CL
        | where ActorUserId == '{user}'
        | sort by TimeGenerated asc, LogId asc
        | project TimeGenerated, EventType, SrcIpAddr, RawEvent",
    ),
    Investigation {
        needle: true,
        ..ask(
            "q04_needle_anywhere",
            "a word anywhere in the raw events",
            None,
            "Auth0Logs_CL
            | where tostring(RawEvent) contains_cs 'canary-7f3a91d2'
            | project TimeGenerated, LogId
            | sort by TimeGenerated asc",
        )
    },
    Investigation {
        needle: true,
        ..ask(
            "q05_needle_icase",
            "the same in any case",
            None,
            "Auth0Logs_CL
            | where tostring(RawEvent) contains 'CANARY-7F3A91D2'
            | project TimeGenerated, LogId
            | sort by TimeGenerated asc",
        )
    },
    ask(
        "q06_countries_per_user",
        "users who logged in from three countries or more",
        Some(1),
        "Auth0Logs_CL
        | where EventType == 's'
        | summarize n = count_distinct(SrcGeoCountry) by ActorUserId
        | where n >= 3
        | sort by n desc, ActorUserId asc
        | take 50",
    ),
    ask(
        "q07_fail_then_success_10m",
        "five failures, then a success, of one user from one address within ten minutes",
        Some(3),
        "Auth0Logs_CL
        | where EventType in ('fp', 'fu', 'f')
        | project ActorUserId, SrcIpAddr, Failed = TimeGenerated
        | join kind=inner (
            Auth0Logs_CL
            | where EventType == 's'
            | project ActorUserId, SrcIpAddr, LogId, Succeeded = TimeGenerated
        ) on ActorUserId, SrcIpAddr
        | where Failed < Succeeded and Failed >= Succeeded - 10m
        | summarize n = count() by ActorUserId, SrcIpAddr, LogId
        | where n >= 5
        | sort by n desc, LogId asc",
    ),
    ask(
        "q08_percentiles",
        "percentiles of a duration by application and type",
        None,
        "Auth0Logs_CL
        | summarize percentiles(ElapsedTime, 50, 95, 99) by ClientId, EventType
        | sort by ClientId asc, EventType asc",
    ),
    ask(
        "q09_json_path",
        "a number deep inside the details, summed by connection",
        Some(1),
        "Auth0Logs_CL
        | summarize s = sum(tolong(Details.prompts[0].elapsedTime)) by Connection
        | sort by Connection asc",
    ),
    ask(
        "q10_last_day_distinct",
        "the last day's types with their users",
        Some(1),
        "Auth0Logs_CL
        | where TimeGenerated >= datetime(2026-10-30)
        | summarize c = count(), u = dcount(ActorUserId) by EventType
        | sort by EventType asc",
    ),
    ask(
        "q11_new_country_for_user",
        "users in a country that is new to them",
        Some(0),
        "let logins = Auth0Logs_CL | where EventType == 's';
        logins
        | where TimeGenerated >= datetime(2026-10-29)
        | distinct ActorUserId, SrcGeoCountry
        | join kind=leftanti (
            logins | where TimeGenerated < datetime(2026-10-29) | distinct ActorUserId, SrcGeoCountry
        ) on ActorUserId, SrcGeoCountry
        | count",
    ),
    ask(
        "q12_hourly_anomaly",
        "hours whose failures stand out from the 24 before",
        None,
        "let hours = materialize(Auth0Logs_CL
        | where EventType in ('fp', 'fu', 'f')
        | summarize c = count() by Hour = bin(TimeGenerated, 1h));
        hours
        | extend k = 1
        | join kind=inner (hours | project k = 1, Before = Hour, b = c) on k
        | where Before < Hour and Before >= Hour - 24h
        | summarize c = take_any(c), m = avg(b), d = stdevp(b) by Hour
        | where c > m + 3 * d
        | project Hour, c
        | sort by Hour asc",
    ),
    ask(
        "q13_latest_100",
        "the latest 100 events, raw",
        None,
        "Auth0Logs_CL | top 100 by TimeGenerated desc | project TimeGenerated, RawEvent",
    ),
];

/// The seed question of 193 derived columns, of which nothing may be derived for rows that the limit drops.
pub(crate) const WIDE_VIEW: &str = "Auth0AM_CL | sort by TimeGenerated desc | take 10";
