//! `GET /api/v1/ledger`: the signed statement of a tenant's month, as JSON or as a page. The port and its route.
//! Deliberately absent: making and signing it, which the binary does behind [`LedgerDesk`].

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::Shared;
use crate::operations::OperationError;
use crate::problem::HttpProblem;

/// Makes statements.
pub trait LedgerDesk: Send + Sync {
    /// The statement that is wanted, signed.
    fn statement(&self, wanted: StatementRequest) -> BoxFuture<'_, Result<Bytes, OperationError>>;
}

/// Which statement is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct StatementRequest {
    /// The tenant: `acme`, or `auth0/acme` where several providers have one of that name.
    pub tenant: String,
    /// The month: `2026-06`.
    pub month: String,
    /// In which form.
    #[serde(default)]
    #[param(inline)]
    pub format: StatementForm,
}

/// Forms of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StatementForm {
    /// A JSON document.
    #[default]
    Json,
    /// A page that prints well.
    Html,
}

/// `GET /api/v1/ledger`
pub(crate) async fn statement(
    State(shared): State<Arc<Shared>>,
    wanted: Result<Query<StatementRequest>, QueryRejection>,
) -> Result<Response, HttpProblem> {
    let Query(wanted) = wanted.map_err(|error| {
        HttpProblem::new(StatusCode::BAD_REQUEST, "invalid", error.body_text())
            .hint("ask for /api/v1/ledger?tenant=NAME&month=2026-06")
    })?;
    let kind = match wanted.format {
        StatementForm::Json => "application/json",
        StatementForm::Html => "text/html; charset=utf-8",
    };
    let document = shared.ledger.statement(wanted).await.map_err(refusal)?;
    Ok(([(CONTENT_TYPE, kind)], document).into_response())
}

/// One wish, one problem: its hint is the answer's.
fn refusal(error: OperationError) -> HttpProblem {
    let hint = match &error {
        OperationError::Refused(problems) => problems.first().map(|problem| problem.hint.clone()),
        OperationError::Intake(_) => None,
    };
    let problem = HttpProblem::from(error);
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}
