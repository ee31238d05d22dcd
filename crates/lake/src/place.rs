//! Where the lake is: a folder or an object store, and the parts of it that belong to one table.
//! Deliberately absent: what is stored there.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path as FsPath;
use std::sync::Arc;

use datafusion::execution::object_store::ObjectStoreUrl;
use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, parse_url_opts};
use url::Url;

use crate::durable::{self, DurableFolder};
use crate::notary::Notary;
use crate::options::StoreWrap;
use crate::sealing::SealingStore;
use crate::{Error, Result};

/// The root of a lake.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Everything under the root.
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Under which name DataFusion finds `store`.
    pub(crate) store_url: ObjectStoreUrl,
    /// The root as the Delta library is told it. Its path is relative to `store`: the library never learns where
    /// the lake really is, and so cannot open it in another way than through `store`.
    root: Url,
}

impl Place {
    /// Opens `address`; makes the folder if it is local and `create_at` tells the present.
    pub(crate) fn open(
        address: &str,
        options: &HashMap<String, String>,
        create_at: Option<Timestamp>,
        wrap: Option<&StoreWrap>,
    ) -> Result<Self> {
        let store: Arc<dyn ObjectStore> = match remote(address) {
            Some(url) => open_remote(&url, options)?,
            None => open_local(address, create_at)?,
        };
        let store = wrap.map_or_else(|| store.clone(), |wrap| wrap(store.clone()));
        let invalid = |source: url::ParseError| Error::Address {
            address: address.to_owned(),
            source: source.into(),
        };
        let root = Url::parse("lake:///").map_err(invalid)?;
        let mut hasher = DefaultHasher::new();
        address.hash(&mut hasher);
        let store_url =
            ObjectStoreUrl::parse(format!("doorledger-lake://{:016x}", hasher.finish())).map_err(
                |source| Error::Address { address: address.to_owned(), source: source.into() },
            )?;
        Ok(Self { store, store_url, root })
    }

    /// The log of the table called `table`; with `notary`, and the store that signs what is written to it.
    pub(crate) fn log_store(
        &self,
        table: &str,
        notary: Option<&Arc<Notary>>,
    ) -> (LogStoreRef, Option<Arc<SealingStore>>) {
        let mut url = self.root.clone();
        url.set_path(&format!("/{table}/"));
        let plain = self.table_store(table);
        let sealing =
            notary.map(|notary| Arc::new(SealingStore::new(plain.clone(), notary.clone())));
        let store = match &sealing {
            Some(sealing) => sealing.clone() as Arc<dyn ObjectStore>,
            None => plain,
        };
        let log = default_logstore(store, self.store.clone(), &url, &StorageConfig::default());
        (log, sealing)
    }

    /// Everything of the table called `table`.
    pub(crate) fn table_store(&self, table: &str) -> Arc<dyn ObjectStore> {
        Arc::new(PrefixStore::new(self.store.clone(), Path::from(table)))
    }
}

/// `Some` if `address` is a URL of something else than a local folder.
fn remote(address: &str) -> Option<Url> {
    let (scheme, _) = address.split_once("://")?;
    if scheme.eq_ignore_ascii_case("file") { None } else { Url::parse(address).ok() }
}

fn open_remote(url: &Url, options: &HashMap<String, String>) -> Result<Arc<dyn ObjectStore>> {
    let shown = format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or(""), url.path());
    let (store, path) = parse_url_opts(url, options)
        .map_err(|source| Error::Address { address: shown, source: source.into() })?;
    let store: Arc<dyn ObjectStore> = Arc::from(store);
    Ok(if path.as_ref().is_empty() { store } else { Arc::new(PrefixStore::new(store, path)) })
}

fn open_local(address: &str, create_at: Option<Timestamp>) -> Result<Arc<dyn ObjectStore>> {
    let path = match Url::parse(address) {
        Ok(url) if url.scheme() == "file" => url.to_file_path().map_err(|()| Error::Address {
            address: address.to_owned(),
            source: "not a path on this machine".into(),
        })?,
        _ => FsPath::new(address).to_owned(),
    };
    if let Some(now) = create_at {
        std::fs::create_dir_all(&path)
            .map_err(|source| Error::Folder { path: path.display().to_string(), source })?;
        durable::remove_abandoned(&path, now);
    }
    let folder = DurableFolder::new(&path)
        .map_err(|source| Error::Address { address: address.to_owned(), source: source.into() })?;
    Ok(Arc::new(folder))
}
