//! Which receivers are served at present, by their paths: looked up by each delivery, changed while deliveries run.
//! Deliberately absent: what a receiver does with a delivery.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use model::SourceId;

use super::endpoint::{Endpoint, ReceiverEntry, path_of};

/// The receivers of a server. Clones are the same table.
#[derive(Clone, Default)]
pub struct ReceiverTable(Arc<RwLock<HashMap<String, Arc<Endpoint>>>>);

impl ReceiverTable {
    /// Serves a receiver from now on, in the place of the one that its source had. Deliveries on their way are finished by
    /// the old one.
    pub fn put(&self, entry: ReceiverEntry) {
        let path = path_of(&entry.source);
        let endpoint = Arc::new(Endpoint::new(entry));
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(path, endpoint);
    }

    /// Serves the receiver of a source no longer.
    pub fn remove(&self, source: &SourceId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&path_of(source));
    }

    /// The receiver under a path, with or without a slash at its end.
    pub(super) fn find(&self, path: &str) -> Option<Arc<Endpoint>> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.get(path).or_else(|| table.get(path.strip_suffix('/')?)).cloned()
    }
}

impl fmt::Debug for ReceiverTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverTable").finish_non_exhaustive()
    }
}
