//! Recorded events through every wire form: their bytes come out as they went in, and each member is in the row somewhere.
//! Where a collection of real samples lies beside the project, it is used; the fixtures are used always.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use model::{Event, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;
use sources::{ALL, Provider};

use crate::golden::fixtures;
use crate::rows::row;

fn samples(provider: &str) -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = ["../../../shared/samples", "../../../../shared/samples"]
        .iter()
        .map(|way| here.join(way).join(provider))
        .filter(|folder| folder.is_dir())
        .collect();
    let mut files = fixtures(provider);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "json" || it == "ndjson") {
                files.push(path);
            }
        }
    }
    files
}

/// The events in every form in which they may be sent or exported.
fn wire_forms(events: &[Event]) -> Vec<Vec<u8>> {
    let join = |before: &str,
                between: &str,
                after: &str,
                wrap: &dyn Fn(&Event) -> (String, &'static str)| {
        let mut body = before.as_bytes().to_vec();
        for (at, event) in events.iter().enumerate() {
            let (open, close) = wrap(event);
            body.extend_from_slice(if at == 0 { b"" } else { between.as_bytes() });
            body.extend_from_slice(open.as_bytes());
            body.extend_from_slice(&event.raw);
            body.extend_from_slice(close.as_bytes());
        }
        body.extend_from_slice(after.as_bytes());
        body
    };
    let bare = |_: &Event| (String::new(), "");
    let stream = |event: &Event| (format!("{{\"log_id\":\"{}\",\"data\":", event.id), "}");
    let hook = |_: &Event| ("{\"event\": ".to_owned(), " }");
    vec![
        join("[", ",", "]", &bare),
        join("\u{feff} [\n", " ,\r\n", "\n]\n", &bare),
        join("", "\n", "\n", &bare),
        join("", "", "", &bare),
        join("", "\n", "", &stream),
        join("[", ",", "]", &stream),
        join("", "\r\n", "\r\n", &hook),
        join("{\"status\":{},\"pagination\":{},\"data\":[", ",", "]}", &bare),
        join("{\"start\":0,\"logs\":[", ",", "],\"total\":1}", &bare),
    ]
}

#[test]
fn bytes_come_out_as_they_went_in() {
    for provider in ALL {
        let token = serde_json::json!({"tokens": "t"});
        let receiver = provider.receive(&token).unwrap();
        for path in samples(provider.name()) {
            let body = Bytes::from(fs::read(&path).unwrap());
            let first = provider.read_export(&body);
            assert!(!first.events.is_empty(), "{}", path.display());
            for event in &first.events {
                serde_json::from_slice::<&RawValue>(&event.raw).unwrap();
            }
            let forms: Vec<usize> = match provider.name() {
                "auth0" => (0..7).chain([8]).collect(),
                _ => (0..8).collect(),
            };
            let bodies = wire_forms(&first.events);
            for form in forms {
                let body = Bytes::from(bodies[form].clone());
                for decoded in [receiver.read(&body), provider.read_export(&body)] {
                    let raw = |events: &[Event]| {
                        events.iter().map(|it| it.raw.clone()).collect::<Vec<_>>()
                    };
                    assert_eq!(decoded.rejected, [], "form {form} of {}", path.display());
                    assert_eq!(raw(&decoded.events), raw(&first.events), "form {form}");
                    let told = |events: &[Event]| {
                        events.iter().map(|it| (it.id.clone(), it.time)).collect::<Vec<_>>()
                    };
                    assert_eq!(told(&decoded.events), told(&first.events), "form {form}");
                }
            }
        }
    }
}

#[test]
fn columns_lose_nothing() {
    for provider in ALL {
        for path in samples(provider.name()) {
            for event in provider.read_export(&Bytes::from(fs::read(&path).unwrap())).events {
                let members: BTreeMap<String, &RawValue> =
                    serde_json::from_slice(&event.raw).unwrap();
                let kept = kept(*provider, &event);
                for (name, raw) in members {
                    let forms = forms(raw);
                    let is_none = matches!(raw.get(), "null" | "\"\"");
                    let is_kept = forms.iter().any(|form| *form == event.id || kept.contains(form));
                    assert!(
                        is_none || is_kept,
                        "{name}: {raw} of {} in {}",
                        event.id,
                        path.display()
                    );
                }
            }
        }
    }
}

/// Every value of the row in one form.
fn kept(provider: &dyn Provider, event: &Event) -> Vec<String> {
    let row = row(provider, &event.raw, &event.id, event.time);
    let values = row.values.into_iter().map(|(_, value)| value);
    let all = values.chain(row.additional.into_iter().map(|(_, json)| json));
    all.map(|text| match serde_json::from_str::<Value>(&text) {
        Ok(value) if !value.is_number() => value.as_str().map_or(value.to_string(), str::to_owned),
        _ => text,
    })
    .collect()
}

/// The forms in which a member's value may stand in a row. A value that no `Value` can hold (a lone surrogate, an endless
/// number) has to be there as it is written, or as the mapper's own reading of it.
fn forms(raw: &RawValue) -> Vec<String> {
    let mut forms = vec![raw.get().to_owned()];
    let value = match serde_json::from_str::<Value>(raw.get()) {
        Ok(value) => value,
        Err(_) => {
            let lossy = raw.get().replace("\\ud83d half", "\u{fffd} half");
            serde_json::from_str(&lossy).unwrap_or_default()
        }
    };
    forms.push(value.to_string());
    match &value {
        Value::String(text) => {
            forms.push(text.clone());
            forms.push(text.to_lowercase());
            for moment in [text.clone(), format!("{text}Z")] {
                forms.extend(moment.parse::<Timestamp>().ok().map(|time| time.to_string()));
            }
        }
        Value::Number(number) => {
            forms.extend(number.as_f64().map(|number| number.to_string()));
            forms.push((number.as_f64() == Some(1.0)).to_string());
        }
        Value::Array(items) => {
            let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            forms.push(texts.join(" "));
            forms.push(texts.join("\n"));
        }
        Value::Object(members) => {
            forms.extend(members.get("_id").and_then(Value::as_str).map(str::to_owned));
        }
        _ => {}
    }
    forms
}
