//! Queries in, text out: tokens, trees, diagnostics and plans as snapshots beside this file. `INSTA_UPDATE=always` writes
//! them anew. Deliberately absent: answers to queries (`query` tests those).

mod workspace;

use kql::syntax::lex;
use kql::{BindOptions, Bound, Diagnostic, bind, parse};
use workspace::Workspace;

/// 2024-05-06T12:00:00Z
const NOW: i64 = 638_505_936_000_000_000;

fn tokens(text: &str) -> String {
    lex(text)
        .iter()
        .filter(|token| !token.kind.is_trivia())
        .map(|t| format!("{:?} {}\n", t.kind, &text[t.start as usize..t.end as usize]))
        .collect()
}

fn bound(text: &str) -> Bound {
    bind(text, &Workspace, &BindOptions { now: NOW, ..BindOptions::default() })
}

fn diagnostics(text: &str) -> String {
    let bound = bound(text);
    if bound.diagnostics.is_empty() {
        return "(none)\n".into();
    }
    let line = |d: &Diagnostic| {
        let at = &text[d.span.clone()];
        let hint = d.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
        let (start, end) = (d.span.start, d.span.end);
        format!("{} {} @{start}..{end} {at:?}{hint}\n", d.code.name(), d.message)
    };
    bound.diagnostics.iter().map(line).collect()
}

fn plans(text: &str) -> String {
    let bound = bound(text);
    let mut out: String =
        bound.diagnostics.iter().map(|d| format!("! {} {}\n", d.code.name(), d.message)).collect();
    for statement in &bound.statements {
        out.push_str(&statement.plan.to_string());
        if let Some(render) = &statement.render {
            out.push_str(&format!("render {} {:?}\n", render.kind, render.properties));
        }
    }
    out
}

