//! The resources as Bicep. Deliberately absent: the resources themselves (`resources`).

use super::Plan;
use super::layout::Layout;
use super::resources;

const LAYOUT: Layout = Layout {
    assignment: ": ",
    separator: "",
    workspace_id: "workspace.id",
    endpoint_id: "endpoint.id",
    text,
};

/// The file.
pub(super) fn write(plan: &Plan) -> String {
    let mut out = String::new();
    for remark in resources::remarks(plan) {
        out.push_str(&format!("// {remark}\n"));
    }
    let name = text(&resources::resource_name(plan));
    let table = text(&plan.table);
    let create = !plan.is_table_there();
    out.push_str(&format!(
        "\n@description('Log Analytics workspace in this resource group.')\nparam workspaceName string\n\n\
         @description('Object id of the identity that sends.')\nparam principalId string\n\n\
         @description('The region of the workspace.')\nparam location string = resourceGroup().location\n\n\
         param endpointName string = {name}\nparam ruleName string = {name}\n\n\
         @description('Whether the table is made here.')\nparam createTable bool = {create}\n\n"
    ));
    out.push_str(&format!(
        "resource workspace '{}@{}' existing = {{\n  name: workspaceName\n}}\n\n",
        resources::WORKSPACE_TYPE,
        resources::TABLE_VERSION
    ));
    out.push_str(&format!(
        "resource table '{}@{}' = if (createTable) {{\n  parent: workspace\n  name: {table}\n  properties: {}\n}}\n\n",
        resources::TABLE_TYPE,
        resources::TABLE_VERSION,
        LAYOUT.value(&resources::table(plan), 2)
    ));
    out.push_str(&format!(
        "resource endpoint '{}@{}' = {{\n  name: endpointName\n  location: location\n  properties: {}\n}}\n\n",
        resources::ENDPOINT_TYPE,
        resources::INSIGHTS_VERSION,
        LAYOUT.value(&resources::endpoint(), 2)
    ));
    out.push_str(&format!(
        "resource rule '{}@{}' = {{\n  name: ruleName\n  location: location\n  dependsOn: [\n    table\n  ]\n  properties: {}\n}}\n\n",
        resources::RULE_TYPE,
        resources::INSIGHTS_VERSION,
        LAYOUT.value(&resources::rule(plan), 2)
    ));
    let role = text(resources::ROLE_ID);
    out.push_str(&format!(
        "resource sender '{}@{}' = {{\n  scope: rule\n  name: guid(rule.id, principalId, {role})\n  properties: {{\n    \
         roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', {role})\n    \
         principalId: principalId\n    principalType: 'ServicePrincipal'\n  }}\n}}\n\n",
        resources::ROLE_TYPE,
        resources::ROLE_VERSION
    ));
    out.push_str(
        "output endpoint string = endpoint.properties.logsIngestion.endpoint\n\
         output dcrImmutableId string = rule.properties.immutableId\n",
    );
    out
}

fn text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace("${", "\\${");
    format!("'{escaped}'")
}
