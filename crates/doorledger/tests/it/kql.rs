//! `kql run | check | fmt`: lines in, lines out, exit codes, and what a person reads. Deliberately absent: what queries mean
//! (the crates `kql` and `query` test that).

use std::fs;

use serde_json::Value;

use crate::program::{run, succeed};

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn queries_run_over_files_of_rows() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "{\"at\":\"2024-05-06T07:08:09Z\",\"who\":\"ann\",\"n\":1}\n{\"at\":\"2024-05-06T08:00:00Z\",\"who\":\"bob\",\"n\":2.5}\n";
    fs::write(folder.path().join("rows.ndjson"), rows).unwrap();
    let queries = "{\"id\":1,\"query\":\"T | where n > 1 | project at, who, n, d = at - at, j = bag_pack('a', n)\"}\n{\"id\":\"b\",\"query\":\"Nowhere\"}\n";
    fs::write(folder.path().join("queries.jsonl"), queries).unwrap();
    let out = succeed(folder.path(), &["kql", "run", "--table", "T=rows.ndjson", "queries.jsonl"]);
    let answers = lines(&out);
    assert_eq!(answers[0]["id"], 1);
    let types: Vec<&str> = answers[0]["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["datetime", "string", "real", "timespan", "dynamic"]);
    let expected = serde_json::json!([[
        "2024-05-06T08:00:00.0000000Z",
        "bob",
        2.5,
        "00:00:00",
        { "a": 2.5 }
    ]]);
    assert_eq!(answers[0]["rows"], expected);
    assert_eq!((&answers[1]["id"], &answers[1]["code"]), (&"b".into(), &"SEM0100".into()));
}

#[test]
fn a_check_says_what_is_wrong_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let schema = "{\"tables\":{\"T\":\"(who:string, n:long)\"},\"functions\":{\"F\":\"(least:long) { T | where n > least }\"}}";
    fs::write(folder.path().join("schema.json"), schema).unwrap();
    fs::write(folder.path().join("good.kql"), "F(3)\n| summarize count() by who\n").unwrap();
    fs::write(folder.path().join("bad.kql"), "T\n| where Who == 'ann'\n").unwrap();
    let good = ["kql", "check", "--schema", "schema.json", "--json", "good.kql"];
    let verdict = &lines(&succeed(folder.path(), &good))[0];
    assert_eq!(verdict["ok"], true);
    assert_eq!(verdict["columns"][1]["name"], "count_");
    let ran =
        run(folder.path(), &["kql", "check", "--schema", "schema.json", "good.kql", "bad.kql"]);
    assert_eq!(ran.code, 1);
    for piece in ["SEM0100", "bad.kql:2:9", "^^^", "did you mean 'who'?"] {
        assert!(ran.out.contains(piece), "{piece}\n{}", ran.out);
    }
    assert!(ran.err.contains("1 of 2 queries refused"), "{}", ran.err);
}

#[test]
fn files_are_laid_out_and_left_alone_once_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kql");
    fs::write(&path, "T|where a==1 // why\n|take 5").unwrap();
    assert_eq!(run(folder.path(), &["kql", "fmt", "--check", "a.kql"]).code, 1);
    succeed(folder.path(), &["kql", "fmt", "a.kql"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "T\n| where a == 1 // why\n| take 5\n");
    succeed(folder.path(), &["kql", "fmt", "--check", "a.kql"]);
    fs::write(&path, "T | where (").unwrap();
    let ran = run(folder.path(), &["kql", "fmt", "a.kql"]);
    assert_eq!(ran.code, 65);
    assert!(ran.err.contains("a.kql:1:"), "{}", ran.err);
    assert_eq!(fs::read_to_string(&path).unwrap(), "T | where (");
}
