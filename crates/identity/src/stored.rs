//! The secret key in its file: PKCS #8 in PEM, so that other tools can read it, mode 600, made once.
//! Deliberately absent: a passphrase. Whoever can read the data folder as its owner can read the events too.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::IdentityError;

/// The file within the data folder.
const FILE_NAME: &str = "identity.pem";
/// A key takes about 120 bytes, with a second half about 180.
const FILE_BYTES_MAX: u64 = 4096;
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// The key of a folder; a new one if there is none.
pub(crate) fn open(folder: &Path) -> Result<Ed25519KeyPair, IdentityError> {
    match read(folder)? {
        Some(pair) => Ok(pair),
        None => make(folder),
    }
}

/// The key of a folder, if it has one.
pub(crate) fn read(folder: &Path) -> Result<Option<Ed25519KeyPair>, IdentityError> {
    let path = folder.join(FILE_NAME);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io("read", &path)(error)),
    };
    refuse_exposed(&file, &path)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(io("read", &path))?;
    parse(&text).map(Some).map_err(|what| IdentityError::Damaged { path, what })
}

/// Makes a key. It is on the disk, whole, before anything is signed with it; of two processes that make one at the same
/// time both go on with the same.
fn make(folder: &Path) -> Result<Ed25519KeyPair, IdentityError> {
    let path = folder.join(FILE_NAME);
    let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())
        .map_err(|_| IdentityError::NoRandomness)?;
    let text = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(document.as_ref()));
    let write = || -> std::io::Result<()> {
        // Temporary files are made with mode 600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(&path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.error),
        }
        File::open(folder)?.sync_all()
    };
    write().map_err(io("write", &path))?;
    read(folder)?.ok_or_else(|| io("read", &path)(ErrorKind::NotFound.into()))
}

fn parse(text: &str) -> Result<Ed25519KeyPair, &'static str> {
    let inner = text
        .trim()
        .strip_prefix(BEGIN)
        .and_then(|text| text.strip_suffix(END))
        .ok_or("it is not a private key in PEM")?;
    let encoded: String = inner.split_whitespace().collect();
    let der = STANDARD.decode(encoded).map_err(|_| "what is between its lines is not base64")?;
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| "it is another kind of key")
}

#[cfg(unix)]
fn refuse_exposed(file: &File, path: &Path) -> Result<(), IdentityError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map_err(io("read", path))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(IdentityError::Exposed { path: path.to_owned(), mode })
}

/// Elsewhere the folder's own rights decide.
#[cfg(not(unix))]
fn refuse_exposed(_file: &File, _path: &Path) -> Result<(), IdentityError> {
    Ok(())
}

fn io(deed: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> IdentityError {
    let path: PathBuf = path.to_owned();
    move |source| IdentityError::Io { deed, path, source }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot prepare fails")]

    use super::*;
    use crate::Identity;

    #[test]
    fn a_key_is_made_once_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Identity::existing(folder.path()).unwrap().is_none());
        let first = Identity::open(folder.path()).unwrap().public_key();
        assert_eq!(Identity::open(folder.path()).unwrap().public_key(), first);
        assert_eq!(Identity::existing(folder.path()).unwrap().unwrap().public_key(), first);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }

    #[test]
    #[cfg(unix)]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        drop(Identity::open(folder.path()).unwrap());
        let path = folder.path().join(FILE_NAME);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let told = Identity::open(folder.path()).unwrap_err();
        assert!(matches!(told, IdentityError::Exposed { mode: 0o640, .. }), "{told}");
    }

    #[test]
    fn a_damaged_key_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        drop(Identity::open(folder.path()).unwrap());
        let path = folder.path().join(FILE_NAME);
        let good = std::fs::read_to_string(&path).unwrap();
        let cut = good.replace("MC4CAQAw", "MC4C");
        for text in [String::new(), "nonsense".to_owned(), good.to_lowercase(), cut] {
            std::fs::write(&path, &text).unwrap();
            let told = Identity::open(folder.path()).unwrap_err();
            assert!(matches!(told, IdentityError::Damaged { .. }), "{text}: {told}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        std::fs::write(&path, good.replace('\n', "\r\n")).unwrap();
        assert!(Identity::open(folder.path()).is_ok());
    }
}
