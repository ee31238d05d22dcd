//! Files that were in a table before its chain began get digests, some at a time, each time in a commit that changes
//! nothing else: from then on they are proved to be as they were found.
//! Deliberately absent: any judgement of what was found.

use std::sync::Arc;

use jiff::Timestamp;

use crate::Result;
use crate::change::{Attested, Change};
use crate::files::DataFile;
use crate::limits::{ATTEST_FILES_MAX, ENCODE_ROWS};
use crate::reading::read_whole;
use crate::record::Deed;
use crate::table::Table;

/// Attests some files of `table`. Says whether there may be more to do.
pub(crate) async fn step(table: &Table, now: Timestamp) -> Result<bool> {
    let found = table.look().await?.tip().and_then(|tip| tip.found.clone());
    let Some(found) = found else { return Ok(false) };
    let mut files: Vec<Arc<DataFile>> = table.view().files.ordered.clone();
    files.retain(|file| found.attested.as_ref().is_none_or(|done| file.path > *done));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let more = files.len() > ATTEST_FILES_MAX;
    files.truncate(ATTEST_FILES_MAX);
    let mut attested = Vec::with_capacity(files.len());
    for file in &files {
        let mut rows = read_whole(table, file, ENCODE_ROWS).await?;
        let mut count = 0;
        while let Some(batch) = rows.next()? {
            count += batch.num_rows() as u64;
        }
        let mut file = DataFile { proof: Some(rows.proof()), ..file.as_ref().clone() };
        file.stats.rows = count;
        attested.push(file);
    }
    let until = attested.last().filter(|_| more).map(|file| file.path.clone());
    let change = Change {
        deed: Deed::Attest,
        added: &[],
        removed: &[],
        attested: Some(Attested { files: &attested, until }),
        reason: None,
        now,
    };
    table.replace(&change).await?;
    Ok(more)
}
