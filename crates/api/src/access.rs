//! Who may ask: API tokens, and the two ways in which a web page could borrow a user's browser to reach a server on
//! their machine: DNS rebinding (a foreign name that resolves to this machine) and cross-site requests.
//! Deliberately absent: roles; a token may everything that the API offers.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, HOST, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};

use crate::api::Shared;
use crate::peer::{Peer, Reach};
use crate::problem::HttpProblem;
use crate::tokens::ApiTokens;

/// What a route asks of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing.
    Open,
    /// A token; on local listeners only if tokens are configured.
    Token,
}

/// What decides.
pub(crate) struct Rules {
    /// The tokens.
    pub(crate) tokens: ApiTokens,
    /// Names of this server besides the loopback ones.
    pub(crate) hosts: Vec<String>,
}

/// Lets a request through to its handler, or refuses it.
pub(crate) async fn guard(
    State((shared, access)): State<(Arc<Shared>, Access)>,
    request: Request,
    next: Next,
) -> Response {
    let peer = peer_of(&request);
    let mut response = match shared.rules.decide(access, peer, request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    // Answers hold what the logs hold: no cache keeps them, and no browser guesses another type for them.
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The way on which a request came; one that nobody marked is treated as coming from the network in the clear.
pub(crate) fn peer_of(request: &Request) -> Peer {
    let unknown = Peer { reach: Reach::Public, tls: false };
    request.extensions().get::<Peer>().copied().unwrap_or(unknown)
}

impl Rules {
    /// Whether a request may reach a route.
    pub(crate) fn decide(
        &self,
        access: Access,
        peer: Peer,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), HttpProblem> {
        if peer.reach == Reach::Local {
            self.check_host(uri, headers)?;
        }
        if access == Access::Open {
            return Ok(());
        }
        check_site(headers)?;
        if !peer.is_private() {
            return Err(HttpProblem::new(
                StatusCode::FORBIDDEN,
                "tls_required",
                "a token and answers must not travel in the clear",
            )
            .hint("configure a TLS certificate, or declare the reverse proxy in front"));
        }
        if self.tokens.is_empty() {
            return match peer.reach {
                Reach::Local => Ok(()),
                Reach::Proxied | Reach::Public => Err(HttpProblem::new(
                    StatusCode::FORBIDDEN,
                    "no_token_configured",
                    "this server is reachable from elsewhere and has no API token",
                )
                .hint("configure at least one API token")),
            };
        }
        if self.tokens.admit(headers) {
            return Ok(());
        }
        Err(HttpProblem::unauthorized("send an API token as Authorization: Bearer dl_…"))
    }

    /// Refuses a local request that was addressed to a name that is not this machine's.
    fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), HttpProblem> {
        // The authority of an absolute request target replaces the header (RFC 9112, 3.2.2).
        let written = match uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => headers.get(HOST).and_then(|value| value.to_str().ok()),
        };
        let host = written.map(name_of_host).unwrap_or_default();
        if is_loopback_name(host) || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
        {
            return Ok(());
        }
        Err(HttpProblem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "host_unknown",
            "the request is addressed to a name that is not this server's",
        )
        .hint("use localhost or 127.0.0.1, or add the name to the server's hosts"))
    }
}

/// Refuses what a browser sends on behalf of a page of another site. Browsers set this header themselves; a page cannot
/// change it, and other programs do not send it.
fn check_site(headers: &HeaderMap) -> Result<(), HttpProblem> {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(b"cross-site" | b"same-site") => Err(HttpProblem::new(
            StatusCode::FORBIDDEN,
            "cross_site",
            "the API does not answer pages of other sites",
        )),
        _ => Ok(()),
    }
}

/// The host without its port: `[::1]:7788` → `[::1]`.
fn name_of_host(written: &str) -> &str {
    let after_user = written.rsplit_once('@').map_or(written, |(_, host)| host);
    match after_user.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => after_user,
    }
}

