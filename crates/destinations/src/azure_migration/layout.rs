//! How a value is laid out in a language of nested lists and objects, of which Bicep and Terraform are two.
//! Deliberately absent: what stands around the values.

use super::resources::Node;

/// What tells one language from the other.
pub(super) struct Layout {
    /// Between a name and its value.
    pub(super) assignment: &'static str,
    /// Behind each item of a list.
    pub(super) separator: &'static str,
    /// The id of the workspace, as an expression.
    pub(super) workspace_id: &'static str,
    /// The id of the endpoint, as an expression.
    pub(super) endpoint_id: &'static str,
    /// A text, quoted and escaped.
    pub(super) text: fn(&str) -> String,
}

impl Layout {
    /// A value, its inner lines indented by more than `indent` spaces. Nodes are made by us, a few levels deep.
    pub(super) fn value(&self, node: &Node, indent: usize) -> String {
        let inner = " ".repeat(indent + 2);
        let outer = " ".repeat(indent);
        match node {
            Node::Text(written) => (self.text)(written),
            Node::WorkspaceId => self.workspace_id.to_owned(),
            Node::EndpointId => self.endpoint_id.to_owned(),
            Node::List(items) => {
                let line =
                    |item| format!("{inner}{}{}\n", self.value(item, indent + 2), self.separator);
                format!("[\n{}{outer}]", items.iter().map(line).collect::<String>())
            }
            Node::Map(members)
                if members.iter().all(|(_, member)| matches!(member, Node::Text(_)))
                    && members.len() == 2 =>
            {
                // A column: one line reads better than four.
                let members: Vec<String> =
                    members.iter().map(|(name, member)| self.member(name, member, 0)).collect();
                format!("{{ {} }}", members.join(", "))
            }
            Node::Map(members) => {
                let lines: String = members
                    .iter()
                    .map(|(name, member)| {
                        format!("{inner}{}\n", self.member(name, member, indent + 2))
                    })
                    .collect();
                format!("{{\n{lines}{outer}}}")
            }
        }
    }

    fn member(&self, name: &str, member: &Node, indent: usize) -> String {
        let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let key = if plain { name.to_owned() } else { (self.text)(name) };
        format!("{key}{}{}", self.assignment, self.value(member, indent))
    }
}
