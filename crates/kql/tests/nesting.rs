//! Ten thousand of everything that nests, one within the other: a diagnostic, in time, on the stack that binding asks for
//! and, for expressions, on an ordinary one. Deliberately absent: texts that are long and flat (`properties`).

#![expect(clippy::unwrap_used, reason = "a test")]

mod workspace;

use std::sync::mpsc::channel;
use std::time::Duration;

use kql::{BindOptions, bind, parse};
use workspace::Workspace;

/// How deep.
const DEPTH: usize = 10_000;
/// The stack of a thread unless it asks for another.
const ORDINARY_STACK_BYTES: usize = 2 * 1024 * 1024;
/// No text may take longer, in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What stands before and after the text within: expressions.
const SCALARS: &[(&str, &str)] = &[
    ("print (", ")"),
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("not(", ")"),
    ("-", ""),
    ("- + ", ""),
    ("1 + ", ""),
    ("1 == ", ""),
    ("'a' =~ ", ""),
    ("a.", ""),
    ("a[", "]"),
    ("a[0].", ""),
    ("strcat(", ")"),
    ("iff(true, ", ", 1)"),
    ("iff(", ", 1, 1)"),
    ("toscalar(", ")"),
    ("materialize(", ")"),
    ("typeof(", ")"),
    ("dynamic([", "])"),
    ("dynamic({'a':", "})"),
    ("1 in (", ")"),
    ("1 between (", " .. 1)"),
    ("1 between (1 .. ", ")"),
    ("User has_any (", ")"),
    ("datatable(a:long)[", "]"),
];

/// Tables within tables.
const TABLES: &[(&str, &str)] = &[
    ("union (", ")"),
    ("union isfuzzy=true SignIns, (", ")"),
    ("SignIns | join (", ") on User"),
    ("SignIns | lookup (", ") on User"),
    ("SignIns | where User in (", ")"),
    ("SignIns | extend x = toscalar(", ")"),
    ("SignIns | mv-apply a = Details on (", ")"),
    ("SignIns | partition by User (", ")"),
    ("SignIns | fork (", ")"),
    ("SignIns | facet by User with (", ")"),
    ("SignIns | scan with (step s: ", ";)"),
    ("SignIns | top-nested 1 of ", " by count()"),
    ("SignIns | summarize max(", ")"),
    ("SignIns | take 1 | ", ""),
    ("let f = () {", "};"),
    ("let f = (a:long = ", ") { a };"),
    ("search (", ")"),
    ("find where (", ")"),
];

fn answered(forms: &[(&str, &str)], stack_bytes: usize) {
    for (open, close) in forms {
        for text in [
            format!("{}1{}", open.repeat(DEPTH), close.repeat(DEPTH)),
            format!("SignIns | where {}User", open.repeat(DEPTH)),
            format!("print x = {}1{}", open.repeat(DEPTH), close.repeat(DEPTH / 2)),
        ] {
            let (done, wait) = channel();
            let thread = std::thread::Builder::new().stack_size(stack_bytes);
            let running = thread.spawn(move || {
                assert_eq!(parse(&text).tree.reprint(), text);
                let bound = bind(&text, &Workspace, &BindOptions::default());
                done.send(bound.diagnostics.len()).ok();
            });
            let found = wait.recv_timeout(PATIENCE);
            assert!(found.is_ok_and(|found| found > 0), "{open}: {found:?}");
            running.unwrap().join().unwrap();
        }
    }
}

#[test]
fn what_nests_too_deep_ends_in_a_diagnostic() {
    answered(SCALARS, kql::STACK_BYTES);
    answered(TABLES, kql::STACK_BYTES);
}

#[test]
fn expressions_that_nest_too_deep_end_in_a_diagnostic_on_an_ordinary_stack() {
    answered(SCALARS, ORDINARY_STACK_BYTES);
}
