//! The configuration file: found, read, and made one JSON value, whatever its format.
//! Deliberately absent: its meaning; and textual expansion of `${…}`, which would let data become configuration.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

/// The largest configuration file that is read.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A configuration's format, told by the file's extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `.yaml`, `.yml`, anything else.
    Yaml,
    /// `.toml`
    Toml,
    /// `.json`
    Json,
}

impl Format {
    fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => Self::Toml,
            Some("json") => Self::Json,
            _ => Self::Yaml,
        }
    }

    /// Reads `text`. Errors tell line and column, not content.
    pub(crate) fn parse(self, text: &str) -> anyhow::Result<Value> {
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        match self {
            Self::Yaml => serde_saphyr::from_str(text).context("not valid YAML"),
            Self::Toml => toml::from_str(text).context("not valid TOML"),
            Self::Json => serde_json::from_str(text).context("not valid JSON"),
        }
    }
}

/// The file that is used when none is named: `doorledger.yaml`, `.toml` or `.json` in the working folder, then in
/// `/etc/doorledger`.
pub(crate) fn find() -> Option<PathBuf> {
    [".", "/etc/doorledger"]
        .iter()
        .flat_map(|folder| {
            ["yaml", "yml", "toml", "json"]
                .map(|e| Path::new(folder).join(format!("doorledger.{e}")))
        })
        .find(|path| path.is_file())
}

/// Reads one configuration file.
pub(crate) fn read(path: &Path) -> anyhow::Result<Value> {
    let shown = path.display();
    let size =
        std::fs::metadata(path).with_context(|| format!("read configuration `{shown}`"))?.len();
    anyhow::ensure!(
        size <= FILE_BYTES_MAX,
        "configuration `{shown}` is larger than {FILE_BYTES_MAX} bytes"
    );
    let text =
        std::fs::read_to_string(path).with_context(|| format!("read configuration `{shown}`"))?;
    Format::of(path).parse(&text).with_context(|| format!("read configuration `{shown}`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_three_formats_say_the_same() {
        let expected = json!({"listen": "127.0.0.1:1", "tenants": [{"name": "a"}]});
        for (format, text) in [
            (Format::Yaml, "listen: 127.0.0.1:1\ntenants:\n  - name: a\n"),
            (Format::Toml, "listen = '127.0.0.1:1'\n[[tenants]]\nname = 'a'\n"),
            (Format::Json, r#"{"listen":"127.0.0.1:1","tenants":[{"name":"a"}]}"#),
        ] {
            assert_eq!(format.parse(text).unwrap(), expected, "{format:?}");
        }
        assert_eq!(Format::Yaml.parse(" \n").unwrap(), Value::Null);
        assert!(Format::Yaml.parse("a: [").is_err());
    }
}
