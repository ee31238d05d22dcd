//! The resources as Terraform: `azapi` for what is Azure Monitor's, `azurerm` for the role.
//! Deliberately absent: the resources themselves (`resources`).

use super::Plan;
use super::layout::Layout;
use super::resources;

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

const LAYOUT: Layout = Layout {
    assignment: " = ",
    separator: ",",
    workspace_id: "var.workspace_id",
    endpoint_id: "azapi_resource.endpoint.id",
    text,
};

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
        LAYOUT.value(&resources::table(plan), 4)
    ));
    out.push_str(&format!(
        "\nresource \"azapi_resource\" \"endpoint\" {{\n  type                   = {}\n  name                   = {name}\n  parent_id              = var.resource_group_id\n  location               = var.location\n  response_export_values = [\"properties.logsIngestion.endpoint\"]\n  body = {{\n    properties = {}\n  }}\n}}\n",
        typed(resources::ENDPOINT_TYPE, resources::INSIGHTS_VERSION),
        LAYOUT.value(&resources::endpoint(), 4)
    ));
    out.push_str(&format!(
        "\nresource \"azapi_resource\" \"rule\" {{\n  type                   = {}\n  name                   = {name}\n  parent_id              = var.resource_group_id\n  location               = var.location\n  response_export_values = [\"properties.immutableId\"]\n  depends_on             = [azapi_resource.table]\n  body = {{\n    properties = {}\n  }}\n}}\n",
        typed(resources::RULE_TYPE, resources::INSIGHTS_VERSION),
        LAYOUT.value(&resources::rule(plan), 4)
    ));
    out.push_str(ROLE);
    out
}

fn typed(kind: &str, version: &str) -> String {
    text(&format!("{kind}@{version}"))
}

fn text(text: &str) -> String {
    let escaped =
        text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${").replace("%{", "%%{");
    format!("\"{escaped}\"")
}
