//! The chained record of a commit: what it added and removed, with digests, the digest of the entry before it, and a
//! signature. It stands in the `commitInfo` of the very log entry that it describes, so that both are written or
//! neither. The signature covers every byte of the entry, with the place of the signature itself left blank.
//! Deliberately absent: writing (`sealing`) and checking a whole log (`verify`).

use identity::{PublicKey, Signature};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::{Digest, EventSum};
use crate::files::DataFile;

/// The key of the record within `commitInfo`.
pub(crate) const RECORD: &str = "doorledger";

/// The form of records that this program writes. A later form gets the next number.
const FORM: u32 = 1;

/// What stands in place of the signature while the bytes are signed: a signature's written form, of zeros.
pub(crate) const BLANK: &str = "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";

/// What a commit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Deed {
    /// A new table.
    Create,
    /// More columns.
    Widen,
    /// New rows.
    Append,
    /// The same rows in better files.
    Compact,
    /// Days whose time is over.
    Expire,
    /// Nothing but digests of files that were there before the chain began.
    Attest,
}

/// The record of one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    form: u32,
    /// The table: an entry of another one does not fit here.
    pub(crate) table: String,
    /// The version that the commit makes.
    pub(crate) version: u64,
    /// The digest of the log entry before, whoever wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<Digest>,
    /// What is done.
    pub(crate) deed: Deed,
    /// When, by the clock of who did it.
    pub(crate) at: Timestamp,
    /// Files that come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) added: Vec<FileRecord>,
    /// Files that go; with digests if they were read for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) removed: Vec<FileRecord>,
    /// Files that were there before the chain began, as they were found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attested: Vec<FileRecord>,
    /// Why rows go: `days before 2026-02-03`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// What was taken as found and is not attested yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) found: Option<Found>,
    /// Whose signature it is.
    pub(crate) key: String,
    /// The signature, last.
    signature: String,
}

/// One data file in a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    /// Relative to the table.
    pub(crate) path: String,
    /// Its rows.
    pub(crate) rows: u64,
    /// The digest of its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<Digest>,
    /// The sum over its raw events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) events: Option<EventSum>,
}

impl FileRecord {
    pub(crate) fn of(file: &DataFile) -> Self {
        Self {
            path: file.path.clone(),
            rows: file.stats.rows,
            bytes: file.proof.map(|proof| proof.bytes),
            events: file.proof.map(|proof| proof.events),
        }
    }
}

/// That a log has a past without records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    /// Everything up to this version was taken as it was found.
    pub(crate) version: u64,
    /// Files up to this path are attested, in the order of their names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attested: Option<String>,
}

/// What a record tells besides its place in the chain.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) deed: Deed,
    pub(crate) at: Timestamp,
    pub(crate) added: Vec<FileRecord>,
    pub(crate) removed: Vec<FileRecord>,
    pub(crate) attested: Vec<FileRecord>,
    pub(crate) reason: Option<String>,
    pub(crate) found: Option<Found>,
}

impl Told {
    /// A record of no files.
    pub(crate) fn new(deed: Deed, at: Timestamp) -> Self {
        Self {
            deed,
            at,
            added: Vec::new(),
            removed: Vec::new(),
            attested: Vec::new(),
            reason: None,
            found: None,
        }
    }

    /// As the record of the commit that makes `version` of `table`, not signed yet.
    pub(crate) fn record(
        self,
        table: &str,
        version: u64,
        previous: Option<Digest>,
        key: &PublicKey,
    ) -> Record {
        Record {
            form: FORM,
            table: table.to_owned(),
            version,
            previous,
            deed: self.deed,
            at: self.at,
            added: self.added,
            removed: self.removed,
            attested: self.attested,
            reason: self.reason,
            found: self.found,
            key: key.to_string(),
            signature: BLANK.to_owned(),
        }
    }
}

/// Why a log entry has no good record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unsealed {
    /// It has none: another program or an older version wrote it.
    Absent,
    /// It has one that is not right: why.
    Wrong(String),
}

