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

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};
use uuid::Uuid;

/// A local folder; see the module's description.
#[derive(Debug)]
pub(crate) struct DurableFolder {
    inner: Arc<LocalFileSystem>,
}

impl DurableFolder {
    /// The folder `root`, which must exist.
    pub(crate) fn new(root: &FsPath) -> Result<Self> {
        Ok(Self { inner: Arc::new(LocalFileSystem::new_with_prefix(root)?) })
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
        let staged = staged_name(&target);
        let create = matches!(options.mode, PutMode::Create);
        let location = location.to_string();
        let task = tokio::task::spawn_blocking(move || {
            let written = write_durably(&staged, &target, &payload, create);
            if written.is_err() {
                // What is left behind is taken away when the lake is opened next.
                fs::remove_file(&staged).ok();
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

/// A name that nobody else writes to, be it another process on another machine. The store's listings leave out names
/// that end in `#` and digits.
fn staged_name(target: &FsPath) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(format!("#{}", Uuid::new_v4().as_u128()));
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

/// Deletes what a crash left half written under `root`, a lake: listings do not show it, so that the vacuum cannot.
/// Another process may be writing, so that what is younger than an hour stays. Failing is harmless.
pub(crate) fn remove_abandoned(root: &FsPath, now: Timestamp) {
    const DEPTH: usize = 2;
    let mut folders = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && depth < DEPTH {
                folders.push((entry.path(), depth + 1));
            } else if !is_folder && is_abandoned(&entry, now) {
                fs::remove_file(entry.path()).ok();
            }
        }
    }
}

fn is_abandoned(entry: &fs::DirEntry, now: Timestamp) -> bool {
    const HOUR_SECONDS: i64 = 3600;
    let name = entry.file_name();
    let staged = name.to_str().and_then(|name| name.rsplit_once('#')).is_some_and(|(_, digits)| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let modified = entry.metadata().and_then(|meta| meta.modified()).ok();
    let modified = modified.and_then(|time| Timestamp::try_from(time).ok());
    staged && modified.is_some_and(|time| now.as_second() - time.as_second() > HOUR_SECONDS)
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
/// Makes durable that `path` has its name.
pub(crate) fn sync_folder_of(path: &FsPath) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use model::{Clock, SystemClock};
    use object_store::ObjectStoreExt;
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn a_name_is_given_once_when_asked_so() {
        let folder = TempDir::new().unwrap();
        let store = DurableFolder::new(folder.path()).unwrap();
        let path = Path::from("a/b/c.json");
        let create = || PutOptions::from(PutMode::Create);
        store.put_opts(&path, "first".into(), create()).await.unwrap();
        let second = store.put_opts(&path, "second".into(), create()).await;
        assert!(matches!(second, Err(Error::AlreadyExists { .. })), "{second:?}");
        assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap(), "first");
        store.put(&path, "third".into()).await.unwrap();
        assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap(), "third");
        let names: Vec<_> = fs::read_dir(folder.path().join("a/b")).unwrap().collect();
        assert_eq!(names.len(), 1, "nothing half written stays: {names:?}");
    }

    #[tokio::test]
    async fn listings_come_in_order() {
        let folder = TempDir::new().unwrap();
        let store = DurableFolder::new(folder.path()).unwrap();
        for name in ["x/3", "x/1", "x/20", "x/2"] {
            store.put(&Path::from(name), "".into()).await.unwrap();
        }
        let listed = store.list(Some(&Path::from("x"))).map(|m| m.unwrap().location.to_string());
        assert_eq!(listed.collect::<Vec<_>>().await, ["x/1", "x/2", "x/20", "x/3"]);
    }

    #[test]
    fn half_written_files_of_a_crash_are_removed_when_they_are_old() {
        let folder = TempDir::new().unwrap();
        let day = folder.path().join("T/_Day=2026-01-01");
        fs::create_dir_all(&day).unwrap();
        for name in ["a.parquet#120000000001", "a.parquet", "b#c"] {
            fs::write(day.join(name), "x").unwrap();
        }
        let names = || {
            let names = fs::read_dir(&day).unwrap().map(|e| e.unwrap().file_name());
            let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
            names.sort();
            names
        };
        let now = SystemClock.now();
        remove_abandoned(folder.path(), now);
        assert_eq!(names().len(), 3);
        remove_abandoned(folder.path(), now + jiff::SignedDuration::from_hours(2));
        assert_eq!(names(), ["a.parquet", "b#c"]);
    }
}
