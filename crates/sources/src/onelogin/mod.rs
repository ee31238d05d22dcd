//! OneLogin: events, polled from the events API or received from an event webhook.
//! Deliberately absent: what is common to all providers (`wire`, `columns`, `receiver`).

mod columns;
mod config;
mod form;
mod page;
mod poll;
mod token;
mod trouble;
mod twins;
mod types;

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderName;
use http::header::AUTHORIZATION;
use model::{Event, EventContext, Fields, Problem, RowWriter, TableSchema};
use serde_json::Value;

use crate::receiver::TokenReceiver;
use crate::wire::{self, Role};
use crate::{Decoded, PollSource, Provider, Receiver};

/// The provider.
pub(crate) struct OneLogin;

impl Provider for OneLogin {
    fn name(&self) -> &'static str {
        "onelogin"
    }

    fn title(&self) -> &'static str {
        "OneLogin"
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
        "webhook"
    }

    fn poll(&self, written: &Value) -> Result<Box<dyn PollSource>, Vec<Problem>> {
        let settings = config::Settings::read(written)?;
        Ok(Box::new(poll::OneLoginPollSource(Arc::new(settings))))
    }

    fn receive(&self, written: &Value) -> Result<Box<dyn Receiver>, Vec<Problem>> {
        Ok(Box::new(receiver(written)?))
    }

    fn poll_schema(&self) -> Value {
        form::poll().schema()
    }

    fn receive_schema(&self) -> Value {
        form::webhook().schema()
    }

    fn read_export(&self, body: &Bytes) -> Decoded {
        wire::read(body, role)
    }

    fn tells_under_two_ids(&self) -> bool {
        true
    }

    fn content(&self, event: &Event) -> Option<u128> {
        twins::content(event)
    }

    fn join(&self, first: (&str, &[u8]), second: (&str, &[u8])) -> Option<(String, Vec<u8>)> {
        twins::join(first, second)
    }
}

fn receiver(written: &Value) -> Result<TokenReceiver, Vec<Problem>> {
    let mut fields = Fields::of(written);
    let header = match fields.text("header").map(str::parse::<HeaderName>) {
        None => AUTHORIZATION,
        Some(Ok(name)) => name,
        Some(Err(_)) => {
            let hint = "write the name alone: X-OneLogin-Token";
            fields.problem("header", "is not the name of an HTTP header", hint);
            AUTHORIZATION
        }
    };
    let receiver = TokenReceiver::read(&mut fields, header, role);
    let problems = fields.finish();
    if problems.is_empty() { Ok(receiver) } else { Err(problems) }
}

/// The part that a member of a OneLogin object plays. `event` is the envelope of a webhook's lines, `data` the list of an
/// API page. Webhook events have a `uuid` and no `id`; API events the other way round.
fn role(key: &[u8]) -> Role {
    match key {
        b"uuid" => Role::Id(0),
        b"create" => Role::IdWithin(1),
        b"id" => Role::Id(2),
        b"event_timestamp" | b"created_at" => Role::Time,
        b"event_type_id" => Role::Mark,
        b"event" | b"data" => Role::Inner,
        _ => Role::Plain,
    }
}

#[cfg(test)]
mod tests {
    use model::disagreements;
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_and_readers_agree() {
        let poll = |written: &Value| config::Settings::read(written).map(|it| format!("{it:?}"));
        assert_eq!(disagreements(&OneLogin.poll_schema(), &json!({}), &poll), [""; 0]);
        let webhook = |written: &Value| receiver(written).map(|it| format!("{it:?}"));
        assert_eq!(disagreements(&OneLogin.receive_schema(), &json!({}), &webhook), [""; 0]);
    }
}