impl Record {
    /// The record of the log entry `bytes`, its signature checked.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Unsealed> {
        let record = Self::parse(bytes)?;
        let wrong = |what: &str| Unsealed::Wrong(what.to_owned());
        let key: PublicKey = record.key.parse().map_err(|_| wrong("its key is unreadable"))?;
        let signature: Signature =
            record.signature.parse().map_err(|_| wrong("its signature is unreadable"))?;
        let blanked = replaced(bytes, &record.signature, BLANK)
            .ok_or_else(|| wrong("it does not hold its signature just once"))?;
        if key.verifies(&blanked, &signature) {
            Ok(record)
        } else {
            Err(wrong("its bytes are not those that were signed"))
        }
    }

    /// The same without a look at the signature: for one's own next entry.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Unsealed> {
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let entry: Value = serde_json::from_slice(first)
            .map_err(|error| Unsealed::Wrong(format!("it is not JSON: {error}")))?;
        let record = &entry["commitInfo"][RECORD];
        if record.is_null() {
            return Err(Unsealed::Absent);
        }
        let form = record["form"].as_u64();
        if form.is_some_and(|form| form > u64::from(FORM)) {
            return Err(Unsealed::Wrong("a later version of this program wrote it".to_owned()));
        }
        Self::deserialize(record)
            .map_err(|error| Unsealed::Wrong(format!("its record is unreadable: {error}")))
    }
}

/// The entry `bytes`, which has a blank, signed by `sign`; `None` if it has no blank.
pub(crate) fn signed(bytes: &[u8], sign: impl FnOnce(&[u8]) -> Signature) -> Option<Vec<u8>> {
    // Looked for before anything is signed: entries without a record go through as they are.
    let at = only_place(bytes, BLANK)?;
    let signature = sign(bytes).to_string();
    let mut signed = bytes.to_vec();
    signed.get_mut(at..at + BLANK.len())?.copy_from_slice(signature.as_bytes());
    Some(signed)
}

fn replaced(bytes: &[u8], old: &str, new: &str) -> Option<Vec<u8>> {
    let at = only_place(bytes, old)?;
    let mut replaced = bytes.to_vec();
    replaced.splice(at..at + old.len(), new.bytes());
    Some(replaced)
}

/// Where `text` stands in `bytes`, as the value of a record's `signature`; `None` unless it stands there once.
fn only_place(bytes: &[u8], text: &str) -> Option<usize> {
    const BEFORE: &str = r#""signature":""#;
    let wanted = format!("{BEFORE}{text}\"");
    let mut places =
        bytes.windows(wanted.len()).enumerate().filter(|(_, part)| *part == wanted.as_bytes());
    let (at, _) = places.next()?;
    places.next().is_none().then_some(at + BEFORE.len())
}

#[cfg(test)]
mod tests {
    use identity::Identity;
    use serde_json::json;

    use super::*;

    fn identity() -> Identity {
        let folder = tempfile::tempdir().unwrap();
        Identity::open(folder.path()).unwrap()
    }

    fn entry(identity: &Identity) -> Vec<u8> {
        let mut told = Told::new(Deed::Append, Timestamp::UNIX_EPOCH);
        told.added.push(FileRecord {
            path: "_Day=1970-01-01/a.parquet".to_owned(),
            rows: 3,
            bytes: Some(Digest::of(b"file")),
            events: Some(EventSum::default()),
        });
        let record = told.record("T", 7, Some(Digest::of(b"before")), &identity.public_key());
        let info = json!({"commitInfo": {"operation": "WRITE", RECORD: record}});
        let bytes = format!("{info}\n{}", json!({"add": {"path": "x"}}));
        signed(bytes.as_bytes(), |message| identity.sign(message)).unwrap()
    }

    #[test]
    fn every_flipped_byte_of_an_entry_is_noticed() {
        let identity = identity();
        let bytes = entry(&identity);
        let record = Record::read(&bytes).unwrap();
        assert_eq!((record.version, record.deed, record.added.len()), (7, Deed::Append, 1));
        for at in 0..bytes.len() {
            for bit in [0, 3, 5, 7] {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert!(Record::read(&flipped).is_err(), "byte {at}, bit {bit}");
            }
        }
        for end in 0..bytes.len() {
            assert!(Record::read(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn an_entry_of_another_program_is_told_from_a_bad_one() {
        let foreign = br#"{"commitInfo":{"operation":"WRITE","engineInfo":"another"}}"#;
        assert_eq!(Record::read(foreign), Err(Unsealed::Absent));
        assert_eq!(signed(foreign, |_| unreachable!("nothing to sign")), None);
        let later = br#"{"commitInfo":{"doorledger":{"form":2}}}"#;
        assert!(
            matches!(Record::read(later), Err(Unsealed::Wrong(what)) if what.contains("later"))
        );
    }
}
