//! The settings of the program itself: where data lies, where it listens and for whom, limits. Every field has a default;
//! an empty file is a valid configuration.
//! Deliberately absent: tenants and destinations.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use api::ApiTokens;
use model::{Fields, Problem};
use serde_json::Value;

use super::public_url;

/// Where `doorledger` listens and asks by default.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:7788";
const DEFAULT_DATA: &str = "doorledger-data";
const DEFAULT_JOURNAL_BYTES_MAX: u64 = 10 * 1024 * 1024 * 1024;
/// Longer than any provider is known to re-deliver: Auth0 keeps events for 30 days at most.
const DEFAULT_DEDUP_DAYS: u64 = 35;

/// The program's own settings.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The data folder: journal, local lake, keys.
    pub(crate) data: PathBuf,
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Certificate and key, to serve HTTPS.
    pub(crate) tls: Option<TlsFiles>,
    /// A reverse proxy in front of us ends TLS.
    pub(crate) behind_proxy: bool,
    /// Host names besides the loopback's own under which requests are answered.
    pub(crate) hosts: Vec<String>,
    /// The address under which providers reach this server, without a slash at its end.
    pub(crate) public_url: Option<String>,
    /// Hashes of the tokens of those who may ask, as written: `sha256:…`.
    pub(crate) tokens: Vec<String>,
    /// Where tables lie; `None` for the data folder.
    pub(crate) lake_url: Option<String>,
    /// Options of the object store, in its own words.
    pub(crate) lake_options: HashMap<String, String>,
    /// Days to keep, for tables that are not named in `retention_days_by_table`; `None` for ever.
    pub(crate) retention_days: Option<u32>,
    /// Days to keep, by table.
    pub(crate) retention_days_by_table: HashMap<String, u32>,
    /// Name of this node in stored rows.
    pub(crate) node: String,
    /// Budget of the journal on disk.
    pub(crate) journal_bytes_max: u64,
    /// How long delivered ids are remembered.
    pub(crate) dedup_days: u32,
    /// A further certificate authority to trust.
    pub(crate) ca_certificate: Option<PathBuf>,
    /// A proxy for everything that goes out.
    pub(crate) proxy: Option<String>,
    /// A folder of KQL functions that add to, or replace, the ones that come with the program.
    pub(crate) functions: Option<PathBuf>,
    /// Hosts from which `externaldata` may read files.
    pub(crate) external_hosts: Vec<String>,
}

/// Where certificate and key lie.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    /// Chain, PEM.
    pub(crate) certificate: PathBuf,
    /// Key, PEM.
    pub(crate) key: PathBuf,
}

/// Reads the settings out of the document's root.
pub(crate) fn read(fields: &mut Fields<'_>) -> Settings {
    let listen = fields.text("listen").unwrap_or(DEFAULT_LISTEN);
    let listen: SocketAddr = listen.parse().unwrap_or_else(|_| {
        fields.problem(
            "listen",
            "is not an address",
            "write an IP address and a port: 127.0.0.1:7788",
        );
        SocketAddr::from(([127, 0, 0, 1], 7788))
    });
    let data = PathBuf::from(fields.text("data").unwrap_or(DEFAULT_DATA));
    let node = fields.text("node").unwrap_or("node-1").to_owned();
    let tls = section(fields, "tls", |tls| {
        let certificate = tls
            .required_text("certificate", "path of the certificate chain (PEM)")
            .map(PathBuf::from);
        let key = tls.required_text("key", "path of the private key (PEM)").map(PathBuf::from);
        Some(TlsFiles { certificate: certificate?, key: key? })
    });
    let behind_proxy = fields.flag("behind_proxy").unwrap_or(false);
    let hosts = fields.texts("hosts").into_iter().map(str::to_owned).collect();
    let public_url = public_url::read(fields);
    let tokens = read_tokens(fields);
    let lake = section(fields, "lake", |lake| Some(read_lake(lake))).unwrap_or_default();
    let (journal_bytes_max, dedup_days) = section(fields, "journal", |journal| {
        let bytes = journal.number("disk_mib_max", 16, 1 << 30).map(|mib| mib << 20);
        Some((bytes, journal.number("dedup_days", 1, 3660)))
    })
    .unwrap_or_default();
    let (ca_certificate, proxy) = section(fields, "network", |network| {
        let certificate = network.text("ca_certificate").map(PathBuf::from);
        Some((certificate, network.text("proxy").map(str::to_owned)))
    })
    .unwrap_or_default();
    // Read before all else, when secrets are resolved (`node::configure`).
    fields.value("keyvault");
    let (functions, external_hosts) = section(fields, "content", |content| {
        let functions = content.text("functions").map(PathBuf::from);
        let hosts = content.texts("external_hosts").into_iter().map(str::to_owned).collect();
        Some((functions, hosts))
    })
    .unwrap_or_default();
    Settings {
        data,
        listen,
        tls,
        behind_proxy,
        hosts,
        public_url,
        tokens,
        lake_url: lake.url,
        lake_options: lake.options,
        retention_days: lake.retention_days,
        retention_days_by_table: lake.tables,
        node,
        journal_bytes_max: journal_bytes_max.unwrap_or(DEFAULT_JOURNAL_BYTES_MAX),
        dedup_days: u32::try_from(dedup_days.unwrap_or(DEFAULT_DEDUP_DAYS)).unwrap_or(u32::MAX),
        ca_certificate,
        proxy,
        functions,
        external_hosts,
    }
}

