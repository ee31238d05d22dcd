//! The address of a provider's API as a user may write it: a bare host name, or a URL.
//! Deliberately absent: asking whether anybody answers there.

use url::{Host, Url};

/// The base of an API, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base(Url);

impl Base {
    /// Reads `acme.eu.auth0.com`, `https://acme.eu.auth0.com/` or, for loopback addresses only, `http://127.0.0.1:8080`.
    /// The error is what is wrong, as a lowercase fragment.
    pub(crate) fn read(written: &str) -> Result<Self, &'static str> {
        let text = match written.contains("://") {
            true => written.to_owned(),
            false => format!("https://{written}"),
        };
        let mut url = Url::parse(&text).map_err(|_| "is neither a host name nor a URL")?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err("is plain http, which would send credentials readable"),
            _ => return Err("is neither https nor a host name"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a user name or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("holds more than host and path");
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The address of `path` (which begins with a slash) below this base.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url
    }

    /// The host, for messages.
    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The host, and the port where it is an unusual one: `acme.eu.auth0.com`, `127.0.0.1:8080`.
    pub(crate) fn authority(&self) -> String {
        match self.0.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_owned(),
        }
    }

    /// Whether there is nothing but a host (and port).
    pub(crate) fn is_bare(&self) -> bool {
        self.0.path().trim_end_matches('/').is_empty()
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_as_people_write_them() {
        for (written, expected) in [
            ("acme.eu.auth0.com", Ok("https://acme.eu.auth0.com/x")),
            ("https://acme.eu.auth0.com/", Ok("https://acme.eu.auth0.com/x")),
            ("https://proxy.example/auth0//", Ok("https://proxy.example/auth0/x")),
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080/x")),
            ("http://[::1]:8080/", Ok("http://[::1]:8080/x")),
            ("http://localhost", Ok("http://localhost/x")),
            (
                "http://acme.eu.auth0.com",
                Err("is plain http, which would send credentials readable"),
            ),
            (
                "http://localhost.evil.example",
                Err("is plain http, which would send credentials readable"),
            ),
            ("ftp://acme", Err("is neither https nor a host name")),
            ("https://u:p@acme", Err("holds a user name or password")),
            ("https://acme?x=1", Err("holds more than host and path")),
            ("two words", Err("is neither a host name nor a URL")),
            ("https://", Err("is neither a host name nor a URL")),
        ] {
            let found = Base::read(written).map(|base| base.join("/x").to_string());
            assert_eq!(found, expected.map(str::to_owned), "{written}");
        }
    }
}
