//! Stored functions: KQL files, of which some are part of the program and any can be overridden from a folder.
//!
//! A file is `// Name(parameters)`, then lines of `//` that say what it is for, then the body:
//!
//! ```text
//! // FailedLogins(since:timespan=1h)
//! // Failed sign-ins of the last while.
//! Auth0Logs_CL
//! | where TimeGenerated > ago(since) and Type == "fp"
//! ```
//!
//! Deliberately absent: reading of bodies (`kql` does it wherever one is used).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kql::catalog::StoredFunction;

/// How large a function's file may be.
const FUNCTION_BYTES_MAX: u64 = 1024 * 1024;

/// The functions that are part of the program: file name and text.
const EMBEDDED: &[(&str, &str)] = &[
    ("Auth0AM.kql", include_str!("../../../content/functions/Auth0AM.kql")),
    ("Auth0AM_CL.kql", include_str!("../../../content/functions/Auth0AM_CL.kql")),
    ("Identity.kql", include_str!("../../../content/functions/Identity.kql")),
    ("Logins.kql", include_str!("../../../content/functions/Logins.kql")),
    ("OneLogin.kql", include_str!("../../../content/functions/OneLogin.kql")),
    ("OneLogin_CL.kql", include_str!("../../../content/functions/OneLogin_CL.kql")),
];

/// A function with its description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Parameters and body.
    pub function: StoredFunction,
    /// What it is for; may be empty.
    pub doc: String,
}

/// Functions by name.
#[derive(Debug, Clone, Default)]
pub struct StoredFunctions(BTreeMap<String, Stored>);

/// Why functions could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file that does not begin as it must.
    #[error("{path}: {reason}")]
    Malformed {
        /// Which one.
        path: PathBuf,
        /// Why, as a lowercase fragment.
        reason: &'static str,
    },
}

impl StoredFunctions {
    /// The functions that are part of the program.
    pub fn embedded() -> Result<Self, StoredError> {
        let mut functions = Self::default();
        for (file, text) in EMBEDDED {
            functions.add(Path::new(file), text)?;
        }
        Ok(functions)
    }

    /// The same with every `*.kql` file of a folder, which replace functions of the same name.
    ///
    /// # Errors
    /// A folder or file that cannot be read, or a file that is no function: all named by their path.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, StoredError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| StoredError::Read { path, source }
        };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
            let path = entry.map_err(failed(folder))?.path();
            if path.extension().is_some_and(|extension| extension == "kql") {
                paths.push(path);
            }
        }
        paths.sort();
        for path in paths {
            let size = std::fs::metadata(&path).map_err(failed(&path))?.len();
            if size > FUNCTION_BYTES_MAX {
                return Err(StoredError::Malformed { path, reason: "is larger than 1 MiB" });
            }
            let text = std::fs::read_to_string(&path).map_err(failed(&path))?;
            self.add(&path, &text)?;
        }
        Ok(self)
    }

    /// Adds one function, replacing one of the same name.
    pub fn insert(&mut self, name: impl Into<String>, stored: Stored) {
        self.0.insert(name.into(), stored);
    }

    /// A function by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Stored> {
        self.0.get(name)
    }

    /// All functions in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Stored)> {
        self.0.iter().map(|(name, stored)| (name.as_str(), stored))
    }

    fn add(&mut self, path: &Path, text: &str) -> Result<(), StoredError> {
        let (name, stored) = read(text)
            .map_err(|reason| StoredError::Malformed { path: path.to_owned(), reason })?;
        self.0.insert(name, stored);
        Ok(())
    }
}

/// Reads the text of a function's file into name and function.
fn read(text: &str) -> Result<(String, Stored), &'static str> {
    let mut lines = text.lines();
    let head = lines
        .next()
        .and_then(|line| line.strip_prefix("//"))
        .ok_or("must begin with `// Name(parameters)`")?
        .trim();
    let open = head.find('(').ok_or("its first line lacks a parameter list")?;
    let (name, parameters) = head.split_at(open);
    let name = name.trim();
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(valid) {
        return Err("its first line does not begin with a name");
    }
    if !parameters.ends_with(')') {
        return Err("the parameter list of its first line does not end");
    }
    let mut doc = Vec::new();
    let mut body = Vec::new();
    for line in lines {
        match line.strip_prefix("//") {
            Some(comment) if body.is_empty() => doc.push(comment.trim()),
            _ => body.push(line),
        }
    }
    let body = body.join("\n").trim().to_owned();
    if body.is_empty() {
        return Err("has no body");
    }
    let function = StoredFunction { parameters: parameters.to_owned(), body };
    Ok((name.to_owned(), Stored { function, doc: doc.join(" ") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_head_a_description_and_a_body() {
        let text = "// Failed(since:timespan=1h)\n// Failed sign-ins.\n// Of late.\nT\n// inner\n| take 1\n";
        let (name, stored) = read(text).expect("it is a function");
        assert_eq!(name, "Failed");
        assert_eq!(stored.function.parameters, "(since:timespan=1h)");
        assert_eq!(stored.function.body, "T\n// inner\n| take 1");
        assert_eq!(stored.doc, "Failed sign-ins. Of late.");
        for broken in ["", "T", "// Name\nT", "// ()\nT", "// N(\nT", "// N()\n// only words"] {
            assert!(read(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_folder_replaces_what_is_embedded() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("mine.kql");
        std::fs::write(&file, "// OneLogin()\n// Mine.\nprint x = 1").expect("written");
        let functions = StoredFunctions::embedded().expect("they are ours");
        let functions = functions.with_folder(folder.path()).expect("it can be read");
        assert_eq!(functions.get("OneLogin").expect("there").doc, "Mine.");
        assert!(functions.get("Auth0AM_CL").is_some());
        std::fs::write(&file, "print x = 1").expect("written");
        let error = functions.with_folder(folder.path()).expect_err("it has no head");
        assert!(error.to_string().contains("mine.kql"), "{error}");
    }
}
