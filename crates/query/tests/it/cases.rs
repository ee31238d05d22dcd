//! Golden cases: every `cases/*.kqlt` file, row by row. `UPDATE=1` writes the answers that the engine gives now.
//!
//! A file is a head of tables (`table Name(column:type, …)`, then one JSON array a row), and cases after it, each
//! `== what it shows`, the query, `----`, and the answer: names and types, then one JSON array a row, or `error CODE text`.
//! Deliberately absent: how tables and answers are made (`support`).

use std::fmt::Write as _;
use std::path::Path;

use kql::plan::Field;
use kql::types::Type;

use crate::support;

struct Case {
    title: String,
    query: String,
    answer: String,
}

struct File {
    head: String,
    tables: support::Memory,
    cases: Vec<Case>,
}

fn read(text: &str) -> File {
    let (head, rest) = match text.find("\n== ") {
        Some(at) => text.split_at(at + 1),
        None => (text, ""),
    };
    let mut tables = support::Memory::default();
    let mut open: Option<(String, Vec<Field>, Vec<serde_json::Value>)> = None;
    for line in head.lines().chain(["table"]) {
        if line.starts_with("table") {
            if let Some((name, fields, rows)) = open.take() {
                tables.add(&name, fields, &rows);
            }
            if let Some(declared) = line.strip_prefix("table ") {
                let (name, columns) = declared.split_once('(').expect("table Name(columns)");
                let fields = columns.trim_end_matches(')').split(',').map(field).collect();
                open = Some((name.trim().to_owned(), fields, Vec::new()));
            }
        } else if line.starts_with('[') {
            let row = serde_json::from_str(line).expect("a JSON array");
            open.as_mut().expect("rows follow a table").2.push(row);
        }
    }
    let cases = format!("\n{rest}")
        .split("\n== ")
        .skip(1)
        .map(|case| {
            let (title, rest) = case.split_once('\n').expect("a title line");
            let (query, answer) = rest.split_once("----\n").unwrap_or((rest, ""));
            Case {
                title: title.to_owned(),
                query: query.trim().to_owned(),
                answer: answer.trim().to_owned(),
            }
        })
        .collect();
    File { head: head.to_owned(), tables, cases }
}

fn field(text: &str) -> Field {
    let (name, ty) = text.trim().split_once(':').expect("name:type");
    Field { name: name.into(), ty: Type::named(ty).expect("a type of the language") }
}

async fn answer(engine: &query::Engine, text: &str) -> String {
    match support::ask(engine, text).await {
        Ok(answer) => {
            let columns: Vec<String> = answer
                .columns
                .iter()
                .map(|(name, kind)| format!("{name}:{}", kind.name()))
                .collect();
            let mut out = columns.join(", ");
            for row in answer.rows {
                write!(out, "\n{row}").expect("text");
            }
            out
        }
        Err(error) => format!("error {} {}", error.code, error.message),
    }
}

#[tokio::test]
async fn every_case_has_its_answer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let update = support::updating();
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .expect("the cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "kqlt"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "there are cases");
    let mut wrong = String::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("readable");
        let file = read(&text);
        let engine = support::engine(file.tables);
        let mut written = file.head;
        for case in file.cases {
            let found = answer(&engine, &case.query).await;
            if found != case.answer {
                writeln!(
                    wrong,
                    "{}: {}\n{}\nexpected:\n{}\nfound:\n{found}\n",
                    path.file_name().expect("a name").display(),
                    case.title,
                    case.query,
                    case.answer
                )
                .expect("text");
            }
            write!(written, "== {}\n{}\n----\n{found}\n\n", case.title, case.query).expect("text");
        }
        if update {
            std::fs::write(&path, format!("{}\n", written.trim_end())).expect("written");
        }
    }
    assert!(update || wrong.is_empty(), "{wrong}");
}
