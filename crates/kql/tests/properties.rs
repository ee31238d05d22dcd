//! What holds for every text: tokens cover it, the tree prints as it, nothing panics, limits end in a diagnostic.
//! Deliberately absent: what particular queries mean (`golden`).

mod workspace;

use kql::syntax::{DEPTH_MAX, lex};
use kql::{BindOptions, Code, bind, parse};
use proptest::prelude::*;
use workspace::Workspace;

/// Pieces that queries are made of; joined at random they reach every part of the grammar, mostly in the wrong place.
const PIECES: &[&str] = &[
    "SignIns",
    "People",
    "User",
    "Failures",
    "Details",
    "let",
    "x",
    "=",
    "|",
    "where",
    "extend",
    "project",
    "project-away",
    "summarize",
    "count()",
    "by",
    "join",
    "kind=inner",
    "on",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ".",
    "..",
    "'a'",
    "\"b",
    "@'c'",
    "```d",
    "1",
    "2.5",
    "3d",
    "0x",
    "datetime(2024-01-01)",
    "datetime(",
    "dynamic({",
    "dynamic([1,",
    "union",
    "*",
    "User*",
    "in",
    "!in~",
    "has",
    "matches regex",
    "between",
    "and",
    "or",
    "not(",
    "-",
    "+",
    "/",
    "==",
    "<>",
    "=~",
    "print",
    "range",
    "from",
    "to",
    "step",
    "mv-expand",
    "mv-apply",
    "typeof(string)",
    "parse",
    "with",
    "make-series",
    "default=0",
    "evaluate",
    "bag_unpack(Details)",
    "search",
    "find",
    "render",
    "timechart",
    "top-nested",
    "of",
    "invoke",
    "f()",
    "=>",
    "// c\n",
    "\n",
    "$left",
    "!",
    "~",
    "\u{e9}",
    "\u{1f511}",
    "set",
    "declare",
    "query_parameters",
    "datatable",
    ":long",
];

fn reprinted(text: &str) {
    let tokens = lex(text);
    let mut at = 0;
    for token in &tokens {
        assert_eq!(token.start, at);
        assert!(token.end > token.start);
        at = token.end;
    }
    assert_eq!(at as usize, text.len());
    let parse = parse(text);
    assert_eq!(parse.tree.reprint(), text);
    let bound = bind(text, &Workspace, &BindOptions::default());
    for diagnostic in &bound.diagnostics {
        assert!(text.get(diagnostic.span.clone()).is_some(), "{diagnostic:?}");
    }
    for statement in &bound.statements {
        drop(statement.plan.to_string());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_covered_and_bound_without_panic(text in any::<String>()) {
        reprinted(&text);
    }

    #[test]
    fn any_run_of_pieces_is_covered_and_bound_without_panic(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40),
    ) {
        reprinted(&pieces.join(" "));
        reprinted(&pieces.concat());
    }

    #[test]
    fn a_query_cut_anywhere_is_covered_and_bound_without_panic(cut in 0usize..400, keep in 0usize..400) {
        const QUERY: &str = "let f = (t:(*), n:long = 5) { t | take n };\n\
            let since = ago(1d); // a day\n\
            union isfuzzy=true SignIns, (SignInsOld | extend Details = dynamic({'a': [1, 2]}))\n\
            | where TimeGenerated > since and User has_any ('a', @'b') and Details.a[0] in (1, 2)\n\
            | summarize n = count(), arg_max(TimeGenerated, *) by User, bin(TimeGenerated, 1h)\n\
            | join kind=leftouter (People | project User, Office) on $left.User == $right.User\n\
            | mv-expand x = Details.a to typeof(long) | invoke f(3) | sort by n desc | render table";
        let text: String = QUERY.chars().take(cut).chain(QUERY.chars().skip(keep)).collect();
        reprinted(&text);
    }
}

#[test]
fn deep_nesting_ends_in_a_diagnostic() {
    for (open, close) in [("(", ")"), ("not(", ")"), ("-", ""), ("dynamic([", "])"), ("a[", "]")] {
        let text = format!("print {}1{}", open.repeat(10_000), close.repeat(10_000));
        let bound = bind(&text, &Workspace, &BindOptions::default());
        assert!(bound.diagnostics.iter().any(|d| d.code == Code::TooLarge), "{open}");
        assert_eq!(parse(&text).tree.reprint(), text);
    }
}

