//! The store through which a table's log is written: signs each entry that carries a record at the moment at which its
//! bytes are known, and remembers the digest of what it wrote. The Delta library puts the bytes together itself, so that
//! this is the only place where they can be signed whole.
//! Deliberately absent: everything but the signing, which the store behind it does.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use crate::digest::Digest;
use crate::notary::Notary;
use crate::record;

/// A store that signs log entries on their way; see the module's description.
#[derive(Debug)]
pub(crate) struct SealingStore {
    inner: Arc<dyn ObjectStore>,
    notary: Arc<Notary>,
    /// The entry that was written last: its path and the digest of its bytes.
    last: Mutex<Option<(Path, Digest)>>,
}

impl SealingStore {
    /// Signs with `notary` what goes to `inner`.
    pub(crate) fn new(inner: Arc<dyn ObjectStore>, notary: Arc<Notary>) -> Self {
        Self { inner, notary, last: Mutex::default() }
    }

    /// The digest of the entry at `path`, if it is the one that was written last.
    pub(crate) fn written(&self, path: &Path) -> Option<Digest> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(known, _)| known == path).map(|(_, digest)| *digest)
    }
}

impl fmt::Display for SealingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingStore({})", self.inner)
    }
}

fn is_entry(location: &Path) -> bool {
    location.extension() == Some("json") && location.as_ref().contains("_delta_log/")
}

#[async_trait]
impl ObjectStore for SealingStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        if !is_entry(location) {
            return self.inner.put_opts(location, payload, options).await;
        }
        let bytes = Bytes::from(payload);
        let bytes = match record::signed(&bytes, |message| self.notary.sign(message)) {
            Some(signed) => Bytes::from(signed),
            None => bytes,
        };
        let digest = Digest::of(&bytes);
        let written = self.inner.put_opts(location, bytes.into(), options).await?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((location.clone(), digest));
        Ok(written)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
