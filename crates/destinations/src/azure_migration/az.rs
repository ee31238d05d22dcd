//! The resources as a shell script of `az` commands. Deliberately absent: the resources themselves (`resources`).

use super::Plan;
use super::arm::value;
use super::resources::{self, Words};
use serde_json::json;

const WORDS: Words = Words { workspace_id: "$WORKSPACE_ID", endpoint_id: "$ENDPOINT_ID" };

/// The script. What it needs to know stands in three variables of its caller.
pub(super) fn write(plan: &Plan) -> String {
    let mut out = "#!/bin/sh\n".to_owned();
    for remark in resources::remarks(plan) {
        out.push_str(&format!("# {remark}\n"));
    }
    let (name, table) = (resources::resource_name(plan), &plan.table);
    out.push_str(
        "\nset -eu\n: \"${RESOURCE_GROUP:?resource group of the workspace}\"\n\
         : \"${WORKSPACE:?name of the Log Analytics workspace}\"\n\
         : \"${PRINCIPAL_ID:?object id of the identity that sends}\"\n\
         MANAGEMENT=\"${MANAGEMENT:-https://management.azure.com}\"\n\n\
         WORKSPACE_ID=$(az monitor log-analytics workspace show --resource-group \"$RESOURCE_GROUP\" --workspace-name \"$WORKSPACE\" --query id --output tsv)\n\
         LOCATION=$(az monitor log-analytics workspace show --resource-group \"$RESOURCE_GROUP\" --workspace-name \"$WORKSPACE\" --query location --output tsv)\n\
         GROUP_ID=$(az group show --name \"$RESOURCE_GROUP\" --query id --output tsv)\n\n",
    );
    let columns: Vec<String> = plan
        .table_columns
        .iter()
        .map(|column| {
            let kind = if column.kind == "datetime" { "datetime" } else { column.kind };
            format!("{}={kind}", column.name)
        })
        .collect();
    let create = format!(
        "az monitor log-analytics workspace table create --resource-group \"$RESOURCE_GROUP\" --workspace-name \"$WORKSPACE\" --name {table} --columns {}\n",
        columns.join(" ")
    );
    if plan.is_table_there() {
        out.push_str(&format!(
            "# The classic table becomes one that rules can write to; its rows stay. This cannot be taken back.\n\
             if [ \"${{CREATE_TABLE:-no}}\" = yes ]; then\n  {create}else\n  \
             az monitor log-analytics workspace table migrate --resource-group \"$RESOURCE_GROUP\" --workspace-name \"$WORKSPACE\" --table-name {table}\nfi\n\n"
        ));
    } else {
        out.push_str(&format!("{create}\n"));
    }
    let endpoint =
        json!({ "location": "$LOCATION", "properties": value(&resources::endpoint(), &WORDS) });
    let rule =
        json!({ "location": "$LOCATION", "properties": value(&resources::rule(plan), &WORDS) });
    let put = |variable: &str, kind: &str, body: &serde_json::Value| {
        format!(
            "{variable}=\"$GROUP_ID/providers/{kind}/{name}\"\n\
             az rest --method put --url \"$MANAGEMENT${variable}?api-version={}\" --body @- <<END_OF_BODY\n{}\nEND_OF_BODY\n\n",
            resources::INSIGHTS_VERSION,
            here_document(&format!("{body:#}"))
        )
    };
    out.push_str(&put("ENDPOINT_ID", resources::ENDPOINT_TYPE, &endpoint));
    out.push_str(&put("RULE_ID", resources::RULE_TYPE, &rule));
    out.push_str(&format!(
        "az role assignment create --assignee-object-id \"$PRINCIPAL_ID\" --assignee-principal-type ServicePrincipal --role {} --scope \"$RULE_ID\"\n\n\
         echo \"endpoint:\"\naz rest --method get --url \"$MANAGEMENT$ENDPOINT_ID?api-version={version}\" --query properties.logsIngestion.endpoint --output tsv\n\
         echo \"dcr_immutable_id:\"\naz rest --method get --url \"$MANAGEMENT$RULE_ID?api-version={version}\" --query properties.immutableId --output tsv\n",
        resources::ROLE_ID,
        version = resources::INSIGHTS_VERSION
    ));
    out
}

/// Escapes what a shell would read in a here-document, but for the references that it is to fill in.
fn here_document(text: &str) -> String {
    let mut escaped = text.replace('\\', "\\\\").replace('`', "\\`").replace('$', "\\$");
    for name in ["WORKSPACE_ID", "ENDPOINT_ID", "LOCATION"] {
        escaped = escaped.replace(&format!("\"\\${name}\""), &format!("\"${name}\""));
    }
    escaped
}
