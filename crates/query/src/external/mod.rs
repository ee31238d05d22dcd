//! What `externaldata` reads: files behind addresses whose hosts the configuration allows. Nothing is allowed by default, and
//! nothing is asked that is not allowed. Deliberately absent: HTTP (whoever makes the engine brings it), and formats
//! (`formats`).

pub(crate) mod delimited;
pub(crate) mod formats;

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use futures::future::BoxFuture;
use kql::plan::Field;
use kql::types::Value;
use url::Url;

use crate::error::{Error, Result};

/// How many files one `externaldata` may name.
const FILES_MAX: usize = 100;

/// Gets files. An implementation follows no redirects, as these would lead past the list of allowed hosts.
pub trait Fetch: Send + Sync {
    /// The content of a file, of which there may be `bytes_max` bytes; a fragment of text says why it could not be had.
    fn fetch(&self, url: Url, bytes_max: usize) -> BoxFuture<'_, Result<Vec<u8>, String>>;
}

/// Which files a query may read from outside.
#[derive(Clone)]
pub struct ExternalFiles {
    /// The hosts that may be asked: `feeds.example.com`, or `*.example.com` for all below a domain.
    pub hosts: Vec<String>,
    /// How large one file may be, packed and unpacked.
    pub bytes_max: usize,
    /// How long all files of a query may take.
    pub time_max: Duration,
    /// What gets them.
    pub fetch: Option<Arc<dyn Fetch>>,
}

impl Default for ExternalFiles {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            bytes_max: 64 * 1024 * 1024,
            time_max: Duration::from_secs(60),
            fetch: None,
        }
    }
}

impl fmt::Debug for ExternalFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalFiles")
            .field("hosts", &self.hosts)
            .field("bytes_max", &self.bytes_max)
            .field("time_max", &self.time_max)
            .finish_non_exhaustive()
    }
}

impl ExternalFiles {
    /// The rows of these files, one after the other: texts, and JSON for what is `dynamic`.
    pub(crate) async fn read(
        &self,
        addresses: &[String],
        properties: &[(String, Value)],
        fields: &[Field],
    ) -> Result<Vec<RecordBatch>> {
        if addresses.len() > FILES_MAX {
            return Err(wrong(format!("there are more than {FILES_MAX} files")));
        }
        let urls = addresses.iter().map(|text| self.allowed(text)).collect::<Result<Vec<_>>>()?;
        let Some(fetch) = &self.fetch else {
            return Err(wrong("reading files from outside is not set up".to_owned()));
        };
        let files = async {
            let mut batches = Vec::with_capacity(urls.len());
            for url in urls {
                let host = url.host_str().unwrap_or_default().to_owned();
                let path = url.path().to_owned();
                let content = fetch.fetch(url, self.bytes_max).await;
                let content = content.map_err(|why| wrong(format!("a file at '{host}': {why}")))?;
                let (content, path) = self.unpacked(content, &path)?;
                batches.push(formats::rows(&content, path, properties, fields)?);
            }
            Ok(batches)
        };
        tokio::time::timeout(self.time_max, files).await.map_err(|_| {
            let seconds = self.time_max.as_secs();
            wrong(format!("the files took longer than {seconds} seconds"))
        })?
    }

    /// The address, if its host may be asked. What follows a semicolon is a credential in Kusto's way of writing.
    fn allowed(&self, address: &str) -> Result<Url> {
        let address = address.split(';').next().unwrap_or_default();
        // The address itself may hold a secret, so that messages name its host alone.
        let url = Url::parse(address).map_err(|_| wrong("an address is not a URL".to_owned()))?;
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let loopback = matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]");
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(wrong(format!("'{host}' must be asked over https")));
        }
        let named = |entry: &String| {
            let entry = entry.to_ascii_lowercase();
            match entry.strip_prefix('*') {
                Some(domain) => domain.starts_with('.') && host.ends_with(domain),
                None => entry == host,
            }
        };
        if host.is_empty() || !self.hosts.iter().any(named) {
            return Err(Error::HostNotAllowed { host });
        }
        Ok(url)
    }

    /// The content of a file and its name, unpacked if the name ends in `.gz`.
    fn unpacked<'p>(&self, content: Vec<u8>, path: &'p str) -> Result<(Vec<u8>, &'p str)> {
        let Some(path) = path.strip_suffix(".gz") else { return Ok((content, path)) };
        let most = u64::try_from(self.bytes_max).unwrap_or(u64::MAX);
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(content.as_slice())
            .take(most.saturating_add(1))
            .read_to_end(&mut plain)
            .map_err(|_| wrong("a file is not packed with gzip".to_owned()))?;
        if plain.len() > self.bytes_max {
            return Err(wrong(format!("a file is larger than {} bytes unpacked", self.bytes_max)));
        }
        Ok((plain, path))
    }
}

fn wrong(message: String) -> Error {
    Error::Operator { operator: "externaldata", message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_allowed_hosts_are_asked() {
        let files = ExternalFiles {
            hosts: vec!["a.example".into(), "*.feeds.example".into(), "127.0.0.1".into()],
            ..ExternalFiles::default()
        };
        for (address, allowed) in [
            ("https://a.example/x.csv", true),
            ("https://A.EXAMPLE/x.csv;secret", true),
            ("http://127.0.0.1:9/x", true),
            ("https://b.feeds.example/x", true),
            ("https://feeds.example/x", false),
            ("https://evilfeeds.example/x", false),
            ("https://a.example.evil/x", false),
            ("https://a.example@evil.example/x", false),
            ("http://a.example/x.csv", false),
            ("file:///etc/passwd", false),
            ("a.example", false),
        ] {
            assert_eq!(files.allowed(address).is_ok(), allowed, "{address}");
        }
        let error = files.allowed("https://evil.example/x?sig=secret").expect_err("not allowed");
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        use std::io::Write;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(&[b'x'; 100]).expect("written");
        let packed = packer.finish().expect("packed");
        for (bytes_max, fits) in [(100, true), (99, false)] {
            let files = ExternalFiles { bytes_max, ..ExternalFiles::default() };
            let plain = files.unpacked(packed.clone(), "/x.csv.gz");
            assert_eq!(plain.is_ok(), fits, "{bytes_max}");
        }
    }
}
