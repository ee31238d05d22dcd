//! What a migration prints, in every form (golden files), and what a rule's check finds.
//! Deliberately absent: Azure itself.

use serde_json::{Value, json};

use super::*;

const SHAPES: [Shape; 3] = [Shape::Classic, Shape::Current, Shape::Asim];

fn plans() -> Vec<Plan> {
    let tables = ["Auth0AM_CL", "OneLogin_CL"];
    let all = tables.into_iter().flat_map(|table| SHAPES.map(|shape| (table, shape)));
    all.map(|(table, shape)| Plan::new(table, None, shape).unwrap()).collect()
}

fn plan(table: &str, shape: Shape) -> Plan {
    Plan::new(table, None, shape).unwrap()
}

/// Whether every bracket is closed by its own kind and every text ends on its line.
fn unbalanced(text: &str, quote: char, comment: &str) -> Option<String> {
    let mut open = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with(comment) {
            continue;
        }
        let mut is_text = false;
        let mut letters = line.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' if is_text => drop(letters.next()),
                _ if letter == quote => is_text = !is_text,
                _ if is_text => {}
                '(' => open.push(')'),
                '[' => open.push(']'),
                '{' => open.push('}'),
                ')' | ']' | '}' if open.pop() != Some(letter) => {
                    return Some(format!("line {}: {letter} closes nothing", number + 1));
                }
                _ => {}
            }
        }
        if is_text {
            return Some(format!("line {}: a text without an end", number + 1));
        }
    }
    open.pop().map(|letter| format!("{letter} is missing"))
}

#[test]
fn every_form_of_a_current_table() {
    let plan = plan("Auth0AM", Shape::Current);
    insta::assert_snapshot!("auth0_current_bicep", plan.write(Format::Bicep));
    insta::assert_snapshot!("auth0_current_arm", plan.write(Format::Arm));
    insta::assert_snapshot!("auth0_current_terraform", plan.write(Format::Terraform));
    insta::assert_snapshot!("auth0_current_az", plan.write(Format::Az));
}

#[test]
fn every_form_of_a_classic_table() {
    let plan = plan("OneLogin_CL", Shape::Classic);
    insta::assert_snapshot!("onelogin_classic_bicep", plan.write(Format::Bicep));
    insta::assert_snapshot!("onelogin_classic_arm", plan.write(Format::Arm));
    insta::assert_snapshot!("onelogin_classic_terraform", plan.write(Format::Terraform));
    insta::assert_snapshot!("onelogin_classic_az", plan.write(Format::Az));
}

#[test]
fn the_transformations() {
    let transforms: Vec<String> = plans().iter().map(Plan::transform).collect();
    insta::assert_snapshot!("transformations", transforms.join("\n\n").replace(", ", ",\n  "));
}

#[test]
fn the_bicep_and_terraform_are_well_formed() {
    assert!(unbalanced("{ '[' }", '\'', "//").is_none());
    for broken in ["{ ( }", "{", "'a", "'\\'", "]"] {
        assert!(unbalanced(broken, '\'', "//").is_some(), "{broken}");
    }
    for plan in plans() {
        assert_eq!(unbalanced(&plan.write(Format::Bicep), '\'', "//"), None, "{plan:?}");
        assert_eq!(unbalanced(&plan.write(Format::Terraform), '"', "#"), None, "{plan:?}");
    }
}

#[test]
fn the_json_parses_and_names_what_the_plan_does() {
    for plan in plans() {
        let template: Value = serde_json::from_str(&plan.write(Format::Arm)).unwrap();
        let resources = template["resources"].as_array().unwrap();
        let kinds: Vec<&str> = resources.iter().map(|it| it["type"].as_str().unwrap()).collect();
        assert_eq!(
            kinds,
            [
                "Microsoft.OperationalInsights/workspaces/tables",
                "Microsoft.Insights/dataCollectionEndpoints",
                "Microsoft.Insights/dataCollectionRules",
                "Microsoft.Authorization/roleAssignments"
            ]
        );
        assert_eq!(check(&plan, &template), [], "what we write takes what we send");
        let script = plan.write(Format::Az);
        let bodies: Vec<&str> = script.split("<<END_OF_BODY\n").skip(1).collect();
        assert_eq!(bodies.len(), 2);
        let rule = bodies[1].split("\nEND_OF_BODY").next().unwrap().replace("\\\\", "\\");
        let rule: Value = serde_json::from_str(&rule).unwrap();
        assert_eq!(check(&plan, &rule), []);
        assert_eq!(rule["properties"]["dataCollectionEndpointId"], "$ENDPOINT_ID");
    }
}

#[test]
fn no_limit_of_azure_is_passed() {
    for plan in plans() {
        assert!(plan.transform().chars().count() <= TRANSFORM_CHARACTERS_MAX);
        assert!(plan.table_columns.len() <= 500);
        assert_eq!(plan.table_columns[0].name, "TimeGenerated");
        for column in &plan.table_columns {
            assert!(column.name.len() <= COLUMN_NAME_CHARACTERS_MAX, "{}", column.name);
            assert!(
                ["string", "int", "real", "boolean", "datetime", "dynamic"].contains(&column.kind),
                "{column:?}"
            );
        }
        let mut names: Vec<&str> = plan.table_columns.iter().map(|it| it.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), plan.table_columns.len(), "a column stands twice: {plan:?}");
    }
}

