//! Azure imitated, as far as somebody who ships events meets it: Entra ID's token endpoint, the Logs Ingestion API, the
//! HTTP Data Collector API, Key Vault secrets, the instance metadata service, and of a workspace's queries the one that
//! counts records by hour. See [`azure`].
//!
//! Deliberately absent: every other query, and everything that configures workspaces; a table here is a count and a set
//! of ids.

mod answers;
mod data_collector;
mod entra;
mod hours;
mod identify;
mod key_vault;
mod logs_ingestion;
mod received;
mod routes;
mod schema;
mod signature;
mod workspace;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use model::{Clock, Secret};

use crate::dice::Dice;
use crate::error::{Error, Result};
use crate::faults::{Fault, Faults, Troubles};
use crate::limiter::{Bucket, Refill, Verdict};
use crate::server::{Front, Listen, Running, Tasks, listen};
pub use received::{AzureAccount, Keep, TableAccount};
pub use schema::{ColumnKind, auth0_logs_columns, onelogin_events_columns};

/// What to imitate.
#[derive(Debug, Clone)]
pub struct AzureOptions {
    /// Where to listen.
    pub listen: Listen,
    /// What troubles are thrown from.
    pub seed: u64,
    /// Directory (tenant) that the token endpoint answers for; any other is refused.
    pub tenant_id: String,
    /// The application that may ship.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// What a federated token (workload identity) must be, exactly; `None` refuses that way in.
    pub federated_token: Option<Secret>,
    /// Whether the instance metadata service knows an identity.
    pub managed_identity: bool,
    /// How long an access token lives.
    pub token_seconds: u32,
    /// Immutable id of the data collection rule; any other is 404.
    pub rule_id: String,
    /// Whether the application has the role *Monitoring Metrics Publisher* on the rule.
    pub may_publish: bool,
    /// The rule's streams: name, columns. A stream that is not among them is 404. Empty: every stream is taken.
    pub streams: BTreeMap<String, BTreeMap<String, ColumnKind>>,
    /// Whether a value that does not fit its column refuses the whole call. (Azure drops such values silently.)
    pub strict_schema: bool,
    /// Largest body of a Logs Ingestion call, packed or not.
    pub ingestion_bytes_max: usize,
    /// Calls a minute that a rule takes; `None`: any number.
    pub ingestion_calls_per_minute: Option<u32>,
    /// The workspace of the Data Collector and of queries.
    pub workspace_id: String,
    /// Its two keys, in base64.
    pub workspace_keys: [Secret; 2],
    /// Whether the Data Collector still answers.
    pub data_collector: DataCollector,
    /// Names and values of the vault's secrets.
    pub vault: BTreeMap<String, Secret>,
    /// How much of what is received is kept.
    pub keep: Keep,
    /// Troubles.
    pub faults: Faults,
}

/// What the retired Data Collector does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataCollector {
    /// It works as it used to.
    Works,
    /// It says that it is gone, by 410.
    Gone,
}

impl Default for AzureOptions {
    fn default() -> Self {
        let keys = ["cHJpbWFyeSBrZXkgb2YgdGhlIHNpbXVsYXRlZCB3b3Jrc3BhY2U=", "c2Vjb25kYXJ5IGtleQ=="];
        Self {
            listen: Listen::default(),
            seed: 1,
            tenant_id: "5a1d9c52-7a34-4c1e-9f0e-0d5b7c1f2a3e".to_owned(),
            client_id: "c0ffee00-1b2c-4d3e-8f90-a1b2c3d4e5f6".to_owned(),
            client_secret: Secret::new("simulated-secret"),
            federated_token: None,
            managed_identity: false,
            token_seconds: 3_599,
            rule_id: "dcr-0123456789abcdef0123456789abcdef".to_owned(),
            may_publish: true,
            streams: BTreeMap::new(),
            strict_schema: false,
            ingestion_bytes_max: 1024 * 1024,
            ingestion_calls_per_minute: None,
            workspace_id: "97e1d0b4-3c5f-4b62-8d41-6f2f6a1c9b70".to_owned(),
            workspace_keys: keys.map(Secret::new),
            data_collector: DataCollector::Works,
            vault: BTreeMap::new(),
            keep: Keep::Ids,
            faults: Faults::default(),
        }
    }
}

/// A simulated Azure.
pub struct Azure {
    pub(crate) options: AzureOptions,
    clock: Arc<dyn Clock>,
    troubles: Arc<Troubles>,
    received: received::Received,
    entra: entra::Desk,
    calls: Mutex<Option<Bucket>>,
    tokens: AtomicU64,
}

impl std::fmt::Debug for Azure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Azure").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Azure {
    fn new(options: AzureOptions, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now().as_microsecond();
        let bucket = options.ingestion_calls_per_minute.map(|calls| {
            Bucket::new(calls.max(1), f64::from(calls.max(1)) / 60.0, Refill::Steady, now)
        });
        Self {
            troubles: Arc::new(Troubles::new(options.seed, options.faults.clone())),
            received: received::Received::new(options.keep),
            entra: entra::Desk::new(&Dice::new(options.seed, "entra").hex_text(64)),
            calls: Mutex::new(bucket),
            tokens: AtomicU64::new(0),
            options,
            clock,
        }
    }

    /// What was received, table by table.
    pub fn account(&self) -> AzureAccount {
        self.received.account(self.tokens.load(Ordering::Relaxed), self.troubles.struck())
    }

    /// Ids of the events in a table, each once, sorted. Empty under [`Keep::Counts`].
    pub fn ids(&self, table: &str) -> Vec<String> {
        self.received.ids(table)
    }

    /// The records of a table as they came in. Empty unless [`Keep::Records`].
    pub fn records(&self, table: &str) -> Vec<Bytes> {
        self.received.records(table)
    }

    /// Replaces the troubles.
    pub fn set_faults(&self, faults: Faults) {
        self.troubles.set(faults);
    }

    /// What is left of a call's records that were acknowledged.
    fn unswallowed(&self, records: Vec<received::Record>) -> Vec<received::Record> {
        if !self.troubles.may_strike(Fault::Swallow) {
            return records;
        }
        records.into_iter().filter(|_| !self.troubles.strikes(Fault::Swallow)).collect()
    }

    fn now(&self) -> i64 {
        self.clock.now().as_microsecond()
    }

    /// Asks the rule's limit for one call; `None` if there is none.
    fn ask_limit(&self) -> Option<Verdict> {
        let now = self.now();
        Some(self.calls.lock().unwrap_or_else(PoisonError::into_inner).as_mut()?.take(now))
    }
}

/// Starts Azure on 127.0.0.1.
///
/// # Errors
/// If the port is taken, no certificate can be made, or a workspace key is not base64.
pub async fn azure(options: AzureOptions, clock: Arc<dyn Clock>) -> Result<Running<Azure>> {
    for key in &options.workspace_keys {
        if !signature::is_key(key.expose()) {
            let reason = "a key is not base64".to_owned();
            return Err(Error::Option { option: "workspace_keys", reason });
        }
    }
    let where_to = options.listen.clone();
    let service = Arc::new(Azure::new(options, clock));
    let front = Front {
        router: routes::router(Arc::clone(&service)),
        troubles: Arc::clone(&service.troubles),
        too_many_requests: answers::too_many_requests,
        server_error: answers::server_error,
    };
    listen(where_to, front, service, Tasks::default()).await
}
