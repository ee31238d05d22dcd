//! The house rules that a compiler does not know: every file says what it is for, files stay small, crates import only
//! what their place allows, and an outside library is named by its owner alone. Each rule is a table or a number here.
//! Deliberately absent: what clippy and rustfmt check already.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Lines of a file before its tests.
const FILE_LINES_MAX: usize = 500;

/// Who may import whom. A new arrow is a reviewed change of this table.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("kql", &["model"]),
    ("identity", &[]),
    ("journal", &["model"]),
    ("net", &["model"]),
    ("sources", &["model", "net"]),
    ("destinations", &["model", "net"]),
    ("registry", &["model"]),
    ("lake", &["model", "identity", "journal"]),
    ("query", &["model", "kql"]),
    ("api", &["model", "kql", "net", "journal", "sources"]),
    ("simulator", &["model"]),
    ("bench", &["model", "simulator"]),
    (
        "doorledger",
        &[
            "model",
            "kql",
            "identity",
            "journal",
            "net",
            "sources",
            "destinations",
            "lake",
            "query",
            "registry",
            "api",
            "simulator",
        ],
    ),
];

/// Outside libraries that one or few crates own.
const OWNERS: &[(&str, &[&str])] = &[
    ("arrow", &["lake", "query"]),
    ("parquet", &["lake", "query"]),
    ("datafusion", &["lake", "query"]),
    ("deltalake", &["lake"]),
    ("object_store", &["lake"]),
    ("rusqlite", &["journal", "registry"]),
    ("argon2", &["registry"]),
    ("reqwest", &["net", "simulator", "bench"]),
    ("axum", &["api", "simulator", "net"]),
    ("clap", &["doorledger"]),
    ("anyhow", &["doorledger", "bench"]),
];

/// Names that say nothing.
const EMPTY_NAMES: &[&str] =
    &["utils", "util", "helpers", "helper", "common", "manager", "misc", "stuff"];

/// Longer files, each with its reason in the list's file. The list may only shrink.
const LONG_FILES: &str = include_str!("../long-files.txt");

/// Checks every rule and tells every breach.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut breaches = Vec::new();
    for (name, may_import) in MAY_IMPORT {
        let manifest = root.join("crates").join(name).join("Cargo.toml");
        let text = fs::read_to_string(&manifest)
            .with_context(|| format!("read {}", manifest.display()))?;
        breaches.extend(check_manifest(name, may_import, &text));
    }
    for folder in fs::read_dir(root.join("crates")).context("list crates")? {
        let folder = folder.context("list crates")?;
        let name = folder.file_name().to_string_lossy().into_owned();
        if !MAY_IMPORT.iter().any(|(known, _)| *known == name) {
            breaches.push(format!("crates/{name}: not in MAY_IMPORT (xtask/src/tidy.rs)"));
        }
        check_files(root, &folder.path(), &mut breaches)?;
    }
    for folder in ["fuzz", "xtask"] {
        check_files(root, &root.join(folder), &mut breaches)?;
    }
    if breaches.is_empty() {
        return Ok(());
    }
    let mut told = String::new();
    for breach in &breaches {
        writeln!(told, "  {breach}").context("write breaches")?;
    }
    bail!("{} house rules are broken:\n{told}", breaches.len())
}

fn check_manifest(name: &str, may_import: &[&str], manifest: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut is_development = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_development = line.contains("dev-dependencies");
        }
        let Some(dependency) =
            line.split(['.', ' ', '=']).next().filter(|_| line.contains("workspace = true"))
        else {
            continue;
        };
        let is_ours = MAY_IMPORT.iter().any(|(known, _)| *known == dependency);
        if is_ours && !is_development && !may_import.contains(&dependency) {
            breaches.push(format!("crates/{name}: may not import `{dependency}` (see MAY_IMPORT)"));
        }
        let owner = OWNERS.iter().find(|(library, _)| *library == dependency);
        if let Some((library, owners)) = owner
            && !is_development
            && !owners.contains(&name)
        {
            breaches.push(format!("crates/{name}: `{library}` belongs to {}", owners.join(", ")));
        }
    }
    breaches
}

fn check_files(root: &Path, folder: &Path, breaches: &mut Vec<String>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        paths.push(entry.with_context(|| format!("list {}", folder.display()))?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                check_files(root, &path, breaches)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text =
                fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
            let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            breaches.extend(check_file(&shown, &text));
        }
    }
    Ok(())
}

fn check_file(path: &str, text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    if !text.starts_with("//!") {
        breaches.push(format!("{path}: does not open with `//!`"));
    }
    let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if EMPTY_NAMES.contains(&stem) {
        breaches.push(format!("{path}: `{stem}` does not say what it is about"));
    }
    let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
    if lines > FILE_LINES_MAX
        && !LONG_FILES.lines().any(|line| line.split_whitespace().next() == Some(path))
    {
        breaches.push(format!("{path}: {lines} lines before its tests, {FILE_LINES_MAX} at most: about one thing each?"));
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_import_is_told() {
        let manifest = "[dependencies]\nlake.workspace = true\narrow.workspace = true\n[dev-dependencies]\nquery.workspace = true\n";
        assert_eq!(
            check_manifest("api", &["model"], manifest),
            [
                "crates/api: may not import `lake` (see MAY_IMPORT)",
                "crates/api: `arrow` belongs to lake, query"
            ]
        );
    }

    #[test]
    fn a_file_without_a_purpose_a_name_or_a_measure_is_told() {
        let long = "//! x\n".repeat(FILE_LINES_MAX + 1);
        assert_eq!(check_file("a/b.rs", "fn main() {}").len(), 1);
        assert_eq!(check_file("a/utils.rs", "//! x").len(), 1);
        assert_eq!(check_file("a/b.rs", &long).len(), 1);
        assert_eq!(check_file("a/b.rs", &"//! x\n".repeat(FILE_LINES_MAX)), Vec::<String>::new());
    }

    #[test]
    fn the_house_is_tidy() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        check(root).unwrap();
    }
}
