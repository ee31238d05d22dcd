//! The first rows of a wide table are those that a sort of the whole table puts first, whatever the keys. Deliberately
//! absent: the order of long answers (`order`).

use kql::plan::Field;
use kql::types::Type;
use query::{Engine, EngineOptions};
use serde_json::{Value, json};

use crate::support::{Memory, ask, engine_with};

const ROWS: i64 = 1_500;

/// Keys that come many times, keys that are missing, and columns enough to be worth two passes.
fn wide() -> Engine {
    let rows: Vec<Value> = (0..ROWS)
        .map(|row| {
            let number = row * 1_999 % ROWS;
            let key = (number % 7 != 0).then_some(number / 10 % 40);
            let second = number % 50;
            let at = (number % 11 != 0).then(|| format!("2024-05-01T00:00:{second:02}Z"));
            let name = if number % 5 == 0 { String::new() } else { format!("n{}", number % 90) };
            json!([number, key, at, name, number % 3 == 0, "a", "b", "c", "d", {"n": number}])
        })
        .collect();
    let names = ["N", "Key", "At", "Name", "Odd", "A", "B", "C", "D", "Bag"];
    let types = [
        Type::Long,
        Type::Long,
        Type::DateTime,
        Type::String,
        Type::Bool,
        Type::String,
        Type::String,
        Type::String,
        Type::String,
        Type::Dynamic,
    ];
    let fields = names.iter().zip(types).map(|(name, ty)| Field { name: (*name).into(), ty });
    let mut tables = Memory::default();
    tables.add("T", fields.collect(), &rows);
    let options =
        EngineOptions { target_partitions: 3, batch_rows: 64, ..EngineOptions::default() };
    engine_with(tables, options)
}

#[tokio::test]
async fn two_passes_find_what_one_sort_finds() {
    let engine = wide();
    let keys = ["Key", "At", "Name", "N", "Key % 4", "Odd", "N / 7.0", "strcat(Name, A)"];
    let ways = ["asc", "desc", "asc nulls last", "desc nulls first"];
    let asks = [("", 40), ("| where N % 3 == 0", 333), ("| where Name has 'n7'", 1), ("", 5_000)];
    let (mut asked, mut wrong) = (0, String::new());
    for (key, way) in keys.iter().flat_map(|key| ways.map(|way| (key, way))) {
        for (filter, rows) in asks {
            let order = format!("{key} {way}, N asc");
            let top = format!("T {filter} | sort by {order} | take {rows}");
            // Rows that are numbered are all sorted.
            let whole = format!(
                "T {filter} | sort by {order} | extend R = row_number() | where R <= {rows} | project-away R"
            );
            let found = ask(&engine, &top).await.expect(&top);
            let wanted = ask(&engine, &whole).await.expect(&whole);
            asked += 1;
            if found.rows != wanted.rows {
                wrong += &format!("\n{top}: {} rows", found.rows.len());
            }
        }
    }
    assert_eq!(asked, 8 * 4 * 4);
    assert!(wrong.is_empty(), "{wrong}");
}

/// Keys alone leave open which rows of the last key are given, not how many and of which keys.
#[tokio::test]
async fn rows_as_good_as_the_last_one_fill_the_answer() {
    let engine = wide();
    for key in ["Key", "At", "Name"] {
        let top = ask(&engine, &format!("T | top 100 by {key} desc")).await.expect("an answer");
        let text =
            format!("T | sort by {key} desc, N asc | extend R = row_number() | where R <= 100");
        let whole = ask(&engine, &text).await.expect("an answer");
        let at = top.columns.iter().position(|(name, _)| name == key).expect("the key");
        let keys = |rows: &[Value]| rows.iter().map(|row| row[at].clone()).collect::<Vec<_>>();
        assert_eq!(keys(&top.rows), keys(&whole.rows), "{key}");
    }
}

/// Otherwise the rows above would be tried in one pass.
#[tokio::test]
async fn a_wide_table_is_read_in_two_passes_and_a_narrow_one_is_not() {
    let engine = wide();
    for (text, two) in [
        ("T | sort by Key desc", true),
        ("T | extend L = strlen(Name) | where L > 1 | top 5 by Key", true),
        ("union T, T | top 5 by Key", true),
        ("T | project N, Key | sort by Key", false),
        ("T | summarize take_any(*) by Key | sort by Key", false),
        ("T | extend R = rand() | top 5 by Key", false),
        ("T | top 5 by N / 7.0", true),
    ] {
        let request = model::QueryRequest {
            text: text.to_owned(),
            timespan: None,
            limits: model::QueryLimits { rows_max: 1_000, ..model::QueryLimits::default() },
        };
        let plan = engine.explain(&request).await.expect(text).physical;
        assert_eq!(plan.contains("TopRowsExec"), two, "{text}\n{plan}");
    }
}
