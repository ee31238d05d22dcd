//! The browser app: built into `web/dist` when its sources changed, and tested: format and types, units, then journeys in
//! a real browser against the binary that was built.
//!
//! Deliberately absent: knowing the front end's tools; `web/package.json` names them.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// What is said where Node is missing.
pub(crate) const NODE_MISSING: &str = "npm is missing: install Node.js 20 or later (https://nodejs.org) to build and test the browser app";
/// Folders that are made, not written.
const MADE: [&str; 4] = ["node_modules", "dist", "test-results", "playwright-report"];
/// How deep folders of sources may lie.
const DEPTH_MAX: usize = 12;

/// Whether npm can be started.
pub(crate) fn has_npm() -> bool {
    Command::new("npm").arg("--version").output().is_ok_and(|out| out.status.success())
}

/// Builds the app unless nothing changed since the last time.
pub(crate) fn build(root: &Path) -> Result<()> {
    let web = root.join("web");
    install(&web)?;
    let stamp = web.join("node_modules/.doorledger-built");
    let wanted = digest(&web)?;
    let built = web.join("dist/index.html").try_exists().unwrap_or(false)
        && std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted);
    if built {
        return Ok(());
    }
    npm(&web, &["run", "build"], &[])?;
    std::fs::write(&stamp, wanted).with_context(|| format!("write {}", stamp.display()))
}

/// Format, types, units: what needs no server.
pub(crate) fn check(root: &Path) -> Result<()> {
    let web = root.join("web");
    install(&web)?;
    npm(&web, &["run", "check"], &[])?;
    npm(&web, &["test"], &[])
}

/// Journeys in a browser against a binary.
pub(crate) fn journeys(root: &Path, binary: &Path) -> Result<()> {
    let web = root.join("web");
    let browser = browser(&web)?;
    let binary = binary.display().to_string();
    npm(&web, &["run", "journeys"], &[("DOORLEDGER_BIN", &binary), ("CHROMIUM", &browser)])
}

/// Installs what the lock file names, once for each lock file.
fn install(web: &Path) -> Result<()> {
    let stamp = web.join("node_modules/.doorledger-lock");
    let lock = web.join("package-lock.json");
    let wanted =
        std::fs::read_to_string(&lock).with_context(|| format!("read {}", lock.display()))?;
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    npm(web, &["ci", "--no-audit", "--no-fund"], &[])?;
    std::fs::write(&stamp, wanted).with_context(|| format!("write {}", stamp.display()))
}

/// A Chromium: the system's, or one that is installed now; empty for Playwright's own.
fn browser(web: &Path) -> Result<String> {
    let found = || {
        ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(|name| {
            let folders = std::env::var_os("PATH")?;
            std::env::split_paths(&folders)
                .map(|folder| folder.join(name))
                .find(|path| path.try_exists().unwrap_or(false))
        })
    };
    if let Some(path) = found() {
        return Ok(path.display().to_string());
    }
    let root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n");
    let apt = Command::new("apt-get").arg("--version").output().is_ok();
    if root && apt {
        run("apt-get", &["update"], web, &[])?;
        run("apt-get", &["install", "--yes", "--no-install-recommends", "chromium"], web, &[])?;
        if let Some(path) = found() {
            return Ok(path.display().to_string());
        }
    }
    run("npx", &["playwright", "install", "chromium"], web, &[])?;
    Ok(String::new())
}

/// A digest of every file that somebody wrote: names and contents, in order.
fn digest(web: &Path) -> Result<String> {
    let mut files = Vec::new();
    collect(web, 0, &mut files)?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for path in files {
        path.hash(&mut hasher);
        std::fs::read(&path).with_context(|| format!("read {}", path.display()))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    if depth > DEPTH_MAX {
        bail!("{} lies deeper than {DEPTH_MAX} folders", folder.display());
    }
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("read {}", folder.display()))?;
        let path = entry.path();
        if MADE.iter().any(|made| entry.file_name() == *made) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, depth + 1, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn npm(web: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    run("npm", arguments, web, environment)
}

fn run(
    program: &str,
    arguments: &[&str],
    folder: &Path,
    environment: &[(&str, &str)],
) -> Result<()> {
    crate::print(&format!("$ {program} {}\n", arguments.join(" ")));
    let status = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(folder)
        .status()
        .with_context(|| format!("start {program}"))?;
    if !status.success() {
        bail!("{program} {} failed", arguments.join(" "));
    }
    Ok(())
}