#[derive(Default)]
struct Lake {
    url: Option<String>,
    options: HashMap<String, String>,
    retention_days: Option<u32>,
    tables: HashMap<String, u32>,
}

fn read_lake(fields: &mut Fields<'_>) -> Lake {
    let url = fields.text("url").map(str::to_owned);
    let retention_days =
        fields.number("retention_days", 1, 36_600).and_then(|days| u32::try_from(days).ok());
    let mut options = HashMap::new();
    for (name, value) in fields.value("options").and_then(Value::as_object).into_iter().flatten() {
        match value.as_str() {
            Some(text) => drop(options.insert(name.clone(), text.to_owned())),
            None => {
                fields.problem(&format!("options.{name}"), "expected a text", "put it in quotes")
            }
        }
    }
    let mut tables = HashMap::new();
    for (name, value) in
        fields.value("retention_days_by_table").and_then(Value::as_object).into_iter().flatten()
    {
        match value.as_u64().and_then(|days| u32::try_from(days).ok()).filter(|days| *days > 0) {
            Some(days) => drop(tables.insert(name.clone(), days)),
            None => fields.problem(
                &format!("retention_days_by_table.{name}"),
                "expected a number of days",
                "",
            ),
        }
    }
    Lake { url, options, retention_days, tables }
}

fn read_tokens(fields: &mut Fields<'_>) -> Vec<String> {
    let mut tokens = Vec::new();
    let written = fields.value("tokens").cloned().unwrap_or(Value::Null);
    for (index, entry) in written.as_array().into_iter().flatten().enumerate() {
        let mut token = Fields::of(entry);
        token.required_text("name", "whose token it is");
        let hint = "make one with `doorledger token NAME`";
        if let Some(hash) = token.required_text("hash", hint) {
            match ApiTokens::from_hashes([hash]) {
                Ok(_) => tokens.push(hash.to_owned()),
                Err(_) => token.problem("hash", "is not `sha256:` and 64 hexadecimal digits", hint),
            }
        }
        fields.problems_under(&format!("tokens[{index}]"), token.finish());
    }
    tokens
}

/// Reads a section of fields, if it was written.
fn section<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> Option<T> {
    let written = fields.value(name)?;
    let mut section = Fields::of(written);
    let found = read(&mut section);
    let problems: Vec<Problem> = section.finish();
    fields.problems_under(name, problems);
    found
}

impl Settings {
    /// What is dangerous about the combination: listening to the world takes TLS and a token before queries are served.
    pub(crate) fn exposure_problem(&self) -> Option<Problem> {
        let safe_transport = self.tls.is_some() || self.behind_proxy;
        if self.listen.ip().is_loopback() || (safe_transport && !self.tokens.is_empty()) {
            return None;
        }
        Some(Problem::new(
            "listen",
            format!(
                "{} is reachable from other machines; queries are refused there without TLS and an API token",
                self.listen
            ),
            "set `tls:` (or `behind_proxy: true`) and `tokens:`, or listen on 127.0.0.1",
        ))
    }
}
