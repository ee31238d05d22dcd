//! The project's own commands: `cargo xtask demo | test | web | bench | soak | ci | tidy`. One place for what people and
//! CI run, in the same order, without a shell.
//!
//! Deliberately absent: dependencies that take long to build, and anything that the product needs at run time.

mod tidy;
mod web;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  demo [ARG…]   build what is missing and run `doorledger demo`
  test          run every test, of the browser app too
  web           build the browser app into web/dist if its sources changed
  bench [ARG…]  build for release, run the side-by-side benchmarks, print the table; `bench kql
                [--corpus FILE]… [--schema FILE]` measures reading and binding of queries
  soak [ARG…]   build for release, kill the program again and again (`--kills N`, `--minutes M`), or fill
                its disk (`--disk-full`), and compare every event and every hour with what was published
  tidy          check the house rules that a compiler does not
  golden        run the tests and accept what they print as the new golden files
  ci            everything that CI does, in its order
";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    match arguments.first().map(String::as_str) {
        Some("demo") => {
            build_app_if_possible()?;
            cargo(
                &[&["run", "--quiet", "--package", "doorledger", "--", "demo"], &rest[..]].concat(),
                &[],
            )
        }
        Some("web") => build_app(),
        Some("test") => test(&[]),
        Some("bench") => bench(&rest),
        Some("soak") => bench(&[&["soak"], &rest[..]].concat()),
        Some("tidy") => tidy::check(&root()?),
        Some("golden") => test(&[("INSTA_UPDATE", "always"), ("UPDATE", "1")]),
        Some("ci") => ci(),
        _ => {
            print(HELP);
            Ok(())
        }
    }
}

/// Everything that CI does. What is told fastest comes first.
fn ci() -> Result<()> {
    cargo(&["fmt", "--all", "--check"], &[])?;
    tidy::check(&root()?)?;
    // The app is part of the binary.
    build_app()?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], &[])?;
    // Worlds of journal and lake together: more than a person at work wants to wait for.
    test(&[("DOORLEDGER_SEEDS", "2000")])?;
    cargo(
        &["doc", "--workspace", "--no-deps", "--locked", "--document-private-items"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )
}

/// The browser app, which needs Node.
fn build_app() -> Result<()> {
    if !web::has_npm() {
        bail!("{}", web::NODE_MISSING);
    }
    web::build(&root()?)
}

/// The same where Node is there; elsewhere the binary serves a page that says how to build it.
fn build_app_if_possible() -> Result<()> {
    if web::has_npm() {
        return web::build(&root()?);
    }
    print(&format!("{}; going on without it\n", web::NODE_MISSING));
    Ok(())
}

/// Every test: of the app without a server, of Rust, then the app in a browser against the binary. Without Node those of
/// Rust still run before it fails.
fn test(environment: &[(&str, &str)]) -> Result<()> {
    let npm = web::has_npm();
    if npm {
        web::build(&root()?)?;
        web::check(&root()?)?;
    }
    test_rust(environment)?;
    if !npm {
        bail!("{}", web::NODE_MISSING);
    }
    // The tests of the whole program have built it.
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root()?.join("target"), PathBuf::from);
    web::journeys(&root()?, &target.join("debug/doorledger"))
}

/// With nextest where it is installed, with cargo's own runner elsewhere; then the examples in the documentation.
fn test_rust(environment: &[(&str, &str)]) -> Result<()> {
    let nextest = Command::new("cargo")
        .args(["nextest", "--version"])
        .output()
        .is_ok_and(|out| out.status.success());
    if nextest {
        cargo(&["nextest", "run", "--workspace", "--locked"], environment)
    } else {
        cargo(&["test", "--workspace", "--all-targets", "--locked"], environment)
    }
}

fn bench(arguments: &[&str]) -> Result<()> {
    // Reading and binding are measured inside of a process: no binary, no servers.
    if let Some(("kql", rest)) = arguments.split_first().map(|(first, rest)| (*first, rest)) {
        let measure = ["run", "--release", "--quiet", "--package", "kql", "--example", "measure"];
        return cargo(&[&measure[..], &["--"], rest].concat(), &[]);
    }
    build_app_if_possible()?;
    cargo(
        &["build", "--release", "--locked", "--package", "doorledger", "--package", "bench"],
        &[],
    )?;
    cargo(&[&["run", "--release", "--quiet", "--package", "bench", "--"], arguments].concat(), &[])
}

fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    print(&format!("$ cargo {}\n", arguments.join(" ")));
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo told this program of itself would be news to build scripts, and everything above them be built anew each
    // time that somebody changes between `cargo xtask` and cargo.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_of_this_package) {
            command.env_remove(name);
        }
    }
    let status =
        command.args(arguments).envs(environment.iter().copied()).current_dir(root()?).status();
    let status = status.with_context(|| format!("start cargo {}", arguments.join(" ")))?;
    if !status.success() {
        bail!("cargo {} failed", arguments.join(" "));
    }
    Ok(())
}

/// Whether cargo sets this variable for a program that it runs, to tell it of its own package.
fn is_of_this_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || ["CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"]
            .contains(&name)
}

/// The folder of the workspace.
fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(Path::to_owned).context("xtask stands in a folder of the workspace")
}

fn print(text: &str) {
    use std::io::Write as _;
    // Progress for people; if nobody reads it, the work goes on.
    drop(std::io::stderr().write_all(text.as_bytes()));
}
