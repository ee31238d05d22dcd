//! What holds for all rows: a filter splits them without loss, and sums of parts are the sum. Deliberately absent: single
//! answers (`cases`).

use kql::plan::Field;
use kql::types::Type;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Memory, ask, engine};

fn row() -> impl Strategy<Value = Value> {
    let text =
        prop_oneof![Just(Value::Null), Just(json!("")), "[abAB _.é]{0,6}".prop_map(Value::from)];
    let number = prop_oneof![Just(Value::Null), (-5_i64..5).prop_map(Value::from)];
    (text, number).prop_map(|(text, number)| json!([text, number]))
}

fn tables(rows: &[Value]) -> Memory {
    let mut tables = Memory::default();
    let fields = vec![
        Field { name: "S".into(), ty: Type::String },
        Field { name: "N".into(), ty: Type::Long },
    ];
    tables.add("T", fields, rows);
    tables
}

/// The numbers of a one-row answer.
fn numbers(rows: &[Value], text: &str) -> Vec<Option<i64>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it");
    let answer = runtime.block_on(async { ask(&engine(tables(rows)), text).await });
    let answer = answer.unwrap_or_else(|error| panic!("{text}: {error}"));
    answer.rows[0].as_array().expect("a row").iter().map(Value::as_i64).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_condition_and_its_opposite_share_out_the_rows(
        rows in prop::collection::vec(row(), 1..20),
        needle in "[abAB _.]{0,3}",
    ) {
        for (holds, fails) in [
            ("==", "!="), ("=~", "!~"), ("has", "!has"), ("has_cs", "!has_cs"), ("contains", "!contains"),
            ("startswith", "!startswith"), ("endswith_cs", "!endswith_cs"), ("hasprefix", "!hasprefix"),
        ] {
            let text = format!(
                "T | summarize a = countif(S {holds} \"{needle}\"), b = countif(S {fails} \"{needle}\"), c = count()"
            );
            let found = numbers(&rows, &text);
            prop_assert_eq!(found[0].unwrap() + found[1].unwrap(), found[2].unwrap(), "{}", text);
            let filtered = numbers(&rows, &format!("T | where S {holds} \"{needle}\" | count"));
            prop_assert_eq!(filtered[0], found[0], "{}", text);
        }
    }

    #[test]
    fn sums_of_groups_are_the_sum(rows in prop::collection::vec(row(), 1..30)) {
        let all = numbers(&rows, "T | summarize count(), sum(N), dcount(S), array_length(make_list(N))");
        let parts = numbers(
            &rows,
            "T | summarize c = count(), s = sum(N), l = array_length(make_list(N)) by S | summarize sum(c), sum(s), count(), sum(l)",
        );
        prop_assert_eq!(all, parts);
    }

    #[test]
    fn a_condition_is_true_false_or_null_for_each_row(
        rows in prop::collection::vec(row(), 1..20),
        number in -5_i64..5,
    ) {
        for condition in [
            format!("N > {number}"),
            format!("N == {number}"),
            format!("N != {number}"),
            format!("N in ({number}, 1)"),
            format!("N between ({number} .. 3)"),
            format!("N + 1 <= {number} or S has 'a'"),
            format!("N / 2 < {number} and S !contains 'b'"),
            "tolong(S) > N".to_owned(),
            "tobool(S)".to_owned(),
        ] {
            let split = ["p", "not(p)", "isnull(p)"].map(|part| {
                let part = part.replace('p', &condition);
                numbers(&rows, &format!("T | where {part} | count"))[0].unwrap()
            });
            let whole = numbers(&rows, "T | count")[0].unwrap();
            prop_assert_eq!(split.iter().sum::<i64>(), whole, "{} {:?}", condition, split);
            // The same for a value that was computed before it is asked.
            let text = format!(
                "T | extend p = {condition} | summarize countif(p), countif(not(p)), countif(isnull(p))"
            );
            let computed: Vec<i64> = numbers(&rows, &text).into_iter().flatten().collect();
            prop_assert_eq!(computed, split.to_vec(), "{}", text);
        }
    }

    #[test]
    fn summaries_of_parts_make_the_summary_of_the_whole(
        rows in prop::collection::vec(row(), 1..30),
        parts in 1_i64..5,
    ) {
        let whole = numbers(
            &rows,
            "T | summarize count(), sum(N), min(N), max(N), dcount(S), countif(N > 0), array_length(make_set(S))",
        );
        let merged = numbers(
            &rows,
            &format!(
                "T | summarize c = count(), s = sum(N), low = min(N), high = max(N), h = hll(S), p = countif(N > 0), \
                 l = make_set(S) by part = hash(S) % {parts} \
                 | summarize sum(c), sum(s), min(low), max(high), dcount_hll(hll_merge(h)), sum(p), array_length(make_set(l))"
            ),
        );
        prop_assert_eq!(whole, merged);
    }

    #[test]
    fn the_row_of_an_extreme_is_one_row(rows in prop::collection::vec(row(), 1..30)) {
        let rows: Vec<Value> = rows.iter().enumerate().map(|(at, row)| {
            json!([format!("{at}"), row[1]])
        }).collect();
        // The text of a row is its number, so that values of two rows would be seen.
        let found = numbers(&rows, "T | extend M = tolong(S) | summarize arg_max(N, S, M) | project tolong(S), M");
        prop_assert_eq!(found[0], found[1]);
    }

    #[test]
    fn a_body_once_for_each_group_is_the_query_with_the_groups_as_keys(
        rows in prop::collection::vec(row(), 1..30),
    ) {
        for (body, whole) in [
            ("summarize n = count(), s = sum(N)", "summarize n = count(), s = sum(N) by S"),
            (
                "extend M = N * 2 | summarize arg_max(N, M), low = min(N) | project n = N + low, s = M",
                "extend M = N * 2 | summarize arg_max(N, M), low = min(N) by S | project n = N + low, s = M",
            ),
            (
                "sort by N asc | extend r = row_number() | summarize n = sum(r), s = sum(N * r)",
                "sort by S asc, N asc | extend r = row_number(1, S != prev(S)) | summarize n = sum(r), s = sum(N * r) by S",
            ),
            (
                "top 2 by N asc | summarize n = count(), s = sum(N)",
                "sort by S asc, N asc | where row_number(1, S != prev(S)) <= 2 | summarize n = count(), s = sum(N) by S",
            ),
        ] {
            let end = "| summarize count(), sum(n), sum(s), sum(s * n)";
            let parts = numbers(&rows, &format!("T | partition hint.strategy=native by S ({body}) {end}"));
            prop_assert_eq!(&parts, &numbers(&rows, &format!("T | {whole} {end}")), "{}", body);
            let lists = format!("T | summarize Ns = make_list_with_nulls(N) by S | mv-apply N = Ns to typeof(long) on ({body}) {end}");
            prop_assert_eq!(&parts, &numbers(&rows, &lists), "{}", lists);
        }
    }
}
