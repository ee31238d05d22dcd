//! The formatter: what it makes of queries (a snapshot), and what holds for every text: formatting again changes nothing,
//! the plan stays the same, no comment is lost. Deliberately absent: what the queries mean.

mod workspace;

use kql::{BindOptions, bind, format};
use proptest::prelude::*;
use workspace::Workspace;

/// Badly laid out queries that reach every shape of the grammar.
const QUERIES: &[&str] = &[
    "SignIns|where User=='ann'|take 5",
    "SignIns\n|where User=='ann'   |take 5",
    "let since=ago(7d);let  who = ( n:long , t:(User:string)=SignIns ){ SignIns|take n } ;who( 5 )",
    "// head\n\n\nlet a = 1; // one\n\n\n// two\nlet b = 2;\nprint a+b*-a // end",
    "SignIns\n| where TimeGenerated > ago(30d) and User has_any ('ann', 'bob') and (Failures > 3 or isnotempty(tostring(Details.ip)))\n// why\n| where Failures between (1..5)",
    "SignIns | summarize Count=count(), Last=max(TimeGenerated), Names=make_set(User, 100) by bin(TimeGenerated,1h), Office=tostring(Details.office), City=tostring(Details.city)",
    "SignIns\n| extend Kind=case(Failures>10,'many failures in a row',Failures>3,'some failures in a row',Failures>0,'one failure','no failure at all')",
    "SignIns | join kind = leftouter hint.strategy=broadcast (People\n| where Office=='north' | project User,Office) on $left.User==$right.User, User",
    "union isfuzzy=true withsource=Source SignIns*,(SignInsOld\n|where Failures>1),(People|count)\n|project-away User,D*",
    "datatable(name:string,n:long)['ann',1,'bob',2,'c',3]|where n in(1,2)",
    "datatable(name:string,n:long)['ann',1]",
    "print dynamic({'a':[1,2,{\"b\":null}],'c':datetime(2024-01-02)}),x=dynamic([]),  - 1, int (5), h'secret'",
    "SignIns | mv-expand ip=Details.ips to typeof(string), n=Details.n limit 10 | mv-apply x=Details.ips on (where x=='a'|summarize n=count())",
    "SignIns | parse kind=regex User with * 'name=' name:string ';' rest  | parse-kv User as(a:long,b:string)with(pair_delimiter=';',kv_delimiter='=')",
    "SignIns | make-series n=count() default=0,m=max(Failures) on TimeGenerated from ago(1d) to now() step 1h by User",
    "SignIns | top 3 by Failures desc nulls last | sort by User asc,Failures | top-nested 2 of User with others='x' by count(),top-nested of Failures by max(Failures)",
    "SignIns | project-reorder User asc,F*  |  render timechart with(title='a b',ysplit=axes)",
    "SignIns | where User !in~ ('a') and not(User matches regex @'^a\\d+$') or User !has 'b'|as T|count as n",
    "SignIns | evaluate bag_unpack(Details,'d_'):(d_ip:string,*)| partition by User (top 1 by Failures)",
    "SignIns | where User in ((People\n|project User)) | extend ['a b']=Details['x y'].z[0],(p,q)=Details",
    "search in(SignIns,People)'ann' and User:'x'|distinct *",
    "range x from 1 to 10 step 1|invoke f()|serialize n=row_number()",
    "let f=()\n{\n// inside\nlet t=1;\nt // result\n};\nprint f(),g(a=1)",
    "print ```fenced\n  text``` , 1",
];

fn bound(text: &str) -> String {
    let bound = bind(text, &Workspace, &BindOptions { now: 1, ..BindOptions::default() });
    let plans: String = bound.statements.iter().map(|s| s.plan.to_string()).collect();
    let wrong: Vec<_> = bound.diagnostics.into_iter().map(|d| d.message).collect();
    format!("{plans}{wrong:?}")
}

fn comments(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split_once("//")).map(|(_, c)| c.trim_end()).collect()
}

/// Checks what must hold for a text that can be read.
fn check(text: &str) -> Option<String> {
    let once = format(text).ok()?;
    assert_eq!(format(&once).as_ref(), Ok(&once), "{text}");
    assert_eq!(bound(&once), bound(text), "{text}");
    Some(once)
}

#[test]
fn queries_are_laid_out() {
    let all: String = QUERIES
        .iter()
        .map(|text| {
            let formatted = check(text).unwrap_or_else(|| format!("{:?}\n", format(text)));
            assert_eq!(comments(&formatted), comments(text));
            format!("{text}\n----\n{formatted}\n========\n")
        })
        .collect();
    insta::assert_snapshot!(all);
}

#[test]
fn what_cannot_be_read_is_not_formatted() {
    for text in ["SignIns | where", "print (", "T | {x}"] {
        assert!(format(text).is_err_and(|wrong| !wrong.is_empty()), "{text}");
    }
}

#[test]
fn an_empty_text_stays_empty_and_a_comment_alone_stays() {
    assert_eq!(format("  \n "), Ok(String::new()));
    assert_eq!(format(" // a\n\n\n//b"), Ok("// a\n\n//b\n".into()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Blanks, line ends and comments put between the tokens of a query change neither its plan nor, comments aside, its
    /// layout being stable.
    #[test]
    fn any_blanks_and_comments_between_tokens(
        which in 0..QUERIES.len(),
        gaps in proptest::collection::vec(0u8..6, 1..60),
    ) {
        let text = QUERIES[which];
        let mut spread = String::new();
        let tokens = kql::syntax::lex(text);
        for (token, gap) in tokens.iter().zip(gaps.iter().cycle()) {
            spread.push_str(&text[token.start as usize..token.end as usize]);
            if token.kind.is_trivia() {
                spread.push_str(match gap {
                    0 => "\n",
                    1 => "\n\n",
                    2 => "\n// note\n",
                    3 => " // note\n",
                    _ => " ",
                });
            }
        }
        check(&spread);
    }
}

#[test]
fn a_deep_and_a_long_query_are_formatted() {
    let deep = format!("print {}1{}", "(".repeat(120), ")".repeat(120));
    let long = format!("T | where x in ({}1)", "1, ".repeat(50_000));
    for text in [deep, long] {
        assert!(check(&text).is_some());
    }
}

/// A line end behind it would be a part of it.
#[test]
fn a_text_without_an_end_is_not_laid_out() {
    for text in ["print ```t\n| where x", "print 'a", "T | where a == \"b"] {
        assert!(format(text).is_err(), "{text}");
    }
}
