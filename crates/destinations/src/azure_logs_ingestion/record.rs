//! An event as a record of a declared stream: either the columns that Microsoft's connectors declare, so that their tables
//! and everything written for them work unchanged, or the event itself with what is known about it.
//! Deliberately absent: calls and their limits.

use model::limits::EVENT_LEVELS_MAX;
use model::{Timestamp, is_nested_deeper_than};
use sonic_rs::to_object_iter;

use crate::Outgoing;
use crate::cut::{write_dynamic_cut, write_string_cut, write_text, write_text_cut};

/// What a record is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The columns of Microsoft's streams.
    Columns,
    /// `TimeGenerated`, `TimeReceived`, `Provider`, `Tenant`, `Source`, `EventId` and the event as `RawEvent`.
    Raw,
}

/// How events become records.
#[derive(Debug)]
pub(super) struct Format {
    pub(super) shape: Shape,
    /// With `Columns`: the event itself as a further column `RawEvent`.
    pub(super) raw_event: bool,
}

impl Format {
    /// Appends the record of `event` to `out`. How many fields were cut.
    pub(super) fn write(
        &self,
        event: &Outgoing,
        field_bytes_max: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, &'static str> {
        if is_nested_deeper_than(&event.raw, EVENT_LEVELS_MAX) {
            return Err("nested deeper than 128 levels");
        }
        let raw = std::str::from_utf8(&event.raw).map_err(|_| "not UTF-8")?.trim();
        let mut record = Record { out, bytes_max: field_bytes_max, cuts: 0 };
        record.out.push(b'{');
        match self.shape {
            Shape::Raw => {
                record.time("TimeGenerated", event.time.unwrap_or(event.received));
                record.time("TimeReceived", event.received);
                record.text("Provider", &event.source.provider);
                record.text("Tenant", &event.source.tenant);
                record.text("Source", &event.source.source);
                record.text("EventId", &event.id);
            }
            Shape::Columns => self.columns(event, raw, &mut record)?,
        }
        if self.raw_event || self.shape == Shape::Raw {
            record.value("RawEvent", raw, Kind::Dynamic);
        }
        record.out.push(b'}');
        Ok(record.cuts)
    }

    fn columns(
        &self,
        event: &Outgoing,
        raw: &str,
        record: &mut Record<'_>,
    ) -> Result<(), &'static str> {
        let declared = declared(&event.source.provider);
        let mut found: [Option<(usize, &str)>; DECLARED_MAX] = [None; DECLARED_MAX];
        for entry in to_object_iter(raw) {
            let (name, value) = entry.map_err(|_| "not a JSON object")?;
            for (column, place) in declared.iter().zip(&mut found) {
                let Some(rank) = column.fields.iter().position(|field| **field == *name) else {
                    continue;
                };
                if place.is_none_or(|(known, _)| rank <= known)
                    && let std::borrow::Cow::Borrowed(text) = value.as_raw_cow()
                    && text != "null"
                {
                    *place = Some((rank, text));
                }
            }
        }
        for (column, found) in declared.iter().zip(&found) {
            let written = found.is_some_and(|(_, raw)| record.value(column.name, raw, column.kind));
            if let (false, Kind::Time, Some(time)) = (written, column.kind, event.time) {
                record.time(column.name, time);
            }
        }
        if event.source.provider == "auth0" {
            record.text(DOMAIN_COLUMN, event.domain.as_deref().unwrap_or(&event.source.tenant));
        }
        Ok(())
    }
}

/// A record being written.
struct Record<'a> {
    out: &'a mut Vec<u8>,
    bytes_max: usize,
    cuts: usize,
}

impl Record<'_> {
    fn name(&mut self, name: &str) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        write_text(name, self.out);
        self.out.push(b':');
    }

    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.cuts += usize::from(write_text_cut(text, self.bytes_max, self.out));
    }

    fn time(&mut self, name: &str, time: Timestamp) {
        self.name(name);
        write_text(&format!("{time:.6}"), self.out);
    }

    /// Writes the JSON value `raw` as the column's type. `false`, and nothing written, if it cannot be had in that type.
    fn value(&mut self, name: &str, raw: &str, kind: Kind) -> bool {
        let is_text = raw.starts_with('"');
        let inner = if is_text { raw.trim_matches('"') } else { raw };
        let fits = match kind {
            Kind::Text | Kind::Dynamic => true,
            Kind::Time => is_text && inner.parse::<Timestamp>().is_ok(),
            Kind::Real => is_json_number(inner),
            Kind::Bool => matches!(inner, "true" | "false"),
        };
        if !fits {
            return false;
        }
        self.name(name);
        let cut = match kind {
            Kind::Text if is_text => write_string_cut(raw, self.bytes_max, self.out),
            Kind::Text => write_text_cut(raw, self.bytes_max, self.out),
            Kind::Dynamic => write_dynamic_cut(raw, self.bytes_max, self.out),
            Kind::Time => write_string_cut(raw, self.bytes_max, self.out),
            Kind::Real | Kind::Bool => {
                self.out.extend_from_slice(inner.as_bytes());
                false
            }
        };
        self.cuts += usize::from(cut);
        true
    }
}