fn all(queries: &[&str], show: impl Fn(&str) -> String) -> String {
    queries.iter().map(|query| format!("{query}\n{}\n", indented(&show(query)))).collect()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

#[test]
fn tokens_of_every_literal_and_operator() {
    insta::assert_snapshot!(all(
        &[
            r#"'a\'b' "c" @"d\" h'e' H@'f''g' ```h "i"``` 'open"#,
            "1 0x1F 1.5 1e3 2.5e-3 1d 1.5h 100ms 10microseconds 1tick 365Days 1..2",
            "datetime(2024-01-02) guid(74be27de-1e4e-49d9-b579-fe0b331d3642) int(5) real(+inf) datetime(x, 1)",
            "a !in~ (b) !has c =~ !~ <> == != <= => .. in~ $left.x ['a b'] // end",
        ],
        tokens,
    ));
}

#[test]
fn trees_of_statements_operators_and_expressions() {
    insta::assert_snapshot!(all(
        &[
            "let n = 5; T | where a == 1 and b has 'x' or c in (1, 2) | take n",
            "let f = (t:(a:long), x:string='y') { t | extend z = x }; f(T)",
            "T | summarize n = count(), make_set(a.b[0]) by bin(t, 1h) | sort by n desc nulls last",
            "T | join kind=leftouter hint.remote=auto (U | project a) on $left.a == $right.b, c",
            "T | mv-expand x = a.b to typeof(string) limit 5 | parse kind=regex m with * 'p' q:long r",
            "union isfuzzy=true withsource=S T*, (U | count)",
            "T | scan order by a asc declare (n:long=0) with (step s output=none: x > s.x => n = 1, m = 2; step t: true)",
            "E | make-graph a --> b with N on id, (M) on ['i d'] partitioned-by c (graph-to-table edges as F with_source_id=s)",
            "G | graph-match cycles=none (a)-[e*1..n]->(), (a)<--(c)-[f]-(a) where a.x == 1 project y = a.x, e.z",
            "print -1 + 2 * 3, x between (1 .. 5d), dynamic({'a': [1, null]})",
        ],
        |text| parse(text).tree.outline(),
    ));
}

#[test]
fn diagnostics_of_graphs() {
    insta::assert_snapshot!(all(
        &[
            "SignIns | make-graph User --> Usr",
            "SignIns | make-graph Details --> User",
            "SignIns | make-graph User --> User | where User == 'x'",
            "SignIns | make-graph User --> User with_node_id=n | graph-match (a)-->(b) where a.x == 1 project b.n",
            "SignIns | make-graph User --> User with_node_id=n | graph-match (a)-[e*3..1]->(b) project b.n",
            "SignIns | make-graph User --> User with_node_id=n | graph-match (a)-[e*1..2]->(b)-[f*1..2]->(c) where e.User == f.User project b.n",
            "SignIns | make-graph User --> User with_node_id=n | graph-match (a)-->(b), (c) project b.n",
            "SignIns | make-graph User --> User with_node_id=n | graph-match (a)-[a]->(b) project b.n",
            "SignIns | make-graph User --> User with_node_id=n | graph-match (a)-[e]->(b) where all(e, true) project b.n",
            "SignIns | make-graph User --> User with_node_id=n | graph-shortest-paths (a)-->(b) project b.n",
            "SignIns | make-graph User --> User with_node_id=n | graph-match (a)->(b) project b.n",
            "SignIns | make-graph User --> User with_node_id=n | graph-to-table nodes, edges",
            "SignIns | make-graph User --> User",
            "SignIns | graph-match (a)-->(b) project a.x",
            "graph('G') | graph-match (a)-->(b) project a.x",
        ],
        diagnostics,
    ));
}

/// Queries with a mistake each.
const MISTAKEN: &[&str] = &[
    "SignIns | where Usr == 'x'",
    "SignInz | take 5",
    "SignIns | where strlem(User) > 1",
    "SignIns | where strlen(User, 1) > 1",
    "SignIns | wher User == 'x'",
    "SignIns | where User == ",
    "SignIns | where User == 'x",
    "SignIns | where User + 1 == 2",
    "SignIns | where Failures has 'x'",
    "SignIns | where User",
    "SignIns | extend a = 1, a = 2",
    "SignIns | project-away Nope",
    "SignIns | summarize count() by Details",
    "SignIns | join People on Office",
    "SignIns | join kind=sideways People on User",
    "SignIns | join People",
    "SignIns | top 5 by",
    "SignIns | take 'x'",
    "SignIns | fork (count) (take 1)",
    "SignIns where User == 'x'",
    "| take 5",
    "Broken",
    "Endless",
    "let f = (a:long) { a + 1 }; print f(), f(1, 2)",
    "SignIns | where TimeGenerated > {TimeRange:start}",
    "SignIns | extend x = count()",
    "print datetime(nonsense)",
    "SignIns | where User in ('a' 'b'",
    "SignIns | scan with (step s: true;)",
    "SignIns | sort by User | scan with (step s: s.Nope == 1; step s: true => Nope = 1)",
    "SignIns | sort by User | scan (step s: true)",
    ".show tables",
    "cluster('a').database('b').T | take 1",
    "print geo_distance_2points(1, 2, 3, 4)",
    "print geo_distance_2points(1, 2)",
    "SignIns | summarize hll(User)",
    "print max(1)",
    "SignIns | project-rename a = Nope",
    "SignIns | extend (a, b) = Failures",
    "SignIns | where TimeGenerated between (1 .. 2)",
    "SignIns | parse User with",
    "SignIns | parse-where User with | take 1",
    "SignIns | extend (a, b) = strlen(User)",
    "SignIns | summarize (a, b) = max(Failures)",
    "SignIns | summarize (a, b, c) = arg_max(Failures, User)",
    "print (a, b) = 5",
    "SignIns | summarize count(User), countif(Failures)",
    "SignIns | summarize hint.strategy=native count() by User",
    "SignIns | join hint.strategy=native (People) on User",
    "SignIns | distinct hint.strategy=native User",
    "SignIns | where User !in~ People",
    "SignIns | mv-expand User",
    "SignIns | summarize count() by count()",
    "SignIns | make-series count() on TimeGenerated",
    "SignIns | join kind=inner (People) on $left.User",
    "SignIns | top 'a' by User",
    "SignIns | invoke missing()",
    "let x = 1 let y = 2; print x",
    "print a = b = 1",
    "datatable(a:long)['x', 2, 3",
    "datatable(a:long, b:long)[1]",
    "range x from 1 to 10",
    "SignIns | evaluate no_such_plugin()",
    "print toscalar(SignIns)[",
    "print 5 in 5",
    "SignIns | lookup kind=fullouter People on User",
    "union Nowhere, SignIns",
    "print dynamic({'a' 1})",
    "print 1 +",
    "let f = (a) { a }; print f(1)",
];

#[test]
fn diagnostics_say_what_is_wrong_where_and_what_was_meant() {
    insta::assert_snapshot!(all(MISTAKEN, diagnostics));
}

/// What the language has and the engine has not stops a run, and is a warning where nothing is going to run.
#[test]
fn what_is_not_available_here_is_a_warning_when_checking() {
    let texts = [
        "print geo_distance_2points(1, 2, 3, 4)",
        "SignIns | summarize hll(User)",
        "cluster('a').database('b').T | where anything == 1",
        ".show tables",
    ];
    for text in texts {
        let options = BindOptions { check_only: true, ..BindOptions::default() };
        assert!(!bound(text).is_clean(), "{text}");
        let checked = bind(text, &Workspace, &options);
        assert!(checked.is_clean(), "{text} {:?}", checked.diagnostics);
        assert_eq!(checked.diagnostics.len(), 1, "{text}");
    }
}

#[test]
fn checking_lets_missing_tables_be_anything() {
    let options = BindOptions { check_only: true, ..BindOptions::default() };
    let text = "union isfuzzy=true SignIns, Nowhere | where Unknown == 1";
    assert!(bind(text, &Workspace, &options).is_clean());
    assert!(!bound(text).is_clean());
}

#[test]
fn plans_of_the_row_operators() {
    insta::assert_snapshot!(all(
        &[
            "SignIns\n \n   | sort by TimeGenerated desc",
            "SignIns | where TimeGenerated > ago(1d) and User has 'ann' and true",
            "SignIns | extend Failures = Failures + 1, tolower(User), Details.ip.city",
            "SignIns | project tolower(User), tostring(Details.ip), User, Failures / 2",
            "SignIns | project-rename Who = User | project-away F* | project-reorder Who",
            "SignIns | top 3 by Failures asc | limit 2",
            "SignIns | distinct User, bin(TimeGenerated, 1h)",
            "SignIns | count",
            "print 1, x = 'a', 1h + 30m",
            "range d from datetime(2024-01-01) to datetime(2024-01-03) step 1d",
            "datatable (a:long, b:datetime) [1, datetime(2024-01-01), 2, '2024-01-02']",
            "SignIns | mv-expand ip = Details.ips to typeof(string)",
            "SignIns | mv-apply ip = Details.ips on (where ip == 'x' | summarize n = count())",
            "SignIns | parse User with name '@' domain:string",
            "SignIns | where User in (People | project User) or User has_any ('a', 'b')",
            "SignIns | where Failures between (1 .. 5) | render timechart with (title='Failures')",
            "SignIns | getschema",
        ],
        plans,
    ));
}

#[test]
fn plans_of_grouping_joining_and_putting_together() {
    insta::assert_snapshot!(all(
        &[
            "SignIns | summarize count(), dcount(User), n = sum(Failures) by bin(TimeGenerated, 1h)",
            "SignIns | summarize arg_max(TimeGenerated, *) by User",
            "SignIns | summarize total = sum(Failures) / count(), count() by User",
            "SignIns | join kind=inner (People) on User",
            "SignIns | join kind=leftanti People on $left.User == $right.Office",
            "SignIns | lookup People on User",
            "SignIns | join kind=leftouter SignInsOld on Failures",
            "union SignIns, SignInsOld",
            "union withsource=T isfuzzy=true SignIns*, Nowhere",
            "SignIns | make-series n = count() on TimeGenerated from ago(1d) to now() step 1h by User",
            "SignIns | make-series r = sum(Failures) / count(), one = 1 on TimeGenerated in range(ago(1d), now(), 1h)",
            "SignIns | top-nested 2 of User with others='x' by sum(Failures) / count(), top-nested of Failures by max(1)",
            "SignIns | partition hint.strategy=native by User (top 1 by TimeGenerated)",
            "SignIns | partition by User { People | where Office == User }",
            "SignIns | sort by TimeGenerated asc | scan with_match_id=m declare (n:long=0) with (step a output=last: User == 'x' => n = a.n + 1; step b: TimeGenerated - a.TimeGenerated < 1h)",
        ],
        plans,
    ));
}

#[test]
fn plans_have_variables_and_functions_inlined() {
    insta::assert_snapshot!(all(
        &[
            "let since = ago(7d); let who = 'ann'; SignIns | where TimeGenerated > since and User == who",
            "let f = (t:(User:string), n:long=2) { t | take n }; f(SignIns), 1",
            "let f = (t:(User:string), n:long=2) { t | take n }; SignIns | invoke f(5)",
            "let shout = (x:string) { strcat(x, '!') }; SignIns | extend y = shout(User)",
            "let top_user = toscalar(SignIns | summarize max(User)); SignIns | where User == top_user",
            "let m = materialize(SignIns | take 5); m | join m on User",
            "Failed | count",
            "Failed(10, off = true)",
            "table('People') | count",
            "let who = SignIns | distinct User; People | where User in (who)",
            "SignIns | extend Office = column_ifexists('Office', ''), n = column_ifexists('Failures', 0)",
            "SignIns | as X | join X on User",
        ],
        plans,
    ));
}

#[test]
fn a_data_dependent_operator_waits_for_its_columns() {
    let text = "SignIns | evaluate bag_unpack(Details) | project User, city";
    let first = bind(text, &Workspace, &BindOptions::default());
    assert!(first.is_clean(), "{:?}", first.diagnostics);
    let question = first.pending.expect("the slots are unknown");
    assert_eq!(question.asked, kql::Asked::Slots);
    assert_eq!(question.plan.fields.len(), 1, "the bag alone is asked for");
    let slot = kql::plan::Field { name: "city".into(), ty: kql::types::Type::String };
    let options = BindOptions { resolved: vec![vec![slot]], ..BindOptions::default() };
    let second = bind(text, &Workspace, &options);
    assert!(second.pending.is_none());
    let types: Vec<_> = second.statements[0].plan.fields.iter().map(|f| f.ty.name()).collect();
    assert_eq!(types, ["string", "string"]);
}

#[test]
fn a_time_span_restricts_every_table() {
    let options = BindOptions { timespan: Some((0, NOW)), ..BindOptions::default() };
    let bound = bind("SignIns | join People on User", &Workspace, &options);
    insta::assert_snapshot!(bound.statements[0].plan.to_string());
}
