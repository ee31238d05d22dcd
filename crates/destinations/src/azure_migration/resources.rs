//! The resources of a migration as values, once for all the forms in which they are written: text, lists, maps, and
//! references that each form has its own words for.
//! Deliberately absent: those words.

use super::Plan;

/// The role "Monitoring Metrics Publisher", which lets an identity send to a rule.
pub(super) const ROLE_ID: &str = "3913510d-42f4-4e42-8a64-420c390055eb";
/// The name that the rule has for the workspace.
const DESTINATION: &str = "workspace";

pub(super) const TABLE_TYPE: &str = "Microsoft.OperationalInsights/workspaces/tables";
pub(super) const TABLE_VERSION: &str = "2022-10-01";
pub(super) const WORKSPACE_TYPE: &str = "Microsoft.OperationalInsights/workspaces";
pub(super) const ENDPOINT_TYPE: &str = "Microsoft.Insights/dataCollectionEndpoints";
pub(super) const RULE_TYPE: &str = "Microsoft.Insights/dataCollectionRules";
pub(super) const INSIGHTS_VERSION: &str = "2023-03-11";
pub(super) const ROLE_TYPE: &str = "Microsoft.Authorization/roleAssignments";
pub(super) const ROLE_VERSION: &str = "2022-04-01";

/// A value of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    List(Vec<Self>),
    /// Members in order.
    Map(Vec<(String, Self)>),
    /// The id of the workspace.
    WorkspaceId,
    /// The id of the endpoint.
    EndpointId,
}

/// How a form writes references.
pub(super) struct Words {
    pub(super) workspace_id: &'static str,
    pub(super) endpoint_id: &'static str,
}

fn map(members: impl IntoIterator<Item = (&'static str, Node)>) -> Node {
    Node::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn text(text: impl Into<String>) -> Node {
    Node::Text(text.into())
}

/// The table's properties.
pub(super) fn table(plan: &Plan) -> Node {
    let columns = plan.table_columns.iter().map(|column| {
        let kind = if column.kind == "datetime" { "dateTime" } else { column.kind };
        map([("name", text(column.name)), ("type", text(kind))])
    });
    map([(
        "schema",
        map([("name", text(&*plan.table)), ("columns", Node::List(columns.collect()))]),
    )])
}

/// The rule's properties.
pub(super) fn rule(plan: &Plan) -> Node {
    let columns = plan
        .stream_columns
        .iter()
        .map(|column| map([("name", text(column.name)), ("type", text(column.kind))]));
    let stream = map([("columns", Node::List(columns.collect()))]);
    map([
        ("dataCollectionEndpointId", Node::EndpointId),
        ("streamDeclarations", Node::Map(vec![(plan.stream.clone(), stream)])),
        (
            "destinations",
            map([(
                "logAnalytics",
                Node::List(vec![map([
                    ("workspaceResourceId", Node::WorkspaceId),
                    ("name", text(DESTINATION)),
                ])]),
            )]),
        ),
        (
            "dataFlows",
            Node::List(vec![map([
                ("streams", Node::List(vec![text(&*plan.stream)])),
                ("destinations", Node::List(vec![text(DESTINATION)])),
                ("transformKql", text(plan.transform())),
                ("outputStream", text(plan.output_stream())),
            ])]),
        ),
    ])
}

/// The endpoint's properties.
pub(super) fn endpoint() -> Node {
    map([("networkAcls", map([("publicNetworkAccess", text("Enabled"))]))])
}

/// Sentences for the head of a file: what it makes and what has to be known.
pub(super) fn remarks(plan: &Plan) -> Vec<String> {
    let (provider, table) = (plan.provider, &plan.table);
    let mut remarks = vec![if *table == plan.classic_table {
        format!(
            "Sends what doorledger collects of {provider} to the table {table} through Logs Ingestion."
        )
    } else {
        let classic = &plan.classic_table;
        format!(
            "Sends what doorledger collects of {provider} to the table {table}, in place of the classic table {classic}."
        )
    }];
    if plan.is_table_there() {
        remarks.push(format!(
            "{} is taken as it is: migrate it once, before the first deployment, with `az monitor log-analytics workspace table migrate`.",
            plan.table
        ));
        remarks.push("In a workspace that never had it, let it be made here instead.".to_owned());
    }
    if !plan.unnameable.is_empty() {
        remarks.push(format!(
            "{} classic columns are not filled any more: their names are longer than a new column's may be, or begin with _.",
            plan.unnameable.len()
        ));
    }
    remarks.push(
        "A new role assignment takes up to 30 minutes to count, a new table up to 15 to show rows."
            .to_owned(),
    );
    remarks
}

/// A name for resources, made of the table's.
pub(super) fn resource_name(plan: &Plan) -> String {
    let base = plan.table.strip_suffix("_CL").unwrap_or(&plan.table);
    let name: String =
        base.chars().map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect();
    // An endpoint's name has 44 characters at most.
    let name: String = name.chars().take(33).collect();
    format!("doorledger-{}", name.trim_end_matches('-'))
}
