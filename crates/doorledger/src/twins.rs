//! Joins providers to the journal where one event is told twice: which events are one, and whether both channels of a
//! tenant are configured, so that the second telling is worth a moment's wait.
//! Deliberately absent: comparing and joining (`sources`), waiting and matching (`journal`).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use journal::{Telling, Twins};
use model::{Event, SourceId};

use crate::config::{ConfiguredSource, Way};

/// Every provider, and the tenants of which both channels are configured. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProviderTwins {
    channels: Arc<RwLock<Channels>>,
}

/// Provider and tenant: whether it is polled, and whether it is pushed.
type Channels = BTreeMap<(String, String), (bool, bool)>;

impl ProviderTwins {
    /// Of these sources.
    pub(crate) fn of<'a>(sources: impl IntoIterator<Item = &'a ConfiguredSource>) -> Self {
        let twins = Self::default();
        twins.set(sources);
        twins
    }

    /// Of these sources from now on.
    pub(crate) fn set<'a>(&self, sources: impl IntoIterator<Item = &'a ConfiguredSource>) {
        let mut channels = Channels::new();
        for source in sources {
            let key = (source.id.provider.clone(), source.id.tenant.clone());
            let (polled, pushed) = channels.entry(key).or_default();
            match source.way {
                Way::Poll(_) => *polled = true,
                Way::Receive(_) => *pushed = true,
            }
        }
        *self.channels.write().unwrap_or_else(PoisonError::into_inner) = channels;
    }
}

impl Twins for ProviderTwins {
    fn has_contents(&self, source: &SourceId) -> bool {
        sources::find(&source.provider).is_some_and(sources::Provider::tells_under_two_ids)
    }

    fn content(&self, source: &SourceId, event: &Event) -> Option<u128> {
        sources::find(&source.provider)?.content(event)
    }

    fn is_awaited(&self, source: &SourceId) -> bool {
        let key = (source.provider.clone(), source.tenant.clone());
        let channels = self.channels.read().unwrap_or_else(PoisonError::into_inner);
        channels.get(&key) == Some(&(true, true))
    }

    fn join(&self, source: &SourceId, first: &Telling, second: &Telling) -> Option<Telling> {
        let provider = sources::find(&source.provider)?;
        let (id, raw) = provider.join((&first.id, &first.raw), (&second.id, &second.raw))?;
        Some(Telling { id, raw: Bytes::from(raw) })
    }
}
