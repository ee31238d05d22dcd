//! Who may ask for what. A request is somebody's by an API token, by a session's cookie, or, where no token is configured,
//! because a program on this machine sent it; and each of them has a role, which the route asks for. Two ways in which a web
//! page could borrow a user's browser are closed: DNS rebinding (a foreign name that resolves to this machine) and
//! cross-site requests, the latter also by a token that only our own page can know.
//! Deliberately absent: keeping sessions and tokens (`Accounts`), the routes' roles (`routes`), cookies' form (`cookies`).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, HOST, ORIGIN, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Uri};
use model::{AuditNote, Role, Secret, Timestamp};
use subtle::ConstantTimeEq as _;

use crate::api::Shared;
use crate::cookies::{csrf_of, session_cookie};
use crate::peer::{Peer, Reach};
use crate::problem::{HttpProblem, ProblemCode};
use crate::routes::Route;
use crate::tokens::{ApiTokens, bearer};

/// What a route asks of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing.
    Open,
    /// Somebody who asks questions and looks.
    Viewer,
    /// Somebody who also saves and replays.
    Analyst,
    /// Somebody who may everything.
    Administrator,
}

impl Access {
    /// The role that is asked for; none of an open route.
    pub(crate) const fn role(self) -> Option<Role> {
        match self {
            Self::Open => None,
            Self::Viewer => Some(Role::Viewer),
            Self::Analyst => Some(Role::Analyst),
            Self::Administrator => Some(Role::Administrator),
        }
    }
}

/// Whose request it is.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// A person's name, `token/NAME`, or `local`.
    pub(crate) who: String,
    /// What the caller may do.
    pub(crate) role: Role,
    /// The session, if it is a person's.
    pub(crate) session: Option<(Secret, Timestamp)>,
    /// The token, if it is one that an administrator made and may take back.
    pub(crate) token: Option<Secret>,
}

/// By what a request says whose it is; not yet looked up.
#[derive(Debug, PartialEq, Eq)]
enum Credential {
    /// Nothing is asked for.
    None,
    /// A program on this machine, where no token is configured.
    Local,
    /// A token of the configuration.
    Configured,
    /// A token that may be in the registry.
    Token(Secret),
    /// A session's secret.
    Session(Secret),
}

/// What a handler adds to the entry of the audit trail, as an extension of its answer.
#[derive(Debug, Clone)]
pub(crate) struct Audited {
    /// What was changed, where the path does not say it.
    pub(crate) object: String,
    /// Anything else.
    pub(crate) detail: String,
}

/// What a request shows before its body is read.
#[derive(Clone, Copy)]
struct Asked<'a> {
    method: &'a Method,
    peer: Peer,
    uri: &'a Uri,
    headers: &'a HeaderMap,
}

/// What decides.
pub(crate) struct Rules {
    /// The tokens.
    pub(crate) tokens: ApiTokens,
    /// Names of this server besides the loopback ones.
    pub(crate) hosts: Vec<String>,
}

