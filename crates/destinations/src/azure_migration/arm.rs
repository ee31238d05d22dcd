//! The resources as an ARM template. Deliberately absent: the resources themselves (`resources`).

use serde_json::{Value, json};

use super::Plan;
use super::resources::{self, Node, Words};

const WORDS: Words = Words {
    workspace_id: "[resourceId('Microsoft.OperationalInsights/workspaces', parameters('workspaceName'))]",
    endpoint_id: "[resourceId('Microsoft.Insights/dataCollectionEndpoints', parameters('endpointName'))]",
};

/// The template, indented.
pub(super) fn write(plan: &Plan) -> String {
    let name = resources::resource_name(plan);
    let rule_id = "resourceId('Microsoft.Insights/dataCollectionRules', parameters('ruleName'))";
    let role_id = format!(
        "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{}')",
        resources::ROLE_ID
    );
    let template = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": { "description": resources::remarks(plan).join(" ") },
        "parameters": {
            "workspaceName": { "type": "string", "metadata": { "description": "Log Analytics workspace in this resource group." } },
            "principalId": { "type": "string", "metadata": { "description": "Object id of the identity that sends." } },
            "location": { "type": "string", "defaultValue": "[resourceGroup().location]", "metadata": { "description": "The workspace's region." } },
            "endpointName": { "type": "string", "defaultValue": name },
            "ruleName": { "type": "string", "defaultValue": name },
            "createTable": { "type": "bool", "defaultValue": !plan.is_table_there() },
        },
        "resources": [
            {
                "condition": "[parameters('createTable')]",
                "type": resources::TABLE_TYPE,
                "apiVersion": resources::TABLE_VERSION,
                "name": format!("[format('{{0}}/{}', parameters('workspaceName'))]", plan.table),
                "properties": value(&resources::table(plan), &WORDS),
            },
            {
                "type": resources::ENDPOINT_TYPE,
                "apiVersion": resources::INSIGHTS_VERSION,
                "name": "[parameters('endpointName')]",
                "location": "[parameters('location')]",
                "properties": value(&resources::endpoint(), &WORDS),
            },
            {
                "type": resources::RULE_TYPE,
                "apiVersion": resources::INSIGHTS_VERSION,
                "name": "[parameters('ruleName')]",
                "location": "[parameters('location')]",
                "dependsOn": [
                    WORDS.endpoint_id,
                    format!("[resourceId('{}', parameters('workspaceName'), '{}')]", resources::TABLE_TYPE, plan.table),
                ],
                "properties": value(&resources::rule(plan), &WORDS),
            },
            {
                "type": resources::ROLE_TYPE,
                "apiVersion": resources::ROLE_VERSION,
                "scope": format!("[{rule_id}]"),
                "name": format!("[guid({rule_id}, parameters('principalId'), '{}')]", resources::ROLE_ID),
                "dependsOn": [format!("[{rule_id}]")],
                "properties": {
                    "roleDefinitionId": format!("[{role_id}]"),
                    "principalId": "[parameters('principalId')]",
                    "principalType": "ServicePrincipal",
                },
            },
        ],
        "outputs": {
            "endpoint": {
                "type": "string",
                "value": "[reference(parameters('endpointName')).logsIngestion.endpoint]",
            },
            "dcrImmutableId": {
                "type": "string",
                "value": "[reference(parameters('ruleName')).immutableId]",
            },
        },
    });
    format!("{template:#}\n")
}

/// A value as JSON.
pub(super) fn value(node: &Node, words: &Words) -> Value {
    match node {
        // A text that begins with a bracket would be read as an expression.
        Node::Text(text) if text.starts_with('[') => Value::from(format!("[{text}")),
        Node::Text(text) => Value::from(text.as_str()),
        Node::List(items) => items.iter().map(|item| value(item, words)).collect(),
        Node::Map(members) => Value::Object(
            members.iter().map(|(name, member)| (name.clone(), value(member, words))).collect(),
        ),
        Node::WorkspaceId => Value::from(words.workspace_id),
        Node::EndpointId => Value::from(words.endpoint_id),
    }
}
