//! `/api/v1/session`: signing in, who one is, signing out, another password. Whoever guesses is slowed down.
//! Deliberately absent: comparing passwords and keeping sessions (`Accounts`), and the cookie's form (`cookies`).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode};
use model::{AuditNote, Role, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Caller, caller_of, peer_of};
use crate::api::Shared;
use crate::cookies::{cookie_of, csrf_of, no_cookie};
use crate::json_body::read_json;
use crate::problem::HttpProblem;

/// Bytes of a name at most that is looked up.
const NAME_BYTES_MAX: usize = 128;
/// How long somebody is asked to wait when as many passwords are being compared as may be.
const BUSY_RETRY_SECONDS: u64 = 1;

/// The body of `POST /api/v1/session`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// The name.
    pub(crate) name: String,
    /// The password.
    pub(crate) password: Secret,
}

/// Who one is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct User {
    /// The name.
    pub(crate) name: String,
    /// What one may do.
    pub(crate) role: Role,
}

/// A session that was just begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BegunSession)]
pub(crate) struct Begun {
    /// Whose it is.
    pub(crate) user: User,
    /// What every change carries as `X-Doorledger-Csrf`.
    pub(crate) csrf: String,
    /// When it ends if it is not used any more.
    pub(crate) expires: Timestamp,
}

/// The session, if there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct Standing {
    /// Whose it is; null if nobody is signed in.
    #[schema(required)]
    pub(crate) user: Option<User>,
    /// What every change carries as `X-Doorledger-Csrf`; null for programs.
    #[schema(required)]
    pub(crate) csrf: Option<String>,
    /// When it ends if it is not used any more; null for programs.
    #[schema(required)]
    pub(crate) expires: Option<Timestamp>,
    /// The server's version.
    pub(crate) version: &'static str,
    /// Whether this request needs no sign-in: it comes from a program on the same machine.
    pub(crate) open: bool,
}

/// The body of `POST /api/v1/session/password`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// The present password.
    pub(crate) old: Secret,
    /// The next one.
    pub(crate) new: Secret,
}

/// `POST /api/v1/session`
pub(crate) async fn sign_in(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Response, HttpProblem> {
    let peer = peer_of(&request);
    let sender = peer.sender(request.headers());
    let SignIn { mut name, password } = read_json(&shared, request).await?;
    if name.len() > NAME_BYTES_MAX {
        // Nobody has such a name; but an attempt it is.
        name = "?".to_owned();
    }
    shared.throttle.begin(shared.clock.now(), &name, sender).map_err(slower)?;
    let place = shared.sign_ins.take(1).ok_or_else(busy)?;
    let signed_in = shared.accounts.sign_in(name.clone(), password).await?;
    drop(place);
    let note = |role, outcome: &str| AuditNote {
        who: name.clone(),
        role,
        action: "POST /api/v1/session".to_owned(),
        object: "session".to_owned(),
        outcome: outcome.to_owned(),
        detail: sender.map(|address| format!("from {address}")).unwrap_or_default(),
    };
    let Some(signed_in) = signed_in else {
        shared.accounts.note(note(None, "sign_in_wrong")).await?;
        return Err(wrong());
    };
    shared.throttle.succeeded(&name, sender);
    let session = signed_in.session;
    shared.accounts.note(note(Some(session.role), "ok")).await?;
    let begun = Begun {
        user: User { name: session.name, role: session.role },
        csrf: csrf_of(&signed_in.secret),
        expires: session.expires,
    };
    let mut response = Json(begun).into_response();
    set_cookie(&mut response, cookie_of(&signed_in.secret, peer));
    Ok(response)
}

/// `GET /api/v1/session`: never refused, so that a page can ask what to show.
pub(crate) async fn show(State(shared): State<Arc<Shared>>, head: Parts) -> Json<Standing> {
    let caller = caller_of(&shared, &head).await;
    let session = caller.as_ref().and_then(|caller| caller.session.clone());
    Json(Standing {
        open: caller.as_ref().is_some_and(|caller| caller.who == "local"),
        user: caller.map(|caller| User { name: caller.who, role: caller.role }),
        csrf: session.as_ref().map(|(secret, _)| csrf_of(secret)),
        expires: session.map(|(_, expires)| expires),
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// `DELETE /api/v1/session`
pub(crate) async fn sign_out(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    request: axum::extract::Request,
) -> Result<Response, HttpProblem> {
    if let Some((secret, _)) = caller.session {
        shared.accounts.sign_out(secret).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, no_cookie(peer_of(&request)));
    Ok(response)
}

/// `POST /api/v1/session/password`
pub(crate) async fn change_password(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    request: Request<Body>,
) -> Result<StatusCode, HttpProblem> {
    let sender = peer_of(&request).sender(request.headers());
    let PasswordChange { old, new } = read_json(&shared, request).await?;
    let Some((kept, _)) = caller.session else {
        let detail = "a program has no password";
        return Err(HttpProblem::new(StatusCode::BAD_REQUEST, "invalid", detail)
            .hint("sign in, or let an administrator change it under /api/v1/users"));
    };
    shared.throttle.begin(shared.clock.now(), &caller.who, sender).map_err(slower)?;
    let place = shared.sign_ins.take(1).ok_or_else(busy)?;
    let who = caller.who.clone();
    let changed = shared.accounts.change_own_password(who, old, new, kept).await?;
    drop(place);
    if !changed {
        let detail = "the present password is another one";
        return Err(HttpProblem::new(StatusCode::FORBIDDEN, "password_wrong", detail)
            .hint("try again; an administrator can give a new one"));
    }
    shared.throttle.succeeded(&caller.who, sender);
    Ok(StatusCode::NO_CONTENT)
}

fn set_cookie(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
}

/// It is not said whether there is such a name.
fn wrong() -> HttpProblem {
    let detail = "name or password is wrong";
    HttpProblem::new(StatusCode::UNAUTHORIZED, "sign_in_wrong", detail)
        .hint("an administrator can give a new password; on the server, `doorledger user passwd NAME` does")
}

fn slower(seconds: u64) -> HttpProblem {
    let detail = "too many attempts in a short time";
    HttpProblem::new(StatusCode::TOO_MANY_REQUESTS, "sign_in_throttled", detail)
        .hint("try again after the time in Retry-After")
        .retry_after_seconds(seconds)
}

/// Comparing and hashing passwords takes memory, by design.
pub(crate) fn busy() -> HttpProblem {
    let detail = "as many people sign in as may at once";
    HttpProblem::new(StatusCode::TOO_MANY_REQUESTS, "sign_in_busy", detail)
        .hint("try again after the time in Retry-After")
        .retry_after_seconds(BUSY_RETRY_SECONDS)
}
