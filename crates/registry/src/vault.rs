//! The key that documents with secrets are sealed with, in a file of its own beside the database: whoever gets hold of the
//! database alone reads no secret. AES-256 in Galois/Counter Mode with a random nonce for each sealing; what is sealed is
//! bound to its place, so that rows cannot be exchanged.
//! Deliberately absent: which documents there are (`applications`), and changing the key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};

use crate::error::Error;
use crate::random;

/// Name of the key's file within the data folder.
pub const KEY_FILE_NAME: &str = "registry.key";

/// Bytes of the key, and of its file: AES-256 takes so many.
const KEY_BYTES: usize = 32;

/// Bytes of a key's name: enough that no two keys that anybody ever made share it.
const NAME_BYTES: usize = 8;

/// An opened key.
pub(crate) struct Vault {
    key: RandomizedNonceKey,
    name: [u8; NAME_BYTES],
}

/// Why the key cannot be had. `Display` says it with what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoKey {
    /// There is no file.
    #[error("its key, the file `{}`, is missing: put it back from a copy", .0.display())]
    Missing(PathBuf),
    /// The file is something else.
    #[error("the file `{}` is no key, but {found} bytes long: put it back from a copy", path.display())]
    NotOne {
        /// Which file.
        path: PathBuf,
        /// How long it is, at least.
        found: usize,
    },
    /// Whoever has an account on the machine may have read it.
    #[error("others than its owner can read its key, the file `{}` (mode {mode:03o}): run `chmod 600` on it, and change the secrets if others may have read it", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Who may do what.
        mode: u32,
    },
    /// The file cannot be read.
    #[error("its key, the file `{}`, cannot be read ({source}): let the program's user read it", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Vault {
    /// Reads the key of a data folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, NoKey> {
        let path = folder.join(KEY_FILE_NAME);
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                return Err(NoKey::Missing(path));
            }
            Err(source) => return Err(NoKey::Unreadable { path, source }),
        };
        if let Some(mode) = exposure(&path) {
            return Err(NoKey::Exposed { path, mode });
        }
        Self::of(&bytes).ok_or(NoKey::NotOne { path, found: bytes.len() })
    }

    /// Makes the key of a data folder that has none, and sees to it that it is on the disk. To be called by one at a time,
    /// who has just found that there is none.
    pub(crate) fn make(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(KEY_FILE_NAME);
        let bytes = random::bytes::<KEY_BYTES>()?;
        write(folder, &path, &bytes).map_err(|source| Error::Io { path, source })?;
        Self::of(&bytes).ok_or(Error::NoRandomness)
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != KEY_BYTES {
            return None;
        }
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes).ok()?;
        let hash = digest(&SHA256, &[b"name of a key of the registry\0", bytes].concat());
        let name = *hash.as_ref().first_chunk::<NAME_BYTES>()?;
        Some(Self { key, name })
    }

    /// Tells this key from others, and tells nothing of it.
    pub(crate) fn name(&self) -> &[u8] {
        &self.name
    }

    /// Seals `content` for `place`: nonce, ciphertext and tag.
    pub(crate) fn seal(&self, place: &[u8], mut content: Vec<u8>) -> Result<Vec<u8>, Error> {
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(place), &mut content)
            .map_err(|_| Error::NoRandomness)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut content);
        Ok(sealed)
    }

    /// What was sealed with this key for this place; `None` if it was not, or was changed since.
    pub(crate) fn unseal(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut content = ciphertext.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.key.open_in_place(nonce, Aad::from(place), &mut content).ok()?.len();
        content.truncate(length);
        Some(content)
    }
}

/// The file's bytes, and no more of them than tell that it is too long.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::with_capacity(KEY_BYTES + 1);
    File::open(path)?.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The file's mode, if others than its owner may read or write it.
#[cfg(unix)]
fn exposure(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Elsewhere the folder's rights decide.
#[cfg(not(unix))]
fn exposure(_: &Path) -> Option<u32> {
    None
}

/// Writes the file beside its place and moves it there, so that no crash leaves half a key.
fn write(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = folder.join(format!("{KEY_FILE_NAME}.new"));
    // One that a crash left behind may have been open to other eyes.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&draft, path)?;
    // The name must be as durable as what will be sealed.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_at_its_place_with_its_key_unchanged_and_only_then() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert!(matches!(Vault::open(folder.path()), Err(NoKey::Missing(_))));
        let made = Vault::make(folder.path()).unwrap();
        let sealed = made.seal(b"here", b"hush".to_vec()).unwrap();
        let again = made.seal(b"here", b"hush".to_vec()).unwrap();
        assert_ne!(sealed, again, "the nonce is random");
        assert!(!sealed.windows(4).any(|four| four == b"hush"));
        let opened = Vault::open(folder.path()).unwrap();
        assert_eq!(opened.name(), made.name());
        assert_eq!(opened.unseal(b"here", &sealed).as_deref(), Some(&b"hush"[..]));
        assert_eq!(opened.unseal(b"there", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(opened.unseal(b"here", &changed), None, "byte {at}");
            assert_eq!(opened.unseal(b"here", &sealed[..at]), None, "{at} bytes");
        }
        let stranger = Vault::make(other.path()).unwrap();
        assert_ne!(stranger.name(), made.name());
        assert_eq!(stranger.unseal(b"here", &sealed), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        Vault::make(folder.path()).unwrap();
        let set = |mode| {
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(folder.path().join(KEY_FILE_NAME), permissions).unwrap();
        };
        for mode in [0o640, 0o604, 0o620] {
            set(mode);
            let found = Vault::open(folder.path()).err().unwrap();
            assert!(matches!(found, NoKey::Exposed { mode: told, .. } if told == mode), "{found}");
        }
        set(0o400);
        assert!(Vault::open(folder.path()).is_ok());
    }

    #[test]
    fn a_file_of_another_length_is_no_key() {
        for length in [0, KEY_BYTES - 1, KEY_BYTES + 1, 1_000_000] {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), &folder.path().join(KEY_FILE_NAME), &vec![7; length]).unwrap();
            let found = Vault::open(folder.path()).err().unwrap();
            assert!(matches!(found, NoKey::NotOne { .. }), "{found}");
        }
    }
}
