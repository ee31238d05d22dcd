//! Reads `{"id","query"}` lines and prints `{"id","columns","rows"}` or `{"id","error","code"}`: for measuring the engine
//! against recorded answers. Deliberately absent: tables other than those that a query itself brings.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a tool that prints its answers")]
#![expect(dead_code, reason = "what the tests use to make tables is not needed here")]

#[path = "../tests/it/support/mod.rs"]
mod support;

use std::io::BufRead;

use serde_json::{Value, json};

#[tokio::main]
async fn main() {
    let engine = support::engine(support::Memory::default());
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let case: Value = serde_json::from_str(&line).expect("a JSON line");
        let text = case["query"].as_str().unwrap_or_default();
        let id = &case["id"];
        let answer = match support::ask(&engine, text).await {
            Ok(answer) => {
                let columns: Vec<Value> = answer
                    .columns
                    .iter()
                    .map(|(name, kind)| json!({ "name": name, "type": kind.name() }))
                    .collect();
                json!({ "id": id, "columns": columns, "rows": answer.rows })
            }
            Err(error) => json!({ "id": id, "error": error.message, "code": error.code }),
        };
        println!("{answer}");
    }
}