fn is_json_number(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// The type of a declared column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Real,
    Bool,
    Time,
    Dynamic,
}

impl Kind {
    /// As a rule's stream declaration names it.
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Real => "real",
            Self::Bool => "boolean",
            Self::Time => "datetime",
            Self::Dynamic => "dynamic",
        }
    }
}

/// The column of the tenant's domain, which is not a field of the event.
const DOMAIN_COLUMN: &str = "Auth0Domain";

/// A column of a stream, and the event's fields that it is made of, the best first.
struct Declared {
    name: &'static str,
    kind: Kind,
    fields: &'static [&'static str],
}

/// More than any stream has.
const DECLARED_MAX: usize = 32;

fn declared(provider: &str) -> &'static [Declared] {
    match provider {
        "auth0" => AUTH0,
        "onelogin" => ONELOGIN,
        _ => &[],
    }
}

/// What a record of this provider may hold: the names of its columns with the types that a rule declares them as.
pub(crate) fn declared_columns(
    provider: &str,
) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
    let domain = (provider == "auth0").then_some((DOMAIN_COLUMN, Kind::Text.name()));
    declared(provider).iter().map(|column| (column.name, column.kind.name())).chain(domain)
}

macro_rules! declared {
    ($($name:literal $kind:ident $([$($field:literal),+])?;)+) => {
        &[$(Declared {
            name: $name,
            kind: Kind::$kind,
            fields: &[$name $($(, $field)+)?],
        }),+]
    };
}

/// `Custom-Auth0Logs_CL` of Microsoft Sentinel's Auth0 solution 3.2.1; `Auth0Domain` is not a field of the event and is
/// added apart. In brackets, fields that stand in for one that is absent.
const AUTH0: &[Declared] = declared! {
    "date" Time;
    "type" Text;
    "description" Text;
    "connection" Text;
    "connection_id" Text;
    "client_id" Text;
    "client_name" Text;
    "ip" Text;
    "user_agent" Text;
    "hostname" Text;
    "user_id" Text;
    "user_name" Text;
    "organization_id" Text;
    "organization_name" Text;
    "audience" Text;
    "scope" Text;
    "strategy" Text;
    "strategy_type" Text;
    "location_info" Dynamic;
    "details" Dynamic;
    "security_context" Dynamic ["securityContext"];
    "log_id" Text ["_id"];
    "tenant_name" Text;
    "isMobile" Bool;
};

