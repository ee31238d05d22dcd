//! The manual of functions: every example gives what it says, and `docs/kql/functions.md` is what the tables of functions
//! say. `UPDATE=1` writes the page. Deliberately absent: cases beyond the examples.

use std::path::Path;

use crate::support::{Memory, ask, engine, updating};

#[tokio::test]
async fn every_example_gives_the_answer_beside_it() {
    let engine = engine(Memory::default());
    let mut wrong = Vec::new();
    for entry in query::reference::functions() {
        let (call, expected) = entry.example;
        let found = match ask(&engine, &format!("print x = tostring({call})")).await {
            Ok(answer) => answer.rows[0][0].as_str().unwrap_or_default().to_owned(),
            Err(error) => error.message,
        };
        if found != expected {
            wrong.push(format!("{call}: expected {expected}, found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_of_functions_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/kql/functions.md");
    let page = query::reference::page();
    if updating() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, page).expect("written");
        return;
    }
    let written = std::fs::read_to_string(&path).expect("the page");
    assert!(written == page, "docs/kql/functions.md is out of date: run with UPDATE=1");
}
