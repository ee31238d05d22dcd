//! Receivers of the real providers in front of the real journal: what was acknowledged is there after a restart, once.

use std::path::Path;
use std::sync::Arc;

use api::{Intake, IntakeError};
use journal::{Journal, Options, StoredIds, StoredIdsError};
use model::FixedClock;
use serde_json::json;

use super::fakes::{SECRET, Setting, now, push, stage_with};

struct EmptyLake;

impl StoredIds for EmptyLake {
    fn ids_of_day(&self, _: i32) -> Result<Vec<u128>, StoredIdsError> {
        Ok(Vec::new())
    }
}

fn open(folder: &Path) -> Journal {
    let clock = Arc::new(FixedClock::at(now()));
    Journal::open(folder, Options::default(), clock, Arc::new(EmptyLake)).unwrap()
}

fn setting(journal: &Journal) -> Setting {
    let auth0 = sources::find("auth0").unwrap();
    let receiver = auth0.receive(&json!({"tokens": [SECRET]})).unwrap();
    Setting {
        receiver: Some(receiver.into()),
        intake: Some(Arc::new(journal.clone())),
        ..Setting::default()
    }
}

const TWO: &str = r#"[
 {"log_id":"901","data":{"log_id":"901","date":"2026-11-21T06:59:00.000Z","type":"s"}},
 {"log_id":"902","data":{"log_id":"902","date":"2026-11-21T06:59:01.000Z","type":"fp"}}
]"#;

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let stage = stage_with(setting(&journal));
    let answered = stage.send(push(TWO)).await;
    assert_eq!(answered.text, r#"{"stored":2,"duplicates":0,"rejected":0}"#);
    let answered = stage.send(push(TWO)).await;
    assert_eq!(answered.text, r#"{"stored":0,"duplicates":2,"rejected":0}"#);
    journal.close().await;

    let answered = stage.send(push(TWO)).await;
    assert_eq!((answered.status, answered.code().as_str()), (503, "stopping"));
    drop(stage);

    let journal = open(folder.path());
    let stage = stage_with(setting(&journal));
    let answered = stage.send(push(TWO)).await;
    assert_eq!(answered.text, r#"{"stored":0,"duplicates":2,"rejected":0}"#);
    let raw: Vec<_> = journal
        .read(1, 1_000_000)
        .unwrap()
        .into_iter()
        .flat_map(|batch| batch.events)
        .map(|event| String::from_utf8(event.raw.to_vec()).unwrap())
        .collect();
    assert_eq!(
        raw,
        [
            r#"{"log_id":"901","date":"2026-11-21T06:59:00.000Z","type":"s"}"#,
            r#"{"log_id":"902","date":"2026-11-21T06:59:01.000Z","type":"fp"}"#,
        ]
    );
    journal.close().await;
}

#[tokio::test]
async fn a_request_of_too_many_events_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let stage = stage_with(setting(&journal));
    let answered = stage.send(push("{\"type\":\"s\"}\n".repeat(200_000))).await;
    assert_eq!((answered.status, answered.code().as_str()), (413, "too_many_events"));
    let refused = Intake::append(
        &journal,
        model::Batch {
            source: model::SourceId {
                provider: "auth0".into(),
                tenant: "acme".into(),
                source: "stream".into(),
            },
            via: model::Via::Push,
            received: now(),
            events: vec![model::Event { id: String::new(), time: None, raw: "{}".into() }; 200_000],
            rejected: Vec::new(),
            cursor: None,
            gap: None,
            walked: None,
        },
    );
    assert!(matches!(refused.await, Err(IntakeError::TooLarge { events: 200_000, .. })));
    journal.close().await;
}
