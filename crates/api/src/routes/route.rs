//! One route: what the table says of it, and what the document of the interface needs beyond that. Everything is a
//! constant, so that a route is one expression of the table.
//! Deliberately absent: the table itself (`routes`), and writing the document (`document`).

use std::sync::Arc;

use axum::routing::MethodRouter;
use http::StatusCode;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

use crate::access::Access;
use crate::api::Shared;
use crate::document::{Components, Schema, schema_of};

/// What is answered unless a route says otherwise, and where there is no body.
const OK: &[u16] = &[StatusCode::OK.as_u16()];
const NO_CONTENT: &[u16] = &[StatusCode::NO_CONTENT.as_u16()];

/// The content type of text for people.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// Makes the handler; a function, since a handler is no constant.
pub(super) type Handler = fn() -> MethodRouter<Arc<Shared>>;

/// One route.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    /// `GET` brings `HEAD` along.
    pub(crate) method: &'static str,
    /// The path, with `{name}` for a part that varies.
    pub(crate) path: &'static str,
    /// The role that it asks for.
    pub(crate) access: Access,
    /// Whether it changes anything; then it leaves an entry in the audit trail.
    pub(crate) changes: bool,
    /// What it does.
    pub(crate) about: &'static str,
    /// What goes in.
    pub(crate) body: Taken,
    /// What may stand behind the `?`.
    pub(crate) filter: Option<fn() -> Vec<Parameter>>,
    /// A header that it heeds, with what it is for.
    pub(crate) heeds: Option<(&'static str, &'static str)>,
    /// What comes out.
    pub(crate) answer: Given,
    /// Forms of the answer besides the first one.
    pub(crate) other_forms: &'static [&'static str],
    /// With which status.
    pub(crate) statuses: &'static [u16],
    /// Statuses of refusals besides those that follow from the role, the body and the parameters.
    pub(crate) refusals: &'static [u16],
    /// The handler.
    pub(super) handler: Handler,
}

/// The body of a request.
#[derive(Clone, Copy)]
pub(crate) enum Taken {
    /// There is none.
    Nothing,
    /// JSON.
    Json(fn(&mut Components) -> Schema),
    /// Any JSON object: a document that others define.
    Object,
    /// Events in these forms.
    Events(&'static [&'static str]),
}

/// The body of an answer.
#[derive(Clone, Copy)]
pub(crate) enum Given {
    /// Not said yet; a test refuses it.
    Unsaid,
    /// There is none.
    Nothing,
    /// JSON.
    Json(fn(&mut Components) -> Schema),
    /// JSON, or null.
    JsonOrNull(fn(&mut Components) -> Schema),
    /// Any JSON object: a document that others define.
    Object,
    /// Frames, a JSON object a line.
    Frames,
    /// Text of this content type.
    Text(&'static str),
}

impl Route {
    /// With a JSON body.
    pub(super) const fn takes<T: ToSchema>(mut self) -> Self {
        self.body = Taken::Json(schema_of::<T>);
        self
    }

    /// With a JSON document that is described elsewhere.
    pub(super) const fn takes_object(mut self) -> Self {
        self.body = Taken::Object;
        self
    }

    /// With a body of events in one of these forms.
    pub(super) const fn takes_events(mut self, forms: &'static [&'static str]) -> Self {
        self.body = Taken::Events(forms);
        self
    }

    /// With parameters behind the `?`.
    pub(super) const fn filtered_by<T: IntoParams>(mut self) -> Self {
        self.filter = Some(|| T::into_params(|| Some(ParameterIn::Query)));
        self
    }

    /// With a header that is heeded.
    pub(super) const fn heeds(mut self, name: &'static str, about: &'static str) -> Self {
        self.heeds = Some((name, about));
        self
    }

    /// Answers with JSON.
    pub(super) const fn gives<T: ToSchema>(mut self) -> Self {
        self.answer = Given::Json(schema_of::<T>);
        self
    }

    /// Answers with JSON, or with null where there is nothing to tell.
    pub(super) const fn gives_or_null<T: ToSchema>(mut self) -> Self {
        self.answer = Given::JsonOrNull(schema_of::<T>);
        self
    }

    /// Answers with a JSON document that is described elsewhere.
    pub(super) const fn gives_object(mut self) -> Self {
        self.answer = Given::Object;
        self
    }

    /// Answers with frames.
    pub(super) const fn gives_frames(mut self) -> Self {
        self.answer = Given::Frames;
        self
    }

    /// Answers with text.
    pub(super) const fn gives_text(mut self, content_type: &'static str) -> Self {
        self.answer = Given::Text(content_type);
        self
    }

    /// Answers with a status alone.
    pub(super) const fn gives_nothing(mut self) -> Self {
        self.answer = Given::Nothing;
        self.statuses = NO_CONTENT;
        self
    }

    /// In other forms too, where they are accepted.
    pub(super) const fn or_as(mut self, content_types: &'static [&'static str]) -> Self {
        self.other_forms = content_types;
        self
    }

    /// With one of these statuses.
    pub(super) const fn with(mut self, statuses: &'static [u16]) -> Self {
        self.statuses = statuses;
        self
    }

    /// Changes an application, and answers with a status alone.
    pub(super) const fn manages(self) -> Self {
        self.gives_nothing().refuses(&[404, 409, 503])
    }

    /// Refuses with these statuses too.
    pub(super) const fn refuses(mut self, statuses: &'static [u16]) -> Self {
        self.refusals = statuses;
        self
    }
}

/// A route of which nothing is said but what the table says.
const fn plain(
    method: &'static str,
    path: &'static str,
    access: Access,
    about: &'static str,
    handler: Handler,
) -> Route {
    Route {
        method,
        path,
        access,
        changes: false,
        about,
        body: Taken::Nothing,
        filter: None,
        heeds: None,
        answer: Given::Unsaid,
        other_forms: &[],
        statuses: OK,
        refusals: &[],
        handler,
    }
}

/// A route that is asked with `GET`.
pub(super) const fn reads(
    path: &'static str,
    access: Access,
    about: &'static str,
    handler: Handler,
) -> Route {
    plain("GET", path, access, about, handler)
}

/// A route that is asked with a body and changes nothing.
pub(super) const fn asks(
    path: &'static str,
    access: Access,
    about: &'static str,
    handler: Handler,
) -> Route {
    plain("POST", path, access, about, handler)
}

/// A route that changes something.
pub(super) const fn changes(
    method: &'static str,
    path: &'static str,
    access: Access,
    about: &'static str,
    handler: Handler,
) -> Route {
    let mut route = plain(method, path, access, about, handler);
    route.changes = true;
    route
}
