//! The browser app, out of the program itself: `index.html` for every page of it, and its files with their headers. A debug
//! build reads them from `web/dist` each time, so that the app can be rebuilt under a running server.
//! Deliberately absent: building the app, and any answer that holds data.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::access::peer_of;
use crate::api::Shared;
use crate::problem::HttpProblem;

/// What `web` was built into; empty if it was not.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Files;

/// The page of every view.
const INDEX: &str = "index.html";
/// Files with a hash in their names stand here: one name, one content, for ever.
const HASHED: &str = "assets/";
/// Scripts are our own files only; styles may stand in elements, as component libraries write them.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
/// What is served where the app was not built.
const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>doorledger</title>\n\
    <h1>doorledger</h1>\n<p>This build holds no browser app. Build it with <code>cargo xtask web</code>, \
    and the program again.</p>\n<p>The API is there: <a href=\"/api\">its routes</a>.</p>\n</html>\n";
/// The forms in which a file may stand beside itself, best first: name of the encoding, ending.
const ENCODINGS: &[(&str, &str)] = &[("br", ".br"), ("gzip", ".gz")];

/// Everything that is no route: a file of the app, a page of it, or nothing.
pub(crate) async fn page(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (peer, uri) = (peer_of(&request), request.uri());
    if let Err(problem) = shared.rules.check_addressee(peer, uri, request.headers()) {
        return problem.into_response();
    }
    let mut response = answer(request.method(), uri.path(), request.headers());
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Response {
    let missing = || HttpProblem::not_found("GET /api lists what is served").into_response();
    let name = path.trim_start_matches('/');
    if name == "api" || name.starts_with("api/") || !matches!(*method, Method::GET | Method::HEAD) {
        return missing();
    }
    if !name.is_empty()
        && name != INDEX
        && let Some(file) = Files::get(name)
    {
        return of_file(name, file, headers);
    }
    let wants_page = headers
        .get_all(ACCEPT)
        .iter()
        .any(|value| value.as_bytes().windows(9).any(|part| part == b"text/html"));
    // A browser that asks for the address itself may say that it takes everything.
    if !(wants_page || name.is_empty()) || name.starts_with(HASHED) {
        return missing();
    }
    match Files::get(INDEX) {
        Some(file) => of_file(INDEX, file, headers),
        None => {
            let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-store")];
            (headers, NOT_BUILT).into_response()
        }
    }
}

/// A file in the smallest form that the browser takes.
fn of_file(name: &str, plain: EmbeddedFile, headers: &HeaderMap) -> Response {
    let (file, encoding) =
        encoded(name, headers).map_or((plain, None), |(file, encoding)| (file, Some(encoding)));
    let hash = file.metadata.sha256_hash();
    let tag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let cached = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if cached {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.data.into_owned()).into_response()
    };
    let lasting = if name.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        // Asked for each time, and answered with 304 as long as it is the same.
        "no-cache"
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(lasting));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// The compressed form that stands beside a file, if the browser takes one.
fn encoded(name: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, &'static str)> {
    let accepted = headers.get(ACCEPT_ENCODING)?.to_str().ok()?;
    let takes = |encoding: &str| {
        accepted.split(',').any(|part| {
            let mut parts = part.split(';').map(str::trim);
            parts.next() == Some(encoding) && !parts.any(|weight| weight == "q=0")
        })
    };
    let mut forms = ENCODINGS.iter().filter(|(encoding, _)| takes(encoding));
    forms.find_map(|(encoding, ending)| Some((Files::get(&format!("{name}{ending}"))?, *encoding)))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &Method, path: &str, accept: &str) -> (u16, String) {
        let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
        let response = answer(method, path, &headers);
        let kind = response.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap());
        (response.status().as_u16(), kind.unwrap_or_default().to_owned())
    }

    #[test]
    fn every_address_is_a_page_for_a_browser_and_nothing_for_a_program() {
        let page = (200, "text/html; charset=utf-8".to_owned());
        let html = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
        for path in ["/", "/search", "/person/jane%40example.com"] {
            assert_eq!(asked(&Method::GET, path, html), page, "{path}");
            assert_eq!(asked(&Method::POST, path, html).0, 404, "{path}");
        }
        assert_eq!(asked(&Method::GET, "/", "*/*"), page);
        for path in ["/search", "/api", "/api/v1/nothing"] {
            assert_eq!(asked(&Method::GET, path, "application/json").0, 404, "{path}");
        }
        assert_eq!(asked(&Method::GET, "/api/v1/nothing", html).0, 404);
        // An old page that asks for a script of yesterday must not get a page for it.
        assert_eq!(asked(&Method::GET, "/assets/index-old.js", html).0, 404);
        assert_eq!(asked(&Method::GET, "/../Cargo.toml", "*/*").0, 404);
    }

    #[test]
    fn a_file_says_what_it_is() {
        for (name, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("assets/index-1a2b.js", "text/javascript; charset=utf-8"),
            ("favicon.svg", "image/svg+xml"),
            ("LICENSE", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name), expected);
        }
    }
}
