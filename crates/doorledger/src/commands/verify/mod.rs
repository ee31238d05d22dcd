//! `doorledger verify`: whether what an instance has signed is as it was.
//! Deliberately absent: a server. Whoever checks needs the file and the program alone.

mod statement;

use anyhow::Result;

use crate::cli::Verify;

/// Checks what the options name.
pub(super) fn run(options: &Verify) -> Result<()> {
    statement::run(&options.statement, options.key.as_deref())
}
