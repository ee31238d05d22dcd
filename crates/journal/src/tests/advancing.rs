//! Readers: saved offsets, removal of what all have passed, dead letters, gaps, totals.
#![expect(clippy::single_range_in_vec_init, reason = "stretches are ranges, and one is a list too")]

use bytes::Bytes;
use model::{Gap, Rejected};
use tempfile::TempDir;

use super::*;
use crate::{DeadLetter, DeadLetterFilter, Error, ReaderStart, ReaderState};

#[tokio::test]
async fn a_reader_goes_forward_within_the_journal_only() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.register_reader("azure", ReaderStart::Beginning).unwrap();
    journal.append(batch("poll", 1..=5)).await.unwrap();
    journal.advance("azure", 6, Vec::new()).await.unwrap();
    for offset in [5, 7] {
        let error = journal.advance("azure", offset, Vec::new()).await.unwrap_err();
        let expected = format!("reader \"azure\" at 6 cannot move to {offset}, the head is at 6");
        assert_eq!(error.to_string(), expected);
    }
    let error = journal.advance("other", 1, Vec::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "no reader is called \"other\"");
    let state = ReaderState { name: "azure".into(), offset: 6, backlog_events: 0 };
    assert_eq!(journal.readers().unwrap(), [state]);
}

#[tokio::test]
async fn what_a_reader_has_done_beyond_its_offset_is_saved_with_it() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.register_reader("azure", ReaderStart::Beginning).unwrap();
    journal.append(batch("poll", 1..=20)).await.unwrap();
    journal.advance_past("azure", 3, vec![5..7, 9..21], Vec::new()).await.unwrap();
    let error = journal.advance_past("azure", 4, vec![5..22], Vec::new()).await.unwrap_err();
    assert!(matches!(error, Error::OffsetOutOfRange { .. }), "{error}");
    drop(journal);
    let journal = open(&dir);
    assert_eq!(journal.register_reader("azure", ReaderStart::Beginning).unwrap(), 3);
    assert_eq!(journal.ahead("azure", 3).unwrap(), [5..7, 9..21]);
    assert!(journal.ahead("lake", 3).unwrap().is_empty());
    journal.advance("azure", 8, Vec::new()).await.unwrap();
    assert!(journal.ahead("azure", 8).unwrap().is_empty(), "the next advance replaces it");
    journal.advance_past("azure", 8, vec![9..21], Vec::new()).await.unwrap();
    journal.remove_reader("azure").unwrap();
    assert_eq!(journal.register_reader("azure", ReaderStart::Beginning).unwrap(), 1);
    assert!(journal.ahead("azure", 8).unwrap().is_empty(), "it goes with its reader");
}

#[tokio::test]
async fn events_are_removed_when_the_slowest_reader_has_passed_them() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    for reader in ["lake", "azure"] {
        journal.register_reader(reader, ReaderStart::Beginning).unwrap();
    }
    for n in 0..5 {
        journal.append(batch("poll", n * 10..n * 10 + 10)).await.unwrap();
    }
    journal.advance("lake", 51, Vec::new()).await.unwrap();
    assert_eq!(ids(&journal, 1).len(), 50, "azure has read nothing yet");
    journal.advance("azure", 25, Vec::new()).await.unwrap();
    let error = journal.read(20, 1000).unwrap_err();
    assert!(matches!(error, Error::Removed { offset: 20, first: 21 }), "{error}");
    assert_eq!(ids(&journal, 21).len(), 30, "the row in which azure stands is kept whole");
    assert!(journal.remove_reader("azure").unwrap());
    assert!(!journal.remove_reader("azure").unwrap());
    assert_eq!(journal.register_reader("late", ReaderStart::Beginning).unwrap(), 41);
    assert_eq!(journal.register_reader("later", ReaderStart::Head).unwrap(), 51);
}

