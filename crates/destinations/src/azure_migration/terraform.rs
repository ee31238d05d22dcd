//! The resources as Terraform: `azapi` for what is Azure Monitor's, `azurerm` for the role.
//! Deliberately absent: the resources themselves (`resources`).

use super::Plan;
use super::resources::{self, Node};

const HEAD: &str = "
terraform {
  required_providers {
    azapi = {
      source  = \"Azure/azapi\"
      version = \">= 2.0\"
    }
    azurerm = {
      source  = \"hashicorp/azurerm\"
      version = \">= 4.0\"
    }
  }
}

variable \"resource_group_id\" {
  description = \"Id of the workspace's resource group.\"
  type        = string
}

variable \"workspace_id\" {
  description = \"Resource id of the Log Analytics workspace.\"
  type        = string
}

variable \"location\" {
  description = \"The workspace's region.\"
  type        = string
}

variable \"principal_id\" {
  description = \"Object id of the identity that sends.\"
  type        = string
}
";

const ROLE: &str = "
resource \"azurerm_role_assignment\" \"sender\" {
  scope                = azapi_resource.rule.id
  role_definition_name = \"Monitoring Metrics Publisher\"
  principal_id         = var.principal_id
}

output \"endpoint\" {
  value = azapi_resource.endpoint.output.properties.logsIngestion.endpoint
}

output \"dcr_immutable_id\" {
  value = azapi_resource.rule.output.properties.immutableId
}
";

/// The file.
pub(super) fn write(plan: &Plan) -> String {
    let mut out: String =
        resources::remarks(plan).iter().map(|remark| format!("# {remark}\n")).collect();
    out.push_str(HEAD);
    let name = text(&resources::resource_name(plan));
    let create = !plan.is_table_there();
    out.push_str(&format!(
        "\nvariable \"create_table\" {{\n  description = \"Whether the table is made here.\"\n  type        = bool\n  default     = {create}\n}}\n"
    ));
    out.push_str(&format!(
        "\nresource \"azapi_resource\" \"table\" {{\n  count     = var.create_table ? 1 : 0\n  type      = {}\n  name      = {}\n  parent_id = var.workspace_id\n  body = {{\n    properties = {}\n  }}\n}}\n",
        typed(resources::TABLE_TYPE, resources::TABLE_VERSION),
        text(&plan.table),
        value(&resources::table(plan), 4)
    ));
    out.push_str(&format!(
        "\nresource \"azapi_resource\" \"endpoint\" {{\n  type                   = {}\n  name                   = {name}\n  parent_id              = var.resource_group_id\n  location               = var.location\n  response_export_values = [\"properties.logsIngestion.endpoint\"]\n  body = {{\n    properties = {}\n  }}\n}}\n",
        typed(resources::ENDPOINT_TYPE, resources::INSIGHTS_VERSION),
        value(&resources::endpoint(), 4)
    ));
    out.push_str(&format!(
        "\nresource \"azapi_resource\" \"rule\" {{\n  type                   = {}\n  name                   = {name}\n  parent_id              = var.resource_group_id\n  location               = var.location\n  response_export_values = [\"properties.immutableId\"]\n  depends_on             = [azapi_resource.table]\n  body = {{\n    properties = {}\n  }}\n}}\n",
        typed(resources::RULE_TYPE, resources::INSIGHTS_VERSION),
        value(&resources::rule(plan), 4)
    ));
    out.push_str(ROLE);
    out
}

fn typed(kind: &str, version: &str) -> String {
    text(&format!("{kind}@{version}"))
}

fn value(node: &Node, indent: usize) -> String {
    let inner = " ".repeat(indent + 2);
    let outer = " ".repeat(indent);
    match node {
        Node::Text(written) => text(written),
        Node::WorkspaceId => "var.workspace_id".to_owned(),
        Node::EndpointId => "azapi_resource.endpoint.id".to_owned(),
        Node::List(items) => {
            let lines: Vec<String> =
                items.iter().map(|item| format!("{inner}{},\n", value(item, indent + 2))).collect();
            format!("[\n{}{outer}]", lines.concat())
        }
        Node::Map(members)
            if members.iter().all(|(_, member)| matches!(member, Node::Text(_)))
                && members.len() == 2 =>
        {
            let members: Vec<String> = members
                .iter()
                .map(|(name, member)| format!("{} = {}", key(name), value(member, 0)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Node::Map(members) => {
            let lines: Vec<String> = members
                .iter()
                .map(|(name, member)| {
                    format!("{inner}{} = {}\n", key(name), value(member, indent + 2))
                })
                .collect();
            format!("{{\n{}{outer}}}", lines.concat())
        }
    }
}

fn key(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { name.to_owned() } else { text(name) }
}

fn text(text: &str) -> String {
    let escaped =
        text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${").replace("%{", "%%{");
    format!("\"{escaped}\"")
}
