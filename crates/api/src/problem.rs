//! The one shape of every refusal: problem details (RFC 9457) with a stable code, where in the text, and what to do.
//! Deliberately absent: which request deserves which refusal; that stands where it is decided.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use model::{Problem, QueryError, QueryErrorKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An answer that says what is wrong, with the headers that go with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpProblem {
    // Boxed, so that a `Result` with it stays small on the way of everything that goes well.
    details: Box<ProblemDetails>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The body of such an answer; its content type is `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProblemBody)]
pub struct ProblemDetails {
    /// `urn:doorledger:problem:` and the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The phrase of the status.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong here, as a lowercase fragment (a query's error in Kusto's words); never holds a credential.
    pub detail: String,
    /// Stable code of this problem (`body_too_large`), or Kusto's where there is one (`SEM0100`).
    pub code: String,
    /// Where in the query: start and end, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<(usize, usize)>,
    /// What to do next; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// Where the request has several things to mend: each of them, with its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// The code of a problem, as an extension of the answer for whoever notes how it ended.
#[derive(Debug, Clone)]
pub(crate) struct ProblemCode(pub(crate) String);

impl HttpProblem {
    /// A problem of this status and code.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        let details = ProblemDetails {
            kind: format!("urn:doorledger:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.to_owned(),
            span: None,
            hint: String::new(),
            problems: Vec::new(),
        };
        Self { details: Box::new(details), headers: Vec::new() }
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.details.hint = hint.into();
        self
    }

    /// With each thing to mend; advice that several of them give is given once.
    #[must_use]
    pub fn problems(mut self, problems: Vec<Problem>) -> Self {
        let mut hints: Vec<&str> = Vec::new();
        for problem in &problems {
            if !problem.hint.is_empty() && !hints.contains(&problem.hint.as_str()) {
                hints.push(&problem.hint);
            }
        }
        self.details.hint = hints.join("; ");
        self.details.problems = problems;
        self
    }

    /// With the time after which the same request may succeed.
    #[must_use]
    pub fn retry_after_seconds(mut self, seconds: u64) -> Self {
        self.headers.push((RETRY_AFTER, HeaderValue::from(seconds)));
        self
    }

    /// With the methods that would be allowed.
    #[must_use]
    pub fn allow(mut self, methods: &'static str) -> Self {
        self.headers.push((ALLOW, HeaderValue::from_static(methods)));
        self
    }

    /// A credential is missing or wrong. It is never said which of the two, nor is anything of it repeated.
    pub fn unauthorized(hint: impl Into<String>) -> Self {
        let mut problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "the request carries no valid credential",
        )
        .hint(hint);
        problem.headers.push((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        problem
    }

    /// There is no session, or not any more. The header that goes with the status makes no browser ask for a password.
    pub fn signed_out() -> Self {
        let detail = "nobody is signed in, or the session has ended";
        let mut problem = Self::new(StatusCode::UNAUTHORIZED, "signed_out", detail)
            .hint("sign in, or send an API token as Authorization: Bearer dl_…");
        problem.headers.push((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        problem
    }

    /// Nothing is served under this path.
    pub fn not_found(hint: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "nothing is served under this path")
            .hint(hint)
    }

    /// What the body will say.
    #[must_use]
    pub fn details(&self) -> &ProblemDetails {
        &self.details
    }
}

impl From<QueryError> for HttpProblem {
    /// A query that failed before its first row.
    fn from(error: QueryError) -> Self {
        let (status, code) = match error.kind {
            QueryErrorKind::Syntax => (StatusCode::BAD_REQUEST, "query_syntax"),
            QueryErrorKind::Semantic => (StatusCode::BAD_REQUEST, "query_semantic"),
            QueryErrorKind::Limit => (StatusCode::UNPROCESSABLE_ENTITY, "query_limit"),
            QueryErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "query_failed"),
        };
        let mut problem = Self::new(status, code, error.message).hint(error.hint);
        problem.details.span = error.span;
        if !error.code.is_empty() {
            problem.details.code = error.code;
        }
        problem
    }
}

impl IntoResponse for HttpProblem {
    fn into_response(self) -> Response {
        // Only strings and numbers: writing them as JSON cannot fail, and an empty body would still carry the status.
        let body = serde_json::to_vec(&self.details).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(self.details.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.extensions_mut().insert(ProblemCode(self.details.code));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_error_becomes_a_problem_with_its_place_and_advice() {
        let problem = HttpProblem::from(QueryError {
            kind: QueryErrorKind::Semantic,
            code: "SEM0100".into(),
            message: "'where' operator: Failed to resolve scalar expression named 'x'".into(),
            span: Some((4, 5)),
            hint: "columns here: a, b".into(),
        });
        insta::assert_snapshot!(serde_json::to_string_pretty(problem.details()).unwrap(), @r#"
        {
          "type": "urn:doorledger:problem:query_semantic",
          "title": "Bad Request",
          "status": 400,
          "detail": "'where' operator: Failed to resolve scalar expression named 'x'",
          "code": "SEM0100",
          "span": [
            4,
            5
          ],
          "hint": "columns here: a, b"
        }
        "#);
    }
}
