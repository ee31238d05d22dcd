//! What the registry keeps of an application: what an entry of the configuration file would be, and how it is managed; and
//! from there to what can be run, by the readers of the configuration file.
//! References to secrets elsewhere (`{env: …}`) are not resolved here: whoever adds an application over the network must not
//! learn what the server's environment holds.
//! Deliberately absent: keeping documents (`registry`), and which of them run (`book`).

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Clock, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sources::Rotating;

use super::{Goal, Source};
use crate::config::{self, ConfiguredSource, Way};

/// The field of a receiver that holds its secrets.
pub(super) const TOKENS: &str = "tokens";

/// A tenant that was added. Has no `Debug`, for it holds secrets.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct TenantDocument {
    pub(super) provider: String,
    pub(super) name: String,
    /// By name, as they were written.
    pub(super) sources: Map<String, Value>,
    /// Sources that are switched off, since when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) paused: BTreeMap<String, Timestamp>,
    /// When sources were last switched on again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) resumed: BTreeMap<String, Timestamp>,
    /// Earlier secrets that are still accepted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) earlier: BTreeMap<String, Earlier>,
}

/// Secrets that a source had before.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Earlier {
    /// As they were written.
    pub(super) tokens: Value,
    /// They are not accepted from then on.
    pub(super) until: Timestamp,
}

/// A destination that was added. Has no `Debug`, for it holds secrets.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct GoalDocument {
    /// Since when it is switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) paused: Option<Timestamp>,
    /// As an entry of the configuration file: `name`, `kind` and the kind's fields.
    #[serde(flatten)]
    pub(super) written: Map<String, Value>,
}

impl TenantDocument {
    /// Its sources as they can be run. What is the same as in `previous` is the same value, so that nobody disturbs it.
    pub(super) fn sources(
        &self,
        previous: &[Source],
        clock: &Arc<dyn Clock>,
    ) -> Result<Vec<Source>, Vec<Problem>> {
        let mut sources = Vec::new();
        for mut configured in config::tenant(&self.as_written(&self.sources))? {
            let name = configured.id.source.clone();
            let earlier = self.earlier.get(&name).filter(|earlier| earlier.until > clock.now());
            if let (Way::Receive(_), Some(earlier)) = (&configured.way, earlier)
                && let Some(rotating) = rotating(&configured, earlier)
            {
                configured.way = Way::Receive(Arc::new(rotating));
            }
            let known = previous.iter().find(|known| {
                let is_plain = earlier.is_none() && known.earlier_until.is_none();
                is_plain && is_same(&known.configured, &configured)
            });
            sources.push(Source {
                configured: known.map_or_else(|| Arc::new(configured), |it| it.configured.clone()),
                is_paused: self.paused.contains_key(&name),
                resumed: self.resumed.get(&name).copied(),
                earlier_until: earlier.map(|earlier| earlier.until),
            });
        }
        Ok(sources)
    }

    /// As an entry of the configuration file.
    pub(super) fn as_written(&self, sources: &Map<String, Value>) -> Value {
        json!({ "provider": self.provider, "name": self.name, "sources": sources })
    }
}

impl GoalDocument {
    /// As it can be run; the same value if it is the same as `previous`.
    pub(super) fn goal(&self, previous: Option<&Goal>) -> Result<Goal, Vec<Problem>> {
        let configured = config::destination(&Value::Object(self.written.clone()))?;
        let known = previous.filter(|known| known.configured.written == configured.written);
        Ok(Goal {
            configured: known.map_or_else(|| Arc::new(configured), |it| it.configured.clone()),
            is_paused: self.paused.is_some(),
        })
    }
}

/// The receiver of a source, which admits by its earlier secrets for a while. What was written of it is sound, so they alone
/// could be refused.
fn rotating(configured: &ConfiguredSource, earlier: &Earlier) -> Option<Rotating> {
    let mut written = configured.written.clone();
    let current = configured.provider.receive(&written).ok()?;
    written.as_object_mut()?.insert(TOKENS.to_owned(), earlier.tokens.clone());
    let before = configured.provider.receive(&written).ok()?;
    Some(Rotating::new(current, before, earlier.until))
}

fn is_same(known: &ConfiguredSource, configured: &ConfiguredSource) -> bool {
    known.id == configured.id
        && known.written == configured.written
        && known.beside == configured.beside
}
