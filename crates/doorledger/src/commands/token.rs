//! `doorledger token`: makes an API token, shows it once, and prints the configuration lines that admit it.
//! Deliberately absent: storing it; the configuration keeps its hash only.

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use super::{print, say};
use crate::cli::Token;

/// Makes a token.
pub(super) fn run(options: &Token) -> Result<()> {
    let token = format!("dl_{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let hash: String = Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    say("The token, shown this once; keep it in a file that only its user can read:");
    print(&format!("{token}\n"))?;
    say(&format!("The lines for the configuration:\n\ntokens:\n  - name: {}\n    sha256: {hash}", options.name));
    Ok(())
}
