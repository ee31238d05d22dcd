//! What an editor asks: completion, signature help, hover, at places marked with `§` (a snapshot for each), and at every
//! place of a text without panic. Deliberately absent: how an editor shows it.

mod workspace;

use kql::{complete, hover, signature_help};
use workspace::Workspace;

fn marked(text: &str) -> (String, usize) {
    let at = text.find('§').unwrap_or(0);
    (text.replace('§', ""), at)
}

fn all(queries: &[&str], show: impl Fn(&str, usize) -> String) -> String {
    queries
        .iter()
        .map(|query| {
            let (text, at) = marked(query);
            format!("{query}\n    {}\n\n", show(&text, at).replace('\n', "\n    "))
        })
        .collect()
}

/// The first proposals of each kind, and how many there are.
fn proposals(text: &str, at: usize) -> String {
    let found = complete(text, at, &Workspace);
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for item in &found.items {
        let kind = format!("{:?}", item.kind);
        let shown = match item.detail.as_str() {
            "" => item.insert.clone(),
            detail => format!("{}:{detail}", item.insert),
        };
        match lines.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, items)) => items.push(shown),
            None => lines.push((kind, vec![shown])),
        }
    }
    let lines: Vec<String> = lines
        .into_iter()
        .map(|(kind, items)| {
            let first: Vec<_> = items.iter().take(6).cloned().collect();
            format!("{kind} {}: {}", items.len(), first.join(" · "))
        })
        .collect();
    format!("{:?}\n{}", &text[found.replace.clone()], lines.join("\n"))
}

#[test]
fn completion_proposes_what_fits_the_place() {
    insta::assert_snapshot!(all(
        &[
            "§",
            "Sig§",
            "SignIns | §",
            "SignIns | project-a§",
            "SignIns | where §",
            "SignIns | where Us§",
            "SignIns | where User §",
            "SignIns | where User has 'a§'",
            "SignIns | take 5 // comm§",
            "SignIns | extend Sum = Failures + 1 | project §",
            "SignIns | summarize §",
            "SignIns | summarize n = count() §",
            "SignIns | summarize n = count() by User | where §",
            "SignIns | project User | join kind=§",
            "SignIns | project User | join (§",
            "SignIns | project User | join (People | where Of§) on User",
            "SignIns | project User | join (People) on §",
            "SignIns | join (People) on $left.User == $right.§",
            "let since = ago(1d); let who = SignIns | take 1; who | where User > §",
            "let f = (n:long) { SignIns | where Failures > n and §}; f(1)",
            "SignIns | where User in (§",
            "SignIns | sort by User §",
            "SignIns | extend ['a b'] = 1 | project §",
            "SignIns | extend x = typeof(§",
            "SignIns | mv-apply x = Details.a on (where §)",
            "SignIns | render §",
            "union §",
            "let x = §",
        ],
        proposals,
    ));
}

#[test]
fn signature_help_names_the_argument_of_the_place() {
    insta::assert_snapshot!(all(
        &[
            "print strlen(§",
            "print split(tolower('a,b'), §'x')",
            "print iff(1 == 1, §",
            "print tolower(strcat('a', § 'b'))",
            "print geo_distance_2points(1, 2, §",
            "SignIns | summarize make_set(§)",
            "Failed(§",
            "print (1 + §",
            "print unknown(§",
            "SignIns | where User in ('a', §",
        ],
        |text, at| format!("{:?}", signature_help(text, at, &Workspace)),
    ));
}

#[test]
fn hover_tells_what_a_word_is() {
    insta::assert_snapshot!(all(
        &[
            "Sign§Ins | take 1",
            "SignIns | wh§ere User == 'a'",
            "SignIns | where Us§er == 'a'",
            "SignIns | extend n = strl§en(User)",
            "SignIns | extend Twice = Failures * 2 | project Twi§ce",
            "let since = 1d; SignIns | where TimeGenerated > ago(sin§ce)",
            "SignIns | summarize cou§nt() by User",
            "SignIns | project-aw§ay User",
            "SignIns | where User == 'a§'",
            "Fai§led | count",
            "print nothing§Known",
        ],
        |text, at| hover(text, at, &Workspace).map_or("(nothing)".into(), |h| h.text),
    ));
}

#[test]
fn every_place_of_a_text_has_an_answer() {
    let texts = [
        "let f = (t:(*), n:long = 5) { t | take n };\n// é\nunion (SignIns | where User has 'ü'), \
         People\n| join kind=leftouter (People | project User) on $left.User == $right.User\n\
         | mv-expand x = Details.a to typeof(long) | summarize n = count() by bin(TimeGenerated, 1h)",
        "| | ( [ { ;; $left. ..= ,, 'open",
        "é|ü (",
    ];
    for text in texts {
        for at in 0..=text.len() + 2 {
            let found = complete(text, at, &Workspace);
            assert!(text.get(found.replace).is_some());
            if let Some(found) = hover(text, at, &Workspace) {
                assert!(text.get(found.span).is_some());
            }
            drop(signature_help(text, at, &Workspace));
        }
    }
}

#[test]
fn a_long_text_has_an_answer_at_its_end() {
    let text = format!("SignIns | where {} Us", "User == 'x' or ".repeat(5_000));
    let labels: Vec<_> =
        complete(&text, text.len(), &Workspace).items.into_iter().map(|i| i.label).collect();
    assert_eq!(labels, ["User"]);
}
