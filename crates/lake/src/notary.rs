//! Who signs a lake's commits, and who remembers outside of the lake how far each log reached: whoever can cut off the
//! end of a log cannot make that fit the pin, which lies beside the key.
//! Deliberately absent: the key itself (`identity`), and what is signed (`record`).

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use identity::{Identity, PublicKey, Signature};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::durable::sync_folder_of;

/// Name of the file within the data folder.
pub const PINS_FILE: &str = "lake-heads.json";

/// The largest file of pins that is read: a kilobyte for each of thousands of tables.
const PINS_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Signs commits and keeps the pins.
#[derive(Debug)]
pub struct Notary {
    identity: Arc<Identity>,
    /// `None` keeps them in memory only.
    path: Option<PathBuf>,
    pins: Mutex<Pins>,
}

type Pins = BTreeMap<String, Pin>;

/// How far a table's log reached.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pin {
    /// The last entry that is known to be there: its version and the digest of its bytes. `None` while the table is made.
    #[serde(default)]
    pub head: Option<(u64, Digest)>,
    /// What is derived from the log and can be made anew: path within the table and digest.
    #[serde(default)]
    pub derived: BTreeMap<String, Digest>,
}

/// The file's form.
#[derive(Serialize, Deserialize)]
struct Written {
    tables: Pins,
    key: String,
    signature: String,
}

/// Why the pins cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the pinned heads of the lake in `{}` {what}", path.display())]
pub struct PinsError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
}

impl PinsError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "bring the file back from a copy; without one, `doorledger doctor --repair` puts it aside and pins the logs as they are, \
         and entries cut off before that can no longer be noticed"
    }
}

impl Notary {
    /// Signs with `identity` and keeps the pins in the data folder `folder`.
    ///
    /// # Errors
    /// If the file of pins cannot be read, is damaged, or was signed by another key.
    pub fn open(identity: Arc<Identity>, folder: &Path) -> Result<Self, PinsError> {
        let path = folder.join(PINS_FILE);
        let pins = read_pins(&path, &identity.public_key())?.unwrap_or_default();
        Ok(Self { identity, path: Some(path), pins: Mutex::new(pins) })
    }

    /// Signs with `identity` and keeps the pins in memory, for tests.
    #[must_use]
    pub fn in_memory(identity: Arc<Identity>) -> Self {
        Self { identity, path: None, pins: Mutex::default() }
    }

    /// The key with which its signatures are checked.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.identity.public_key()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        self.identity.sign(message)
    }

    /// Everything that is pinned, by table.
    #[must_use]
    pub fn pins(&self) -> BTreeMap<String, Pin> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The pin of `table`.
    #[must_use]
    pub fn pinned(&self, table: &str) -> Option<Pin> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner).get(table).cloned()
    }

    /// The tables whose logs are known to have entries.
    pub(crate) fn pinned_tables(&self) -> Vec<String> {
        let pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        pins.iter().filter(|(_, pin)| pin.head.is_some()).map(|(name, _)| name.clone()).collect()
    }

    /// Replaces the pin of `table`, durably. Blocks. A pin that could not be written is written with the next one.
    pub(crate) fn pin(&self, table: &str, pin: Pin) -> io::Result<()> {
        let mut pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        pins.insert(table.to_owned(), pin);
        match &self.path {
            Some(path) => write_pins(path, &pins, &self.identity),
            None => Ok(()),
        }
    }
}

/// The pins of the data folder `folder`, checked against `key`; `None` if it has none.
///
/// # Errors
/// If the file cannot be read, is damaged, or was signed by another key.
pub fn pins_of(folder: &Path, key: &PublicKey) -> Result<Option<BTreeMap<String, Pin>>, PinsError> {
    read_pins(&folder.join(PINS_FILE), key)
}

fn read_pins(path: &Path, key: &PublicKey) -> Result<Option<Pins>, PinsError> {
    let failed = |what: String| PinsError { path: path.to_owned(), what };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(format!("cannot be read: {error}"))),
    };
    let mut text = String::new();
    let read = file.take(PINS_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| failed(format!("cannot be read: {error}")))?;
    let written: Written =
        serde_json::from_str(&text).map_err(|error| failed(format!("are damaged: {error}")))?;
    // One content has one form: what was added to the file without changing its meaning is noticed as well.
    if serde_json::to_string(&written).ok().as_deref() != Some(text.trim_end_matches('\n')) {
        return Err(failed("are not in the form in which they are written".to_owned()));
    }
    if written.key != key.to_string() {
        return Err(failed("were signed by another key than this data folder's".to_owned()));
    }
    let signature: Signature =
        written.signature.parse().map_err(|_| failed("have no readable signature".to_owned()))?;
    if !key.verifies(&message(&written.tables)?, &signature) {
        return Err(failed("do not fit their signature".to_owned()));
    }
    Ok(Some(written.tables))
}

fn write_pins(path: &Path, pins: &Pins, identity: &Identity) -> io::Result<()> {
    let message = message(pins).map_err(io::Error::other)?;
    let written = Written {
        tables: pins.clone(),
        key: identity.public_key().to_string(),
        signature: identity.sign(&message).to_string(),
    };
    let staged = path.with_extension("json.new");
    let mut file = fs::File::create(&staged)?;
    serde_json::to_writer(&mut file, &written)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&staged, path)?;
    sync_folder_of(path)
}

fn message(pins: &Pins) -> Result<Vec<u8>, PinsError> {
    serde_json::to_vec(&("lake heads", pins)).map_err(|error| PinsError {
        path: PathBuf::new(),
        what: format!("cannot be written: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_survive_and_every_flipped_byte_of_them_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let identity = Arc::new(Identity::open(folder.path()).unwrap());
        let notary = Notary::open(identity.clone(), folder.path()).unwrap();
        assert_eq!(notary.pinned("T"), None);
        let mut pin = Pin { head: Some((3, Digest::of(b"three"))), derived: BTreeMap::new() };
        pin.derived.insert("_delta_log/_last_checkpoint".to_owned(), Digest::of(b"c"));
        notary.pin("T", pin.clone()).unwrap();
        notary.pin("U", Pin::default()).unwrap();
        assert_eq!(Notary::open(identity.clone(), folder.path()).unwrap().pinned("T"), Some(pin));
        let path = folder.path().join(PINS_FILE);
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            fs::write(&path, bad).unwrap();
            assert!(Notary::open(identity.clone(), folder.path()).is_err(), "byte {at}");
        }
        fs::write(&path, b"").unwrap();
        let error = Notary::open(identity, folder.path()).unwrap_err();
        assert!(error.to_string().contains(PINS_FILE) && error.hint().contains("doctor"));
    }
}