/// Lets a request through to its handler, or refuses it. What changes something leaves an entry in the audit trail.
pub(crate) async fn guard(
    State((shared, route)): State<(Arc<Shared>, &'static Route)>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = peer_of(&request);
    let path = request.uri().path().to_owned();
    let asked =
        Asked { method: request.method(), peer, uri: request.uri(), headers: request.headers() };
    let admitted = admit(&shared, route.access, asked).await;
    let mut response = match admitted {
        Ok(None) => next.run(request).await,
        Ok(Some(caller)) => {
            let allowed = route.access.role().is_none_or(|needed| caller.role >= needed);
            let mut response = if allowed {
                request.extensions_mut().insert(caller.clone());
                next.run(request).await
            } else {
                role_needed(route.access).into_response()
            };
            if route.changes {
                note(&shared, route, &caller, path, &mut response).await;
            }
            response
        }
        Err(problem) => problem.into_response(),
    };
    // Answers hold what the logs hold: no cache keeps them, and no browser guesses another type for them.
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The way on which a request came; one that nobody marked is treated as coming from the network in the clear.
pub(crate) fn peer_of(request: &Request) -> Peer {
    peer_in(request.extensions())
}

/// The same, of what a request carries along.
pub(crate) fn peer_in(extensions: &Extensions) -> Peer {
    let unknown = Peer { reach: Reach::Public, tls: false, address: None };
    extensions.get::<Peer>().copied().unwrap_or(unknown)
}

/// Whose request it is; `None` on an open route. Whether the role suffices is not looked at.
async fn admit(
    shared: &Shared,
    access: Access,
    asked: Asked<'_>,
) -> Result<Option<Caller>, HttpProblem> {
    let program = |who: String, role, token| Ok(Some(Caller { who, role, session: None, token }));
    match shared.rules.credential(access, asked)? {
        Credential::None => Ok(None),
        Credential::Local => program("local".to_owned(), Role::Administrator, None),
        Credential::Configured => program("token/configured".to_owned(), Role::Administrator, None),
        Credential::Token(secret) => match shared.accounts.token(secret.clone()).await? {
            Some((name, role)) => program(format!("token/{name}"), role, Some(secret)),
            None => Err(HttpProblem::unauthorized(TOKEN_HINT)),
        },
        Credential::Session(secret) => {
            let Some(session) = shared.accounts.session(secret.clone()).await? else {
                return Err(signed_out());
            };
            if !asked.method.is_safe() {
                check_csrf(&secret, asked.headers)?;
            }
            let (who, role) = (session.name, session.role);
            let session = Some((secret, session.expires));
            Ok(Some(Caller { who, role, session, token: None }))
        }
    }
}

impl Caller {
    /// Looks the credential up again, of whoever is answered for longer than a moment: sessions end, and tokens are taken
    /// back. The role is not looked at; nobody has less than a viewer's.
    pub(crate) async fn check(&self, shared: &Shared) -> Result<(), HttpProblem> {
        if let Some((secret, _)) = &self.session
            && shared.accounts.session(secret.clone()).await?.is_none()
        {
            return Err(signed_out());
        }
        if let Some(token) = &self.token
            && shared.accounts.token(token.clone()).await?.is_none()
        {
            return Err(HttpProblem::unauthorized(TOKEN_HINT));
        }
        Ok(())
    }
}

/// Whose request it would be on a route for viewers; `None` if it would be refused.
pub(crate) async fn caller_of(shared: &Shared, head: &Parts) -> Option<Caller> {
    let asked = Asked {
        method: &head.method,
        peer: peer_in(&head.extensions),
        uri: &head.uri,
        headers: &head.headers,
    };
    admit(shared, Access::Viewer, asked).await.ok().flatten()
}

/// Writes what was done into the audit trail. If that fails it is told in the log: what was done is done.
async fn note(
    shared: &Shared,
    route: &Route,
    caller: &Caller,
    path: String,
    response: &mut Response,
) {
    let code = response.extensions_mut().remove::<ProblemCode>();
    let outcome = match code {
        Some(ProblemCode(code)) => code,
        None if response.status().is_success() => "ok".to_owned(),
        None => response.status().as_str().to_owned(),
    };
    let added = response.extensions_mut().remove::<Audited>();
    let (object, detail) =
        added.map_or((path, String::new()), |added| (added.object, added.detail));
    let note = AuditNote {
        who: caller.who.clone(),
        role: Some(caller.role),
        action: format!("{} {}", route.method, route.path),
        object,
        outcome,
        detail,
    };
    if let Err(error) = shared.accounts.note(note).await {
        tracing::error!(
            who = caller.who,
            action = route.path,
            "the audit trail is not written: {error}"
        );
    }
}

/// What to do without a valid token.
const TOKEN_HINT: &str = "send an API token as Authorization: Bearer dl_…";

/// There is no session, or not any more.
pub(crate) fn signed_out() -> HttpProblem {
    HttpProblem::signed_out()
}

fn role_needed(access: Access) -> HttpProblem {
    let role = access.role().map_or("viewer", Role::name);
    HttpProblem::new(StatusCode::FORBIDDEN, "role", format!("this needs the role {role}"))
        .hint("ask an administrator for it")
}

/// Refuses a change that our own page did not ask for: it alone knows the token of the session.
fn check_csrf(secret: &Secret, headers: &HeaderMap) -> Result<(), HttpProblem> {
    let sent = headers.get("x-doorledger-csrf").map(HeaderValue::as_bytes).unwrap_or_default();
    if csrf_of(secret).as_bytes().ct_eq(sent).into() {
        return Ok(());
    }
    Err(HttpProblem::new(
        StatusCode::FORBIDDEN,
        "csrf",
        "the request does not carry the token of its session",
    )
    .hint("send the csrf of GET /api/v1/session as X-Doorledger-Csrf"))
}

/// Refuses what would send a credential or an answer over the network in the clear.
pub(crate) fn check_private(peer: Peer) -> Result<(), HttpProblem> {
    if peer.is_private() {
        return Ok(());
    }
    Err(HttpProblem::new(
        StatusCode::FORBIDDEN,
        "tls_required",
        "a token and answers must not travel in the clear",
    )
    .hint("configure a TLS certificate, or declare the reverse proxy in front"))
}

/// Whether a browser sent it, for some page. Programs send none of these.
fn is_from_browser(headers: &HeaderMap) -> bool {
    headers.contains_key("sec-fetch-site")
        || headers.contains_key(ORIGIN)
        || headers.contains_key(COOKIE)
}

impl Rules {
    /// By what a request says whose it is, or why it is refused whoever sent it.
    fn credential(&self, access: Access, asked: Asked<'_>) -> Result<Credential, HttpProblem> {
        let Asked { method, peer, uri, headers } = asked;
        self.check_addressee(peer, uri, headers)?;
        if access == Access::Open {
            if !method.is_safe() {
                check_site(headers)?;
                check_private(peer)?;
            }
            return Ok(Credential::None);
        }
        check_site(headers)?;
        check_private(peer)?;
        if let Some(token) = headers.get(AUTHORIZATION).and_then(|value| bearer(value.as_bytes())) {
            if self.tokens.admit(headers) {
                return Ok(Credential::Configured);
            }
            let token = std::str::from_utf8(token);
            let token = token.map_err(|_| HttpProblem::unauthorized(TOKEN_HINT))?;
            return Ok(Credential::Token(Secret::new(token)));
        }
        if let Some(secret) = session_cookie(headers) {
            return Ok(Credential::Session(secret));
        }
        if is_from_browser(headers) {
            return Err(signed_out());
        }
        match (self.tokens.is_empty(), peer.reach) {
            (true, Reach::Local) => Ok(Credential::Local),
            (true, Reach::Proxied | Reach::Public) => Err(HttpProblem::new(
                StatusCode::FORBIDDEN,
                "no_token_configured",
                "this server is reachable from elsewhere and has no API token",
            )
            .hint("send an API token, which an administrator makes, or configure one")),
            (false, _) => Err(HttpProblem::unauthorized(TOKEN_HINT)),
        }
    }

    /// Refuses a local request that was addressed to somebody else.
    pub(crate) fn check_addressee(
        &self,
        peer: Peer,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), HttpProblem> {
        if peer.reach == Reach::Local { self.check_host(uri, headers) } else { Ok(()) }
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

    const LOCAL: Peer = Peer { reach: Reach::Local, tls: false, address: None };
    const PROXIED: Peer = Peer { reach: Reach::Proxied, tls: false, address: None };
    const PUBLIC: Peer = Peer { reach: Reach::Public, tls: false, address: None };
    const PUBLIC_TLS: Peer = Peer { reach: Reach::Public, tls: true, address: None };

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
        let asked = Asked { method: &Method::GET, peer, uri: &uri, headers: &map };
        rules.credential(access, asked).map_or_else(
            |problem| problem.details().status,
            // The registry, which is asked next, knows none.
            |found| if matches!(found, Credential::Token(_)) { 401 } else { 200 },
        )
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
            let decided = decide(tokens, Access::Viewer, peer, &headers);
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
        let asked = Asked { method: &Method::GET, peer: LOCAL, uri: &uri, headers: &headers };
        assert!(rules.credential(Access::Open, asked).is_err());
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        for (site, expected) in
            [("cross-site", 403), ("same-site", 403), ("same-origin", 401), ("none", 401)]
        {
            let headers = [("sec-fetch-site", site)];
            assert_eq!(decide(&[], Access::Viewer, LOCAL, &headers), expected, "{site}");
        }
    }

    #[test]
    fn a_browser_needs_a_session_and_a_program_on_this_machine_does_not() {
        for (header, expected) in [
            (("cookie", "theme=dark"), 401),
            (("origin", "http://localhost:7788"), 401),
            (("cookie", "theme=dark; doorledger_session=abc"), 200),
            (("user-agent", "curl/8"), 200),
            // No token of ours: as if it were not there.
            (("authorization", "Basic YTpi"), 200),
        ] {
            assert_eq!(decide(&[], Access::Viewer, LOCAL, &[header]), expected, "{header:?}");
        }
    }

    #[test]
    fn what_an_open_route_is_given_does_not_travel_in_the_clear() {
        let rules = Rules { tokens: ApiTokens::default(), hosts: Vec::new() };
        let uri = Uri::from_static("/api/v1/session");
        for (method, peer, site, expected) in [
            (Method::POST, PUBLIC, "same-origin", false),
            (Method::POST, PUBLIC_TLS, "same-origin", true),
            (Method::POST, PUBLIC_TLS, "cross-site", false),
            (Method::GET, PUBLIC, "cross-site", true),
        ] {
            let headers = [("sec-fetch-site".parse().unwrap(), site.parse().unwrap())];
            let headers = HeaderMap::from_iter(headers);
            let asked = Asked { method: &method, peer, uri: &uri, headers: &headers };
            let found = rules.credential(Access::Open, asked);
            assert_eq!(found.is_ok(), expected, "{method} {peer:?} {site}");
        }
    }
}
