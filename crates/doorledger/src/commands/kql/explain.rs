//! `doorledger kql explain`: how a query would be answered from a data folder: what it means, what the engine would execute,
//! which files it would open. Deliberately absent: the answer (`query`).

use std::path::Path;

use anyhow::Result;

use crate::cli::ExplainKql;
use crate::commands::query::question;
use crate::commands::{print, say, written};
use crate::node;

/// Explains one query.
pub(super) async fn run(config: Option<&Path>, options: ExplainKql) -> Result<()> {
    let text = question(options.text)?;
    let outline = node::outline(&written(config)?, options.data).await?;
    let explained = node::explain_folder(outline, &text).await?;
    print(&format!("{}\n{}", explained.bound, explained.physical))?;
    let noun = if explained.files == 1 { "file" } else { "files" };
    say(&format!("{} {noun} to read, {} bytes", explained.files, explained.file_bytes));
    Ok(())
}
