//! Who speaks: the key pair (Ed25519) of one data folder, with which it signs what others are to be able to check later
//! without asking it. The secret half stays in the folder, in a file that its owner alone can read.
//!
//! Deliberately absent: what is signed and how it is written down, certificates, and a chain of trust. Whoever checks a
//! signature has to know from elsewhere which public key is the right one.

mod error;
mod key;
mod stored;

pub use error::IdentityError;
pub use key::{Identity, PublicKey, Signature};