#[test]
fn columns_are_made_of_what_is_sent() {
    for plan in plans().iter().filter(|plan| plan.shape != Shape::Asim) {
        for column in &plan.table_columns {
            let base = column.from.split('.').next().unwrap();
            let sent = plan.stream_columns.iter().find(|it| it.name == base);
            assert!(sent.is_some(), "{column:?}");
            assert!(base == column.from || sent.unwrap().kind == "dynamic", "{column:?}");
        }
    }
}

#[test]
fn classic_columns_that_azure_cannot_make_are_told() {
    let plan = plan("auth0am_cl", Shape::Classic);
    assert_eq!(plan.table, "auth0am_CL");
    assert!(plan.unnameable.contains(&"_id_s".to_owned()));
    assert!(plan.unnameable.iter().skip(1).all(|name| name.len() > COLUMN_NAME_CHARACTERS_MAX));
    assert!(plan.write(Format::Bicep).contains("28 classic columns are not filled any more"));
}

#[test]
fn a_name_tells_the_provider_or_it_is_asked_for() {
    for (table, provider, expected) in [
        ("Auth0AM", None, Ok(("auth0", "Auth0AM_CL"))),
        ("onelogin_cl", None, Ok(("onelogin", "onelogin_CL"))),
        ("OneLoginEventsV2_CL", None, Ok(("onelogin", "OneLoginEventsV2_CL"))),
        ("Doors_CL", Some("auth0"), Ok(("auth0", "Doors_CL"))),
        ("Doors_CL", None, Err(PlanError::Provider("Doors_CL".into()))),
        ("Doors_CL", Some("okta"), Err(PlanError::Provider("Doors_CL".into()))),
        ("1Doors", Some("auth0"), Err(PlanError::Name("1Doors".into()))),
        ("Doors'; --", Some("auth0"), Err(PlanError::Name("Doors'; --".into()))),
        ("_CL", Some("auth0"), Err(PlanError::Name("_CL".into()))),
        ("Döre", Some("auth0"), Err(PlanError::Name("Döre".into()))),
    ] {
        let found = Plan::new(table, provider, Shape::Classic);
        let found = found.as_ref().map(|plan| (plan.provider, plan.table.as_str()));
        assert_eq!(found, expected.as_ref().map(|it| *it), "{table}");
    }
    let longest = "T".repeat(TABLE_NAME_CHARACTERS_MAX - 3);
    assert!(Plan::new(&longest, Some("auth0"), Shape::Classic).is_ok());
    assert!(Plan::new(&format!("{longest}T"), Some("auth0"), Shape::Classic).is_err());
}

#[test]
fn a_rule_is_compared_column_by_column() {
    let plan = plan("OneLogin_CL", Shape::Current);
    let mut rule: Value = serde_json::from_str(&plan.write(Format::Arm)).unwrap();
    let properties = rule["resources"][2]["properties"].take();
    let stream = "Custom-OneLoginEventsV2_CL";
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = json!({ "properties": properties });
        change(&mut changed["properties"]);
        check(&plan, &changed).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let told = [
        with(&|_| {}),
        with(&|rule| {
            let columns = rule["streamDeclarations"][stream]["columns"].as_array_mut().unwrap();
            columns.retain(|column| column["name"] != "notes");
            columns[0]["type"] = json!("string");
            columns[1]["name"] = json!("App_Name");
            columns.push(json!({ "name": "browser", "type": "string" }));
            columns.push(json!({ "name": "RawEvent", "type": "dynamic" }));
        }),
        with(&|rule| {
            let own = rule["streamDeclarations"][stream].take();
            rule["streamDeclarations"] = json!({ "Custom-Other": own });
        }),
        with(&|rule| rule["dataFlows"] = json!([])),
        with(&|rule| rule["dataFlows"][0]["outputStream"] = json!("Custom-Other_CL")),
        with(&|rule| rule["streamDeclarations"] = json!([])),
    ];
    insta::assert_snapshot!("findings", told.join("\n---\n"));
    assert!(check(&plan, &json!([1])).first().unwrap().loses());
}

#[test]
fn the_loss_is_told_in_words() {
    let time = |text: &str| text.parse().unwrap();
    let now = time("2026-11-21T12:00:00Z");
    let span =
        |from: &str| Held { events: 812, span: Some((time(from), time("2026-11-21T11:00:00Z"))) };
    let rows = [
        Loss {
            provider: "auth0",
            now: time("2026-09-01T00:00:00Z"),
            retention_days: None,
            held: None,
        },
        Loss { provider: "auth0", now, retention_days: None, held: None },
        Loss {
            provider: "auth0",
            now,
            retention_days: Some(10),
            held: Some(Held { events: 0, span: None }),
        },
        Loss {
            provider: "auth0",
            now,
            retention_days: Some(30),
            held: Some(span("2026-10-01T00:00:00Z")),
        },
        Loss {
            provider: "onelogin",
            now,
            retention_days: None,
            held: Some(span("2026-09-13T00:00:00Z")),
        },
        Loss { provider: "onelogin", now, retention_days: Some(90), held: None },
    ];
    let told: Vec<String> = rows.iter().map(|row| lost(row).join("\n")).collect();
    insta::assert_snapshot!("loss", told.join("\n---\n"));
}