/// `Custom-OneLoginEventsV2_CL` of Microsoft Sentinel's OneLogin solution. Its connector reads the events API; a webhook's
/// event has no `id`, and its time is named otherwise.
const ONELOGIN: &[Declared] = declared! {
    "id" Real;
    "app_name" Text;
    "app_id" Real;
    "role_name" Text;
    "role_id" Real;
    "policy_name" Text;
    "policy_id" Real;
    "policy_type" Text;
    "user_id" Real;
    "user_name" Text;
    "actor_system" Text;
    "custom_message" Text;
    "account_id" Real;
    "ipaddr" Text;
    "actor_user_name" Text;
    "actor_user_id" Real;
    "notes" Text;
    "event_type_id" Real;
    "created_at" Text ["event_timestamp"];
};

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use model::SourceId;

    use super::*;

    fn event(provider: &str, raw: &str) -> Outgoing {
        Outgoing {
            source: Arc::new(SourceId {
                provider: provider.to_owned(),
                tenant: "acme".to_owned(),
                source: "poll".to_owned(),
            }),
            domain: Some("acme.eu.auth0.com".into()),
            offset: 7,
            id: "e-1".to_owned(),
            time: "2026-11-20T18:00:00.25Z".parse().ok(),
            received: "2026-11-20T18:00:01Z".parse().expect("a moment"),
            raw: Bytes::copy_from_slice(raw.as_bytes()),
        }
    }

    #[track_caller]
    fn check(format: &Format, event: &Outgoing, expected: &str) {
        let mut out = Vec::new();
        let written = format.write(event, 1000, &mut out);
        assert_eq!(written.map(|_| String::from_utf8(out).expect("text")).as_deref(), Ok(expected));
    }

    fn columns() -> Format {
        Format { shape: Shape::Columns, raw_event: false }
    }

    #[test]
    fn declared_columns_are_picked_in_order_and_others_left_out() {
        check(
            &columns(),
            &event(
                "auth0",
                r#"{"type":"s","client_ip":"::1","date":"2026-11-20T18:00:00.250Z","details":{"prompts":[1, 2]},"isMobile":false,"log_id":"9002","$event_schema":{},"ip":"::1"}"#,
            ),
            r#"{"date":"2026-11-20T18:00:00.250Z","type":"s","ip":"::1","details":{"prompts":[1, 2]},"log_id":"9002","isMobile":false,"Auth0Domain":"acme.eu.auth0.com"}"#,
        );
    }

    #[test]
    fn a_value_of_another_type_is_converted_or_left_out() {
        check(
            &columns(),
            &event(
                "auth0",
                r#"{"date":"yesterday","type":7,"scope":["a b","c\"d"],"audience":{"x":1},"isMobile":"true","_id":"5","user_name":null,"description":""}"#,
            ),
            r#"{"date":"2026-11-20T18:00:00.250000Z","type":"7","description":"","audience":"{\"x\":1}","scope":"[\"a b\",\"c\\\"d\"]","log_id":"5","isMobile":true,"Auth0Domain":"acme.eu.auth0.com"}"#,
        );
        check(
            &columns(),
            &event(
                "onelogin",
                r#"{"account_id":"92920","event_type_id":5.0,"user_id":"x","isMobile":1}"#,
            ),
            r#"{"account_id":92920,"event_type_id":5.0}"#,
        );
    }

    #[test]
    fn a_webhook_of_onelogin_fills_what_its_connector_would() {
        check(
            &columns(),
            &event(
                "onelogin",
                r#"{"uuid":"u","event_timestamp":"2026-11-20 18:00:00 UTC","event_type_id":5,"app_id":null,"notes":"a\nb"}"#,
            ),
            r#"{"notes":"a\nb","event_type_id":5,"created_at":"2026-11-20 18:00:00 UTC"}"#,
        );
    }

    #[test]
    fn the_best_of_several_fields_counts_wherever_it_stands() {
        for raw in [r#"{"_id":"b","log_id":"a"}"#, r#"{"log_id":"a","_id":"b"}"#] {
            check(
                &columns(),
                &Outgoing { domain: None, ..event("auth0", raw) },
                r#"{"date":"2026-11-20T18:00:00.250000Z","log_id":"a","Auth0Domain":"acme"}"#,
            );
        }
    }

    #[test]
    fn the_raw_shape_carries_the_event_byte_for_byte() {
        check(
            &Format { shape: Shape::Raw, ..columns() },
            &event("auth0", "{ \"n\" : 1.50e3 }"),
            r#"{"TimeGenerated":"2026-11-20T18:00:00.250000Z","TimeReceived":"2026-11-20T18:00:01.000000Z","Provider":"auth0","Tenant":"acme","Source":"poll","EventId":"e-1","RawEvent":{ "n" : 1.50e3 }}"#,
        );
        check(
            &Format { raw_event: true, ..columns() },
            &event("onelogin", r#"{"id":1}"#),
            r#"{"id":1,"RawEvent":{"id":1}}"#,
        );
    }

    #[test]
    fn long_fields_are_cut_and_counted() {
        let raw = format!(
            r#"{{"type":"{0}","details":{{"a":"{0}"}},"isMobile":true}}"#,
            "x".repeat(1200)
        );
        let mut out = Vec::new();
        assert_eq!(columns().write(&event("auth0", &raw), 1000, &mut out), Ok(2));
        let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert!(value["type"].as_str().expect("text").ends_with("x…[cut, was 1200 bytes]"));
        assert_eq!(value["details"]["cut_from_bytes"], 1208);
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        let mut out = Vec::new();
        let refused = columns().write(&event("auth0", r#"{"type":"s""#), 1000, &mut out);
        assert_eq!(refused, Err("not a JSON object"));
    }
}
