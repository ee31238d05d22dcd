//! When it is asked, what is compared with what, and what is told of it.

use super::*;

fn at(text: &str) -> Timestamp {
    format!("2026-11-21T{text}:00Z").parse().unwrap()
}

fn count(table: &str, hour: &str, events: u64) -> Count {
    Count { table: table.to_owned(), hour: at(hour), events }
}

fn acknowledged(counts: &[(&str, u64)]) -> Acknowledged {
    let counts = counts.iter().map(|(hour, events)| count("A_CL", hour, *events)).collect();
    Acknowledged { counts, incomparable: Vec::new() }
}

fn seen(table: &str, hour: Option<&str>, events: u64) -> Seen {
    Seen { table: table.to_owned(), hour: hour.map(at), events }
}

fn unread() -> Unread {
    Unread { message: "status 403".to_owned(), hint: "give the role".to_owned() }
}

#[test]
fn only_fewer_than_acknowledged_is_a_shortfall() {
    type Row<'a> = (&'a [(&'a str, u64)], &'a [Seen], &'a [(&'a str, u64, u64)]);
    let rows: [Row<'_>; 8] = [
        (&[], &[], &[]),
        (&[("10:00", 5)], &[seen("A_CL", Some("10:00"), 5)], &[]),
        (&[("10:00", 5)], &[seen("A_CL", Some("10:00"), 9)], &[]),
        (&[("10:00", 5)], &[seen("A_CL", Some("10:00"), 4)], &[("10:00", 5, 4)]),
        // A surplus of one hour, or of another table, is none of another.
        (
            &[("10:00", 5), ("11:00", 5)],
            &[seen("A_CL", Some("10:00"), 8), seen("A_CL", Some("11:00"), 2)],
            &[("11:00", 5, 2)],
        ),
        (&[("10:00", 5)], &[seen("B_CL", Some("10:00"), 5)], &[("10:00", 5, 0)]),
        // Rows that tell no time may be of that hour.
        (&[("10:00", 5)], &[seen("A_CL", Some("10:00"), 4), seen("A_CL", None, 1)], &[]),
        (&[("10:00", 5)], &[], &[("10:00", 5, 0)]),
    ];
    for (counts, shown, expected) in rows {
        let compared = compare(at("12:00"), &acknowledged(counts), shown);
        let found: Vec<(Timestamp, u64, u64)> =
            compared.shortfalls.iter().map(|it| (it.hour, it.acknowledged, it.seen)).collect();
        let expected: Vec<_> = expected.iter().map(|(hour, a, s)| (at(hour), *a, *s)).collect();
        assert_eq!(found, expected, "{counts:?} {shown:?}");
        assert_eq!(compared.hours, counts.len() as u64);
    }
}

#[test]
fn a_table_that_tells_no_hour_is_not_compared() {
    let compared = compare(
        at("12:00"),
        &acknowledged(&[("10:00", 5), ("11:00", 5)]),
        &[seen("A_CL", None, 2)],
    );
    assert_eq!((compared.hours, compared.shortfalls.len()), (0, 0));
    assert_eq!(compared.incomparable, ["A_CL"]);
    let progress = Progress { compared: Some(compared), ..Progress::default() };
    assert_eq!(progress.status(at("12:00")).state, ReadBackState::NotComparable);
}

#[test]
fn what_was_noted_is_asked_about_after_the_grace_and_once_an_hour() {
    let hour = SignedDuration::from_hours(1);
    let mut progress = Progress::default();
    let mut due = |now: &str, events: u64, answer: Option<Result<Vec<Seen>, Unread>>| {
        let found = progress.due(at(now), hour, || Ok(acknowledged(&[("10:00", events)]))).unwrap();
        if let (Some(due), Some(answer)) = (&found, answer) {
            progress.answered(at(now), due, answer);
        }
        (found.map(|due| due.counts[0].events), progress.status(at(now)).state)
    };
    let shown = |events| Some(Ok(vec![seen("A_CL", Some("10:00"), events)]));
    assert_eq!(due("10:05", 5, None), (None, ReadBackState::Waiting));
    assert_eq!(due("11:04", 7, None), (None, ReadBackState::Waiting));
    // What came within the grace does not count yet.
    assert_eq!(due("11:05", 9, shown(5)), (Some(5), ReadBackState::Agrees));
    assert_eq!(due("11:06", 9, None), (None, ReadBackState::Agrees));
    assert_eq!(due("12:05", 9, None), (None, ReadBackState::Agrees));
    assert_eq!(due("12:06", 9, shown(8)), (Some(9), ReadBackState::Fewer));
    assert_eq!(due("12:07", 9, None), (None, ReadBackState::Fewer));
    // No answer is not a loss, is asked again an hour later, and forgets no loss.
    assert_eq!(due("13:07", 9, Some(Err(unread()))), (Some(9), ReadBackState::NotKnown));
    assert_eq!(due("13:08", 9, None), (None, ReadBackState::NotKnown));
    assert_eq!(progress.shortfalls(at("13:08")).count(), 1);
}

#[test]
fn an_answer_that_never_comes_is_no_shortfall() {
    let mut progress = Progress::default();
    let due = progress.due(at("10:30"), SignedDuration::ZERO, || Ok(acknowledged(&[("10:00", 5)])));
    progress.answered(at("10:30"), &due.unwrap().unwrap(), Err(unread()));
    assert_eq!(progress.shortfalls(at("10:30")).count(), 0);
    let status = progress.status(at("10:30"));
    assert_eq!(status.state, ReadBackState::NotKnown);
    assert_eq!(status.message, "it is not known what it shows: status 403");
    assert_eq!((status.hint.as_str(), status.compared), ("give the role", None));
}

#[test]
fn nothing_is_asked_about_nothing_nor_about_more_than_a_day() {
    let mut progress = Progress::default();
    let none = progress.due(at("10:00"), SignedDuration::ZERO, || Ok(Acknowledged::default()));
    assert_eq!(none, Ok(None));
    let old = acknowledged(&[("00:00", 5), ("12:00", 5)]);
    assert_eq!(progress.due(at("12:30"), SignedDuration::from_hours(12), || Ok(old)), Ok(None));
    let next_day = at("12:00") + SignedDuration::from_mins(12 * 60 + 30);
    let due = progress.due(next_day, SignedDuration::from_hours(12), || Err("again".to_owned()));
    assert_eq!(due, Ok(Some(acknowledged(&[("12:00", 5)]))));
}

#[test]
fn what_went_to_another_place_is_not_missed_at_the_new_one() {
    let mut progress = Progress::default();
    progress.at_place("w-1", at("09:00"));
    let both = || Ok(acknowledged(&[("10:00", 5), ("11:00", 5)]));
    let first = progress.due(at("11:30"), SignedDuration::ZERO, both).unwrap().unwrap();
    assert_eq!(first.counts.len(), 2, "nobody says that the place was another before");
    progress.answered(at("11:30"), &first, Ok(Vec::new()));
    assert_eq!(progress.shortfalls(at("11:30")).count(), 2);

    progress.at_place("w-2", at("10:30"));
    assert_eq!(progress.shortfalls(at("11:30")).count(), 0);
    let text = serde_json::to_string(&progress).unwrap();
    let mut progress: Progress = serde_json::from_str(&text).unwrap();
    let later = progress.due(at("12:30"), SignedDuration::ZERO, both).unwrap().unwrap();
    assert_eq!(later, acknowledged(&[("11:00", 5)]));
}
