//! The address under which providers on the internet reach this server: that of the proxy or the load balancer in front.
//! Deliberately absent: asking whether anybody answers there, which cannot be known from here.

use model::Fields;
use net::is_https_or_loopback;
use url::Url;

const HINT: &str = "write it like https://logs.example.com, or https://www.example.com/doorledger if the proxy takes the \
                    path away";

/// What every push address begins with, without a slash at its end; `None` if it is not written, or not usable.
pub(super) fn read(fields: &mut Fields<'_>) -> Option<String> {
    let written = fields.text("public_url")?;
    let problem = match Url::parse(written) {
        Err(_) => "is not an address",
        // The secret of a push source goes with each request.
        Ok(url) if !is_https_or_loopback(&url) => {
            "must begin with https:// (http only to this machine)"
        }
        Ok(url) if !is_plain(&url) => "must be a plain address, without query or credentials",
        Ok(url) if url.path().trim_end_matches('/').ends_with("/ingest") => {
            "must end before /ingest, which is added to it"
        }
        Ok(url) => return Some(url.as_str().trim_end_matches('/').to_owned()),
    };
    fields.problem("public_url", problem, HINT);
    None
}

fn is_plain(url: &Url) -> bool {
    let has_more = url.query().is_some() || url.fragment().is_some();
    !has_more && url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_is_taken_without_its_slash_and_anything_else_is_told() {
        for (written, expected) in [
            ("https://logs.example.com", Ok("https://logs.example.com")),
            ("https://logs.example.com/", Ok("https://logs.example.com")),
            ("https://Example.com:8443/a/b/", Ok("https://example.com:8443/a/b")),
            ("http://127.0.0.1:7788", Ok("http://127.0.0.1:7788")),
            ("http://logs.example.com", Err("must begin with https://")),
            ("logs.example.com", Err("is not an address")),
            ("ftp://logs.example.com", Err("must begin with https://")),
            ("https://logs.example.com/?a=1", Err("must be a plain address")),
            ("https://logs.example.com/#a", Err("must be a plain address")),
            ("https://name:word@logs.example.com", Err("must be a plain address")),
            ("https://logs.example.com/ingest/", Err("must end before /ingest")),
        ] {
            let document = json!({ "public_url": written });
            let mut fields = Fields::of(&document);
            let found = read(&mut fields);
            let problems = fields.finish();
            match expected {
                Ok(url) => assert_eq!((found.as_deref(), problems.len()), (Some(url), 0)),
                Err(message) => {
                    assert_eq!((found, problems.len()), (None, 1), "{written}");
                    assert_eq!(problems[0].path, "public_url");
                    assert!(problems[0].message.starts_with(message), "{written}: {problems:?}");
                }
            }
        }
        let nothing = json!({});
        assert_eq!(read(&mut Fields::of(&nothing)), None);
    }
}