#[test]
fn nesting_up_to_the_limit_is_bound() {
    let thread = std::thread::Builder::new().stack_size(kql::STACK_BYTES);
    thread.spawn(bind_what_nests_up_to_the_limit).unwrap().join().unwrap();
}

fn bind_what_nests_up_to_the_limit() {
    for (open, close, depth) in [
        ("(", ")", DEPTH_MAX - 2),
        ("strcat('a', ", ")", DEPTH_MAX - 2),
        ("iff(true, 1, ", ")", DEPTH_MAX - 2),
        ("toscalar(SignIns | extend x = ", " | summarize max(x))", DEPTH_MAX / 2 - 2),
        ("toscalar(union (print y = ", "))", DEPTH_MAX / 6),
    ] {
        let text = format!("print {}1{}", open.repeat(depth), close.repeat(depth));
        let bound = bind(&text, &Workspace, &BindOptions::default());
        assert!(bound.is_clean(), "{open} {:?}", bound.diagnostics.first());
    }
}

#[test]
fn a_long_chain_or_pipe_ends_in_a_diagnostic() {
    for text in [
        format!("print {}1", "1 + ".repeat(100_000)),
        format!("print x{}", ".a".repeat(100_000)),
        format!("SignIns {}", "| take 1 ".repeat(100_000)),
    ] {
        let bound = bind(&text, &Workspace, &BindOptions::default());
        assert!(bound.diagnostics.iter().any(|d| d.code == Code::TooLarge));
    }
}

#[test]
fn a_long_condition_is_no_trouble() {
    let text = format!("SignIns | where {}false", "User == 'x' or ".repeat(20_000));
    let bound = bind(&text, &Workspace, &BindOptions::default());
    assert!(bound.is_clean());
}

#[test]
fn functions_that_multiply_end_in_a_diagnostic() {
    let mut text = String::from("let f0 = () { 1 };");
    for level in 1..30 {
        let below = level - 1;
        text.push_str(&format!("let f{level} = () {{ f{below}() + f{below}() }};"));
    }
    text.push_str("print f29()");
    let bound = bind(&text, &Workspace, &BindOptions::default());
    assert!(bound.diagnostics.iter().any(|d| d.code == Code::TooLarge));
}

#[test]
fn what_once_did_not_end_does() {
    for text in [
        "SignIns | parse User with [",
        "SignIns | parse User with ]",
        "SignIns | parse User with 'a' [ x",
        "SignIns | parse User with 'a' x ] | take 1",
        "SignIns | parse-where User with [ 'a'",
        "SignIns | parse kind=regex User with * ['x'] [1] *; SignIns",
    ] {
        let bound = bind(text, &Workspace, &BindOptions::default());
        reprinted(text);
        assert!(bound.diagnostics.iter().any(|d| d.code == Code::Syntax), "{text}");
    }
}

/// What doubles, or grows with its square, ends in a diagnostic and not in all memory there is.
#[test]
fn what_multiplies_ends_in_a_diagnostic() {
    let doubling = |first: &str, double: &dyn Fn(usize) -> String, last: &str| {
        let steps: String = (1..=30).map(double).collect();
        format!("let a0 = {first};{steps}{last}")
    };
    let nested = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(30), close.repeat(30))
    };
    let rows = [
        doubling("SignIns", &|n| format!("let a{n} = union a{0}, a{0};", n - 1), "a30"),
        doubling("SignIns", &|n| format!("let a{n} = a{0} | join a{0} on User;", n - 1), "a30"),
        doubling(
            "toscalar(SignIns | count)",
            &|n| format!("let a{n} = a{0} + a{0};", n - 1),
            "print a30",
        ),
        doubling(
            "SignIns",
            &|n| format!("let a{n} = materialize(union a{0}, a{0});", n - 1),
            "a30",
        ),
        doubling(
            "SignIns",
            &|n| {
                format!(
                    "let a{n} = a{0} | extend x = toscalar(a{0} | count), y = toscalar(a{0} | count);",
                    n - 1
                )
            },
            "a30",
        ),
        doubling(
            "strcat('x', 'y')",
            &|n| format!("let a{n} = strcat(a{0}, a{0});", n - 1),
            "print a30",
        ),
        doubling("SignIns", &|n| format!("let a{n} = a{0} | where User in (a{0});", n - 1), "a30"),
        doubling(
            "(t:(*)) { t }",
            &|n| format!("let a{n} = (t:(*)) {{ a{0}(union t, t) }};", n - 1),
            "SignIns | invoke a30()",
        ),
        format!(
            "print {}",
            nested(
                "iff(now() between (",
                "toscalar(SignIns | summarize max(TimeGenerated))",
                " .. 1h), now(), now())"
            )
        ),
    ];
    rows.iter().for_each(|text| too_large(text));
}

