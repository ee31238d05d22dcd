//! Measures the parser on a file of queries: `corpus FILE.jsonl [VERDICTS.jsonl]`, one object with `id` and `query` on a
//! line, and what another parser says of them. Deliberately absent: binding (see `binding`).

use std::collections::HashMap;
use std::io::Write as _;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let queries = std::fs::read_to_string(args.next().ok_or("a file of queries is missing")?)?;
    let mut verdicts = HashMap::new();
    if let Some(path) = args.next() {
        for line in std::fs::read_to_string(path)?.lines() {
            let verdict: serde_json::Value = serde_json::from_str(line)?;
            verdicts.insert(verdict["id"].to_string(), verdict);
        }
    }
    let mut out = std::io::stdout().lock();
    let (mut count, mut clean, mut accepted, mut accepted_clean) = (0, 0, 0, 0);
    let mut times = Vec::new();
    for line in queries.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let text = row["query"].as_str().unwrap_or_default();
        let start = Instant::now();
        let parse = kql::parse(text);
        times.push(start.elapsed());
        assert_eq!(parse.tree.reprint(), text);
        let good = parse.diagnostics.is_empty();
        count += 1;
        clean += i32::from(good);
        let verdict = verdicts.get(&row["id"].to_string());
        if verdict.is_some_and(|verdict| verdict["ok"] == true) {
            accepted += 1;
            accepted_clean += i32::from(good);
            if let Some(first) = parse.diagnostics.first() {
                let from = text[..first.span.start].chars().rev().take(40).count();
                let before: String = text[..first.span.start].chars().rev().take(from).collect();
                let before: String = before.chars().rev().collect();
                let after: String = text[first.span.start..].chars().take(30).collect();
                writeln!(out, "{} {}: {:?} ^ {:?}", row["id"], first.message, before, after)?;
            }
        }
    }
    times.sort();
    writeln!(out, "{clean} of {count} without diagnostics")?;
    writeln!(out, "{accepted_clean} of {accepted} that the other parser accepts")?;
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    writeln!(out, "median {median:?}, slowest {:?}", times.last().copied().unwrap_or_default())?;
    Ok(())
}
