//! `macro-expand`: a pipe once for each database of a group, and the union of what they give. There is one workspace, which
//! each of them names. Deliberately absent: groups that are stored or bound by `let`.

use super::binder::{Binder, nothing};
use super::columns::items;
use super::naming::name_text;
use super::scope::Table;
use super::source::scope_name;
use super::union::{Uniting, property};
use crate::diagnostic::Code;
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Body, Call, Member, NameRef};

/// How many members a group may have.
const MEMBERS_MAX: usize = 64;

impl Binder<'_> {
    pub(super) fn macro_expand(&mut self, node: Node<'_>) -> Table {
        let fuzzy = property(node, "isfuzzy").is_some_and(|value| value == "true");
        let inner = property(node, "kind").is_some_and(|value| value == "inner");
        let (Some(name), Some(body)) = (node.child(NameRef).map(name_text), node.child(Body))
        else {
            return nothing();
        };
        let Some(pipe) = body.nodes().next() else { return nothing() };
        let mut legs = Vec::new();
        for (at, entity) in items(node).enumerate() {
            if at >= MEMBERS_MAX {
                let message = format!("an entity group has more than {MEMBERS_MAX} members");
                self.error(Code::TooLarge, entity, message);
                break;
            }
            match outermost(entity).as_deref() {
                Some("cluster") if fuzzy => continue,
                Some("cluster") => {
                    let message = "'cluster()' is not available in this workspace.";
                    self.error(Code::Unsupported, entity, message);
                    continue;
                }
                Some(_) => {}
                None => {
                    self.error(
                        Code::WrongType,
                        entity,
                        "An entity such as database('x') expected.",
                    );
                    continue;
                }
            }
            self.entities.push(name.clone());
            legs.push(self.table(pipe));
            self.entities.pop();
        }
        if legs.is_empty() {
            return nothing();
        }
        let how = Uniting { inner, ..self.uniting() };
        self.united(node, legs, how)
    }
}

/// The function at the start of `cluster('x').database('y')`.
fn outermost(entity: Node<'_>) -> Option<String> {
    let mut base = entity;
    while base.kind() == Member {
        base = base.nodes().next()?;
    }
    Some(base).filter(|base| base.kind() == Call).and_then(scope_name)
}
