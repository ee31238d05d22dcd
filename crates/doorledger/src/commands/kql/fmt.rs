//! `doorledger kql fmt`: lays out files of KQL, or standard input. Deliberately absent: the layout (`kql`).

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{lines, told};
use crate::cli::FmtKql;
use crate::commands::{print, say};
use crate::exit::{Exit, Failure};

/// Formats what is named.
pub(super) fn run(options: &FmtKql) -> Result<()> {
    if options.files.is_empty() {
        let mut text = String::new();
        let limit = kql::syntax::TEXT_BYTES_MAX as u64 + 1;
        std::io::stdin().take(limit).read_to_string(&mut text).context("read the query")?;
        let formatted = format("standard input", &text).map_err(refused)?;
        if options.check {
            return different(usize::from(formatted != text));
        }
        return print(&formatted);
    }
    let (mut changed, mut unreadable) = (0, Vec::new());
    for path in &options.files {
        let text = lines::read(path)?;
        match format(&path.display().to_string(), &text) {
            Err(reason) => unreadable.push(reason),
            Ok(formatted) if formatted == text => {}
            Ok(formatted) => {
                changed += 1;
                if options.check {
                    print(&format!("{}\n", path.display()))?;
                } else {
                    write(path, &formatted)?;
                }
            }
        }
    }
    if !unreadable.is_empty() {
        return Err(refused(unreadable.join("\n")));
    }
    if options.check {
        return different(changed);
    }
    say(&format!("{changed} of {} files changed", options.files.len()));
    Ok(())
}

/// The text laid out, or what is wrong with it.
fn format(name: &str, text: &str) -> Result<String, String> {
    kql::format(text).map_err(|wrong| {
        let all: Vec<String> = wrong.iter().map(|each| told::told(name, text, each)).collect();
        all.join("\n")
    })
}

fn refused(reason: String) -> anyhow::Error {
    Failure::error(Exit::Data, format!("cannot be read as KQL\n{reason}"))
}

fn different(count: usize) -> Result<()> {
    match count {
        0 => Ok(()),
        count => {
            let noun = if count == 1 { "file is" } else { "files are" };
            let hint = "run `doorledger kql fmt` on it";
            let message = format!("{count} {noun} laid out differently\n  hint: {hint}");
            Err(Failure::error(Exit::Findings, message))
        }
    }
}

/// Replaces a file whole: a full disk leaves the old one.
fn write(path: &Path, text: &str) -> Result<()> {
    let failed =
        |error: std::io::Error| Failure::error(Exit::Io, format!("{}: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
    let permissions = std::fs::metadata(path).map_err(failed)?.permissions();
    file.as_file().set_permissions(permissions).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