/// What grows with the width, the length or the depth of a text.
#[test]
fn what_is_wide_or_deep_ends_in_a_diagnostic() {
    let rows = [
        format!("SignIns {} ", "| as t | union t".repeat(30)),
        format!(
            "SignIns | extend {} {}",
            (0..9_000).map(|n| format!("c{n}=1")).collect::<Vec<_>>().join(","),
            "| take 1 ".repeat(900)
        ),
        format!("SignIns | extend ['{}'] = 1 {}", "x".repeat(1_000_000), "| take 1 ".repeat(900)),
        format!("print {}", "a in (".to_string() + &"b) in (".repeat(100_000)),
        format!(
            "{}SignIns{}",
            "(".repeat(100),
            format!("{})", "| take 1 ".repeat(900)).repeat(100)
        ),
        format!(
            "let a=toscalar(SignIns | count); print {}a{}",
            "(".repeat(100),
            format!("{})", "+a".repeat(900)).repeat(100)
        ),
    ];
    rows.iter().for_each(|text| too_large(text));
}

fn too_large(text: &str) {
    let start: String = text.chars().take(90).collect();
    let bound = bind(text, &Workspace, &BindOptions::default());
    let large = bound.diagnostics.iter().any(|d| d.code == Code::TooLarge);
    assert!(large, "{start} {:?}", bound.diagnostics.first());
}

/// A text at the limit is read, one byte more is refused, and neither takes long or overflows.
#[test]
fn the_longest_text_is_read_and_a_longer_one_is_refused() {
    use kql::syntax::TEXT_BYTES_MAX;
    let head = "SignIns | where User in (";
    let item = "'someone@example.org',";
    let items = item.repeat((TEXT_BYTES_MAX - head.len()) / item.len());
    let fits = format!("{head}{items}");
    let bound = bind(&fits, &Workspace, &BindOptions::default());
    assert!(bound.diagnostics.iter().all(|d| d.code == Code::Syntax), "{:?}", bound.diagnostics);
    let padded = format!("{fits}{}", " ".repeat(TEXT_BYTES_MAX - fits.len()));
    assert!(parse(&padded).diagnostics.iter().all(|d| d.code != Code::TooLarge));
    too_large(&format!("{padded} "));
}

/// A megabyte of each kind of rubbish has an answer.
#[test]
fn a_megabyte_of_anything_has_an_answer() {
    const BYTES: usize = 1024 * 1024;
    for piece in [
        "(", "[", "{", "a.", "a|", "|", "let a=", "a,", "'", "dynamic(", "f(a,", "- ", "\u{e9}",
        "a in (",
    ] {
        let text = piece.repeat(BYTES / piece.len());
        let bound = bind(&text, &Workspace, &BindOptions::default());
        // Texts side by side are one text; everything else is a mistake.
        assert!(!bound.diagnostics.is_empty() || piece == "'", "{piece}");
    }
}

/// The look-ahead for a function's parameters has an end, so this is not read once for each `let`.
#[test]
fn many_open_parentheses_after_let_are_read_once() {
    let text = "let a=(b ".repeat(3_000);
    assert_eq!(parse(&text).tree.reprint(), text);
}