#[tokio::test]
async fn rejected_input_and_given_up_events_become_dead_letters() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.register_reader("azure", ReaderStart::Beginning).unwrap();
    let rejected = Rejected { raw: Bytes::from("nonsense"), reason: "not a JSON object".into() };
    let appended =
        journal.append(Batch { rejected: vec![rejected], ..batch("poll", 1..=2) }).await.unwrap();
    assert_eq!((appended.stored, appended.rejected), (2, 1));
    let read = journal.read(1, 1000).unwrap();
    let given_up = DeadLetter::of_event(&read[0].source, &read[0].events[1], "field over 32 KB");
    journal.advance("azure", 3, vec![given_up]).await.unwrap();
    drop(journal);
    let journal = open(&dir);
    let letter = |id, origin: &str, event_id: &str, reason: &str, raw: Bytes, offset| DeadLetter {
        id,
        at: now(),
        origin: origin.into(),
        source: source("poll"),
        event_id: event_id.into(),
        reason: reason.into(),
        raw,
        offset,
    };
    let first = letter(1, "auth0/acme/poll", "", "not a JSON object", "nonsense".into(), None);
    let second = letter(2, "azure", "2", "field over 32 KB", event(2).raw, Some(2));
    let all = DeadLetterFilter::default();
    assert_eq!(journal.dead_letters(&all).unwrap(), [first.clone(), second.clone()]);
    let of_azure = DeadLetterFilter { origin: Some("azure".into()), ..all.clone() };
    assert_eq!(journal.dead_letters(&of_azure).unwrap(), std::slice::from_ref(&second));
    for (from, why, expected) in [
        (Some("auth0/acme"), None, 2),
        (Some("auth0/acme/poll"), None, 2),
        (Some("auth0/ac"), None, 0),
        (None, Some("JSON"), 1),
        (None, Some("over 32 kb"), 1),
        (Some("auth0"), Some("%"), 0),
    ] {
        let filter = DeadLetterFilter {
            source: from.map(str::to_owned),
            reason: why.map(str::to_owned),
            ..all.clone()
        };
        assert_eq!(journal.dead_letters(&filter).unwrap().len(), expected, "{filter:?}");
        assert_eq!(journal.dead_letter_count(&filter).unwrap(), expected as u64, "{filter:?}");
    }
    let page = DeadLetterFilter { count_max: 1, ..all.clone() };
    assert_eq!(journal.dead_letters(&page).unwrap(), [first]);
    let after = DeadLetterFilter { after: 1, ..all.clone() };
    assert_eq!(journal.dead_letters(&after).unwrap(), std::slice::from_ref(&second));
    assert_eq!(journal.dead_letter(2).unwrap(), Some(second));
    assert_eq!(journal.remove_dead_letters(vec![1, 2, 3]).await.unwrap(), 2);
    assert_eq!(journal.dead_letters(&all).unwrap(), []);
}

#[tokio::test]
async fn gaps_and_totals_are_kept_for_each_source() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    let gap = Gap {
        from: "2026-01-01T00:00:00Z".parse().unwrap(),
        until: "2026-01-02T00:00:00Z".parse().unwrap(),
        cause: "cursor older than the tenant's retention".into(),
    };
    let rejected = vec![Rejected { raw: Bytes::new(), reason: "empty".into() }; 2];
    let first = Batch { gap: Some(gap.clone()), rejected, ..batch("poll", [1, 1, 2]) };
    journal.append(first).await.unwrap();
    journal.append(batch("stream", [2, 3, 4])).await.unwrap();
    journal.append(batch("idle", [])).await.unwrap();
    drop(journal);
    let journal = open(&dir);
    let gaps = journal.gaps().unwrap();
    assert_eq!(gaps.len(), 1);
    assert_eq!((&gaps[0].source, gaps[0].noted, &gaps[0].gap), (&source("poll"), now(), &gap));
    let states: Vec<_> = journal
        .source_states()
        .unwrap()
        .into_iter()
        .map(|state| {
            let totals = (state.received, state.stored, state.duplicates, state.rejected);
            (state.source.source, totals, state.last_received, state.last_event)
        })
        .collect();
    let time = |n| event(n).time;
    assert_eq!(
        states,
        [
            ("poll".to_owned(), (3, 2, 1, 2), Some(now()), time(2)),
            ("stream".to_owned(), (3, 2, 1, 0), Some(now()), time(4)),
            ("idle".to_owned(), (0, 0, 0, 0), None, None),
        ]
    );
}

#[tokio::test]
async fn a_read_may_begin_and_end_anywhere() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.append(batch("poll", 1..=7)).await.unwrap();
    journal.append(batch("stream", 8..=9)).await.unwrap();
    let expected = |from: u64| (from..=9).map(|n| (n, n.to_string())).collect::<Vec<_>>();
    for bytes_max in [0, 1, 40, 100, 1_000_000] {
        for from in 1..=9 {
            let events = read_all(&journal, from, bytes_max).into_iter();
            let read: Vec<_> = events
                .flat_map(|batch| batch.events)
                .map(|event| (event.offset, event.id))
                .collect();
            assert_eq!(read, expected(from), "from {from}, {bytes_max} bytes");
        }
    }
}