fn is_loopback_name(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::token_hash;

    const LOCAL: Peer = Peer { reach: Reach::Local, tls: false };
    const PROXIED: Peer = Peer { reach: Reach::Proxied, tls: false };
    const PUBLIC: Peer = Peer { reach: Reach::Public, tls: false };
    const PUBLIC_TLS: Peer = Peer { reach: Reach::Public, tls: true };

    fn decide(tokens: &[&str], access: Access, peer: Peer, headers: &[(&str, &str)]) -> u16 {
        let hashes: Vec<String> = tokens.iter().map(|token| token_hash(token)).collect();
        let tokens = ApiTokens::from_hashes(hashes.iter().map(String::as_str)).unwrap();
        let rules = Rules { tokens, hosts: vec!["ledger.example".into()] };
        let mut map = HeaderMap::new();
        map.insert(HOST, "localhost:7788".parse().unwrap());
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            map.insert(name, value.parse().unwrap());
        }
        let uri = Uri::from_static("/api/v1/status");
        rules
            .decide(access, peer, &uri, &map)
            .map_or_else(|problem| problem.details().status, |()| 200)
    }

    #[test]
    fn what_is_asked_depends_on_the_reach() {
        let right = ("authorization", "Bearer dl_right");
        let wrong = ("authorization", "Bearer dl_wrong");
        for (tokens, peer, header, expected) in [
            (&[][..], LOCAL, None, 200),
            (&["dl_right"][..], LOCAL, None, 401),
            (&["dl_right"][..], LOCAL, Some(right), 200),
            (&["dl_right"][..], LOCAL, Some(wrong), 401),
            (&[][..], PROXIED, None, 403),
            (&["dl_right"][..], PROXIED, Some(right), 200),
            (&["dl_right"][..], PROXIED, None, 401),
            (&[][..], PUBLIC, None, 403),
            (&["dl_right"][..], PUBLIC, Some(right), 403),
            (&[][..], PUBLIC_TLS, None, 403),
            (&["dl_right"][..], PUBLIC_TLS, Some(wrong), 401),
            (&["dl_right"][..], PUBLIC_TLS, Some(right), 200),
        ] {
            let headers: Vec<_> = header.into_iter().collect();
            let decided = decide(tokens, Access::Token, peer, &headers);
            assert_eq!(decided, expected, "{tokens:?} {peer:?} {header:?}");
            assert_eq!(decide(tokens, Access::Open, peer, &headers), 200);
        }
    }

    #[test]
    fn a_local_server_answers_to_its_own_names_only() {
        for (host, expected) in [
            ("localhost", 200),
            ("LocalHost:7788", 200),
            ("127.0.0.1:7788", 200),
            ("127.8.8.8", 200),
            ("[::1]:7788", 200),
            ("ledger.example:7788", 200),
            ("evil.example", 421),
            ("evil.example:7788", 421),
            ("localhost.evil.example", 421),
            ("localhost@evil.example", 421),
            ("192.168.1.2:7788", 421),
            ("", 421),
        ] {
            assert_eq!(decide(&[], Access::Open, LOCAL, &[("host", host)]), expected, "{host}");
        }
        // Elsewhere the token protects, and proxies may rewrite the name.
        assert_eq!(decide(&[], Access::Open, PROXIED, &[("host", "any.example")]), 200);
    }

    #[test]
    fn an_absolute_target_replaces_the_host_header() {
        let rules = Rules { tokens: ApiTokens::default(), hosts: Vec::new() };
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "localhost".parse().unwrap());
        let uri = Uri::from_static("http://evil.example/api/v1/status");
        assert!(rules.decide(Access::Open, LOCAL, &uri, &headers).is_err());
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        for (site, expected) in
            [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
        {
            let headers = [("sec-fetch-site", site)];
            assert_eq!(decide(&[], Access::Token, LOCAL, &headers), expected, "{site}");
        }
    }
}
