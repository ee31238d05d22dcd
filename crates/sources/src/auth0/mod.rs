//! Auth0: tenant logs, polled from the Management API or received from a custom webhook log stream.
//! Deliberately absent: what is common to all providers (`wire`, `columns`, `receiver`).

mod columns;
mod config;
mod log_id;
mod poll;
mod token;
mod trouble;
mod types;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use model::{EventContext, Fields, Problem, RowWriter, TableSchema};
use serde_json::Value;

use crate::address::Base;
use crate::receiver::TokenReceiver;
use crate::wire::{self, Role};
use crate::{Decoded, PollSource, Provider, Receiver};

/// The provider.
pub(crate) struct Auth0;

impl Provider for Auth0 {
    fn name(&self) -> &'static str {
        "auth0"
    }

    fn title(&self) -> &'static str {
        "Auth0"
    }

    fn table(&self) -> &'static TableSchema {
        &columns::TABLE
    }

    fn columns(&self, raw: &[u8], context: EventContext<'_>, row: &mut dyn RowWriter) {
        columns::fill(raw, context, row);
    }

    fn poll_name(&self) -> &'static str {
        "poll"
    }

    fn receive_name(&self) -> &'static str {
        "stream"
    }

    fn poll(&self, written: &Value) -> Result<Box<dyn PollSource>, Vec<Problem>> {
        let settings = config::Settings::read(written)?;
        Ok(Box::new(poll::Auth0PollSource::new(settings)))
    }

    fn receive(&self, written: &Value) -> Result<Box<dyn Receiver>, Vec<Problem>> {
        let mut fields = Fields::of(written);
        let receiver = TokenReceiver::read(&mut fields, AUTHORIZATION, role);
        // Nobody is asked there; it is what the events' column says.
        config::address(&mut fields, "domain");
        let problems = fields.finish();
        if problems.is_empty() { Ok(Box::new(receiver)) } else { Err(problems) }
    }

    fn domain(&self, written: &Value) -> Option<String> {
        let domain = Base::read(written.get("domain")?.as_str()?.trim()).ok()?;
        Some(domain.authority())
    }

    fn read_export(&self, body: &Bytes) -> Decoded {
        wire::read(body, role)
    }
}

/// The part that a member of an Auth0 object plays. `data` is the envelope of a log stream, `detail` that of an event bus
/// around it, `event` that of some exports; `logs` is the list of an API page with totals.
fn role(key: &[u8]) -> Role {
    match key {
        b"log_id" => Role::Id(0),
        b"_id" => Role::Id(1),
        b"id" => Role::Id(2),
        b"date" => Role::Time,
        b"data" | b"detail" | b"event" | b"logs" => Role::Inner,
        _ => Role::Plain,
    }
}
