//! Auth0: tenant logs, polled from the Management API or received from a custom webhook log stream.
//! Deliberately absent: what is common to all providers (`wire`, `columns`, `receiver`).

mod columns;
mod config;
mod form;
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
        Ok(Box::new(receiver(written)?))
    }

    fn poll_schema(&self) -> Value {
        form::poll().schema()
    }

    fn receive_schema(&self) -> Value {
        form::stream().schema()
    }

    fn domain(&self, written: &Value) -> Option<String> {
        let domain = Base::read(written.get("domain")?.as_str()?.trim()).ok()?;
        Some(domain.authority())
    }

    fn read_export(&self, body: &Bytes) -> Decoded {
        wire::read(body, role)
    }
}

fn receiver(written: &Value) -> Result<TokenReceiver, Vec<Problem>> {
    let mut fields = Fields::of(written);
    let receiver = TokenReceiver::read(&mut fields, AUTHORIZATION, role);
    // Nobody is asked there; it is what the events' column says.
    config::address(&mut fields, "domain");
    let problems = fields.finish();
    if problems.is_empty() { Ok(receiver) } else { Err(problems) }
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

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use model::disagreements;
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_and_readers_agree() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let encoded = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{encoded}\n-----END PRIVATE KEY-----\n");
        let samples = json!({"private_key": pem});
        let poll = |written: &Value| config::Settings::read(written).map(|it| format!("{it:?}"));
        assert_eq!(disagreements(&Auth0.poll_schema(), &samples, &poll), [""; 0]);
        let stream = |written: &Value| receiver(written).map(|it| format!("{it:?}"));
        assert_eq!(disagreements(&Auth0.receive_schema(), &samples, &stream), [""; 0]);
    }
}
