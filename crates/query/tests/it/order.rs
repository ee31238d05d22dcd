//! The order of an answer of many batches, computed by many threads. Deliberately absent: what the rows are (`cases`).

use kql::plan::Field;
use kql::types::Type;
use query::EngineOptions;
use serde_json::{Value, json};

use crate::support::{Memory, ask, engine_with};

/// Far more than a batch, so that every step has something to hand out in turns.
const ROWS: i64 = 4_000;
const BATCH_ROWS: usize = 32;

fn many() -> Memory {
    // 1,999 has no divisor in common with the number of rows: every number once, in no order.
    let rows: Vec<Value> = (0..ROWS)
        .map(|row| {
            let number = row * 1_999 % ROWS;
            json!([number, format!("number={number}"), format!("[{number}]")])
        })
        .collect();
    let fields = vec![
        Field { name: "N".into(), ty: Type::Long },
        Field { name: "S".into(), ty: Type::String },
        Field { name: "D".into(), ty: Type::Dynamic },
    ];
    let mut tables = Memory::default();
    tables.add("T", fields, &rows);
    tables
}

/// Asks; the answer's first column must be the numbers in ascending order, as many as are told.
#[track_caller]
fn ascends(rows: i64, texts: &[&str]) {
    let options =
        EngineOptions { target_partitions: 4, batch_rows: BATCH_ROWS, ..EngineOptions::default() };
    let engine = engine_with(many(), options);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("it");
    let mut wrong = String::new();
    for text in texts {
        let answer = runtime.block_on(ask(&engine, text));
        let answer = answer.unwrap_or_else(|error| panic!("{text}: {error}"));
        let found: Vec<i64> = answer.rows.iter().map(|row| row[0].as_i64().expect(text)).collect();
        let first = found.first().copied().unwrap_or(0);
        let wanted: Vec<i64> = (first..first + rows).collect();
        if found != wanted {
            let at = found.iter().zip(&wanted).position(|(found, wanted)| found != wanted);
            wrong += &format!("\n{text}: {} rows, wrong from {at:?}", found.len());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_sorted_answer_comes_in_its_order() {
    ascends(
        ROWS,
        &[
            "T | project N | sort by N asc",
            "T | sort by N asc",
            "T | sort by N asc | extend L = strlen(S)",
            "T | extend M = -N | sort by M desc | project N, S",
            "range N from 1 to 4000 step 1 | sort by N asc | extend H = N / 2.0",
            "T | summarize C = count() by N | sort by N asc | extend H = C + 1",
            "T | join kind=inner T on N | sort by N asc | extend L = strlen(S1)",
            "T | sort by N asc | project N, S | as X | extend L = strlen(S)",
            "T | sort by N asc | extend P = prev(N)",
            "T | sort by N asc | serialize R = row_number() | extend L = strlen(S)",
            "let X = materialize(T | sort by N asc); X | extend L = strlen(S)",
            "let X = materialize(T | sort by N asc); X | where toscalar(X | count) > 1",
        ],
    );
}

#[test]
fn what_comes_behind_a_sort_leaves_its_order() {
    ascends(
        ROWS,
        &[
            "T | sort by N asc | where strlen(S) > 2",
            "T | sort by N asc | mv-expand D",
            "T | sort by N asc | mv-expand D | extend L = strlen(S)",
            "T | sort by N asc | parse S with * '=' V:long | extend W = V + 1",
            "T | sort by N asc | parse-kv S as (number: long) with (pair_delimiter = ',', kv_delimiter = '=')",
            "T | sort by N asc | mv-apply E = D to typeof(long) on (summarize sum(E)) | project N",
            "T | sort by N asc | evaluate bag_unpack(D) | extend L = strlen(S)",
            "T | sort by N asc | serialize | mv-expand D | where N >= 0",
            "T | sort by N asc | mv-expand D to typeof(long) | extend P = prev(D)",
            "T | sort by N asc | project-away D | project-rename M = N",
        ],
    );
}

#[test]
fn a_range_counts_up() {
    ascends(
        ROWS,
        &[
            "range N from 1 to 4000 step 1",
            "range N from 1 to 4000 step 1 | extend H = N / 2.0",
            "range N from 1 to 4000 step 1 | where N % 2 >= 0 | extend H = N / 2.0",
            "range N from 1 to 4000 step 1 | extend P = prev(N)",
            "range N from 1 to 4000 step 1 | mv-expand D = pack_array(N)",
            "let X = materialize(range N from 1 to 4000 step 1); X | where N <= toscalar(X | count)",
        ],
    );
}

#[test]
fn the_first_rows_come_in_their_order() {
    ascends(
        1_000,
        &[
            "T | top 1000 by N asc | extend L = strlen(S)",
            "T | sort by N asc | extend L = strlen(S) | take 1000",
            "T | where N >= 3000 | sort by N asc | project N, S",
        ],
    );
}
