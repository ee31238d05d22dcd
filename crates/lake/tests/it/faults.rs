//! A store in memory that fails as a seed says: before or after the effect, with half of a file, with a full disk, or for
//! good, as a power cut does.
//! Deliberately absent: a log entry that is half written: stores of objects put whole objects, and the folder store gives
//! a file its name only when all of it is on the disk.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use lake::Step;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What becomes of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is done.
    Done,
    /// It is not done.
    Refused,
    /// It is done, and nobody is told.
    Unanswered,
    /// Half of it is done.
    Torn,
    /// It is not done, and nothing is from now on.
    Crash,
}

/// A store that lives on while programs that use it come and go.
#[derive(Debug)]
pub(crate) struct Faulty {
    inner: InMemory,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    seed: u64,
    /// One change in so many fails; none does at 0.
    one_in: u64,
    crashed: bool,
    /// So many more changes find the disk full.
    full: u64,
    log: Vec<String>,
}

impl Faulty {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let state = State { seed, one_in: 0, crashed: false, full: 0, log: Vec::new() };
        Arc::new(Self { inner: InMemory::new(), state: Mutex::new(state) })
    }

    /// The machine is on again; one change in `one_in` fails.
    pub(crate) fn start(&self, one_in: u64) {
        let mut state = self.state.lock().unwrap();
        (state.one_in, state.crashed, state.full) = (one_in, false, 0);
        state.log.push(format!("start, one in {one_in}"));
    }

    /// Whether a step of the program fails: between two calls of the store.
    pub(crate) fn fails_at(&self, step: Step) -> bool {
        let at = Path::from(format!("{step:?}"));
        self.fate("step", &at) != Fate::Done
    }

    /// What happened, for the message of a test that failed.
    pub(crate) fn story(&self) -> String {
        self.state.lock().unwrap().log.join("\n")
    }

    /// The next number that the seed gives.
    pub(crate) fn draw(&self, below: u64) -> u64 {
        self.state.lock().unwrap().draw(below)
    }

    fn fate(&self, what: &str, path: &Path) -> Fate {
        let mut state = self.state.lock().unwrap();
        let fate = state.fate();
        if fate != Fate::Done {
            let line = format!("{what} {path}: {fate:?}");
            state.log.push(line);
        }
        fate
    }
}

impl State {
    /// SplitMix64.
    fn draw(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below.max(1)
    }

    fn fate(&mut self) -> Fate {
        if self.crashed {
            return Fate::Crash;
        }
        if self.full > 0 {
            self.full -= 1;
            return Fate::Refused;
        }
        if self.one_in == 0 || self.draw(self.one_in) != 0 {
            return Fate::Done;
        }
        match self.draw(5) {
            0 => Fate::Refused,
            1 => Fate::Unanswered,
            2 => Fate::Torn,
            3 => {
                self.full = 1 + self.draw(4);
                Fate::Refused
            }
            _ => {
                self.crashed = true;
                Fate::Crash
            }
        }
    }
}

fn failed(what: &'static str) -> Error {
    Error::Generic { store: "faulty", source: what.into() }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let data =
            location.extension() == Some("parquet") && !location.as_ref().contains("_delta_log");
        match self.fate("put", location) {
            Fate::Done => self.inner.put_opts(location, payload, options).await,
            Fate::Unanswered => {
                self.inner.put_opts(location, payload, options).await?;
                Err(failed("no answer"))
            }
            Fate::Torn if data => {
                let bytes = Bytes::from(payload);
                let half = bytes.slice(..bytes.len() / 2);
                self.inner.put(location, half.into()).await?;
                Err(failed("torn"))
            }
            Fate::Torn | Fate::Refused => Err(failed("no space")),
            Fate::Crash => Err(failed("off")),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if self.state.lock().unwrap().crashed {
            return Err(failed("off"));
        }
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        // A disk that is full still deletes; one that is off does not.
        if self.state.lock().unwrap().crashed {
            return stream::once(async { Err(failed("off")) }).boxed();
        }
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed = self.inner.list(prefix);
        let sorted = async move {
            let mut all: Vec<ObjectMeta> = listed.try_collect().await.unwrap_or_default();
            all.sort_by(|a, b| a.location.cmp(&b.location));
            stream::iter(all.into_iter().map(Ok))
        };
        stream::once(sorted).flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        match self.fate("copy", from) {
            Fate::Done => self.inner.copy_opts(from, to, options).await,
            _ => Err(failed("no space")),
        }
    }
}
