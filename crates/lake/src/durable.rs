//! A local folder as an object store whose writes survive a power cut: data and directory entry are on disk before a
//! write returns. `object_store`'s own local store leaves both to the operating system, and the journal forgets events
//! once the lake says that it has them.
//! Listings come in order, as those of other stores do.
//! Deliberately absent: reading and deleting, which are handed through.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};

/// A local folder; see the module's description.
#[derive(Debug)]
pub(crate) struct DurableFolder {
    inner: Arc<LocalFileSystem>,
    staged: AtomicU64,
}

impl DurableFolder {
    /// The folder `root`, which must exist.
    pub(crate) fn new(root: &FsPath) -> Result<Self> {
        Ok(Self {
            inner: Arc::new(LocalFileSystem::new_with_prefix(root)?),
            staged: AtomicU64::new(0),
        })
    }
}

impl fmt::Display for DurableFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DurableFolder({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for DurableFolder {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        if let PutMode::Update(_) = options.mode {
            return Err(Error::NotImplemented {
                operation: "conditional update".into(),
                implementer: self.to_string(),
            });
        }
        let target = self.inner.path_to_filesystem(location)?;
        // The store's listings leave out names that end in `#` and digits.
        let number = self.staged.fetch_add(1, Ordering::Relaxed);
        let staged = staged_name(&target, u64::from(std::process::id()), number);
        let create = matches!(options.mode, PutMode::Create);
        let location = location.to_string();
        let task = tokio::task::spawn_blocking(move || {
            let written = write_durably(&staged, &target, &payload, create);
            if written.is_err() {
                let _ = fs::remove_file(&staged);
            }
            written
        });
        match task.await {
            Ok(Ok(())) => Ok(PutResult { e_tag: None, version: None }),
            Ok(Err(source)) if source.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::AlreadyExists { path: location, source: source.into() })
            }
            Ok(Err(source)) => Err(generic(source)),
            Err(source) => Err(generic(source)),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let target = self.inner.path_to_filesystem(location)?;
        let inner = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(DurableUpload { inner, target }))
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
        in_order(self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        in_order(self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// Listings of object stores come in the order of their names, and the Delta library relies on it.
fn in_order(
    listed: BoxStream<'static, Result<ObjectMeta>>,
) -> BoxStream<'static, Result<ObjectMeta>> {
    let sorted = listed.collect::<Vec<_>>().map(|mut listed| {
        listed.sort_by(|a, b| {
            let name = |meta: &Result<ObjectMeta>| meta.as_ref().ok().map(|m| m.location.clone());
            name(a).cmp(&name(b))
        });
        stream::iter(listed)
    });
    sorted.flatten_stream().boxed()
}

/// An upload in parts that is on disk when `complete` returns.
#[derive(Debug)]
struct DurableUpload {
    inner: Box<dyn MultipartUpload>,
    target: PathBuf,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.inner.complete().await?;
        let target = self.target.clone();
        let task = tokio::task::spawn_blocking(move || {
            File::open(&target)?.sync_all()?;
            sync_folder_of(&target)
        });
        task.await.map_err(generic)?.map_err(generic)?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}

fn generic(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Generic { store: "local folder", source: Box::new(source) }
}

fn staged_name(target: &FsPath, process: u64, number: u64) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(format!("#{process}{number:010}"));
    PathBuf::from(name)
}

/// Writes to `staged`, then gives it the name `target`: with `create` only if nothing has that name yet.
fn write_durably(
    staged: &FsPath,
    target: &FsPath,
    payload: &PutPayload,
    create: bool,
) -> io::Result<()> {
    let mut file = match OpenOptions::new().write(true).create_new(true).open(staged) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_folder_of(target)?;
            OpenOptions::new().write(true).create_new(true).open(staged)?
        }
        opened => opened?,
    };
    for part in payload {
        file.write_all(part)?;
    }
    file.sync_all()?;
    drop(file);
    if create {
        fs::hard_link(staged, target)?;
        fs::remove_file(staged)?;
    } else {
        fs::rename(staged, target)?;
    }
    sync_folder_of(target)
}

/// Makes the folder of `file` and every folder above it, each durably entered into its parent.
fn make_folder_of(file: &FsPath) -> io::Result<()> {
    let missing: Vec<&FsPath> = file
        .ancestors()
        .skip(1)
        .take_while(|folder| !folder.try_exists().unwrap_or(false))
        .collect();
    for folder in missing.into_iter().rev() {
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => sync_folder_of(folder)?,
        }
    }
    Ok(())
}

#[cfg(unix)]
fn sync_folder_of(path: &FsPath) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Other systems do not let a program open a folder; their file systems journal directory entries themselves.
#[cfg(not(unix))]
fn sync_folder_of(_path: &FsPath) -> io::Result<()> {
    Ok(())
}
