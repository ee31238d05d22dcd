//! `doorledger token`: makes an API token, shows it once, and prints the configuration lines that admit it.
//! Deliberately absent: storing it; the configuration keeps its hash only.

use anyhow::Result;

use super::{print, say};
use crate::cli::Token;

/// Makes a token.
pub(super) fn run(options: &Token) -> Result<()> {
    let random =
        [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(|uuid| uuid.simple().to_string()).concat();
    let token = format!("{}{random}", api::TOKEN_PREFIX);
    say("The token, shown this once; keep it in a file that only its user can read:");
    print(&format!("{token}\n"))?;
    let hash = api::token_hash(&token);
    say(&format!(
        "The lines for the configuration:\n\ntokens:\n  - name: {}\n    hash: {hash}",
        options.name
    ));
    Ok(())
}
