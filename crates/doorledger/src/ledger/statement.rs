//! The statement of one tenant's month: what came, what is proved, what is missing, where it went; signed with the data
//! folder's key. As JSON the signature covers the statement's own text without spaces, as HTML every byte before it.
//! Deliberately absent: what it means to trust the key.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use identity::{Identity, PublicKey, Signature};
use journal::Delivered;
use model::{Problem, Stretch, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Channel, Hour, Ledger, Month, OpenGap, State, html};
use crate::exit::{Exit, Failure};

/// What the statement is, in its own words.
const KIND: &str = "doorledger completeness statement";
/// What it proves, and what it does not.
const MEANING: &str = "An hour is proved if a poll of the provider's API walked all of it without a break and every event \
                       that was pushed is among what it found. It proves against what the API listed, not against what \
                       the provider failed to log.";
/// Stands before the signature of an HTML statement, on the last line.
const HTML_SIGNATURE: &str = "\n<!-- doorledger-signature ";

/// The statement of a month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Statement {
    /// What this is.
    pub(crate) kind: String,
    /// Version of its form.
    pub(crate) version: u32,
    pub(crate) provider: String,
    pub(crate) tenant: String,
    /// `2026-06`.
    pub(crate) month: String,
    /// When it was made.
    pub(crate) made: Timestamp,
    /// Version of the program.
    pub(crate) program: String,
    /// Name of the node.
    pub(crate) node: String,
    /// Where times of receipt and of making come from.
    pub(crate) clock: String,
    pub(crate) meaning: String,
    pub(crate) totals: Totals,
    /// Stretches that no walk covers.
    pub(crate) gaps: Vec<OpenGap>,
    /// What became of the events at each destination.
    pub(crate) destinations: BTreeMap<String, Went>,
    /// Every hour of which anything is known.
    pub(crate) hours: Vec<ToldHour>,
}

/// Sums of a month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totals {
    /// Different events that came by each channel.
    pub(crate) polled: u64,
    pub(crate) pushed: u64,
    pub(crate) imported: u64,
    /// Different events that came by poll and by push.
    pub(crate) both: u64,
    /// Different events that came by push, and not by poll.
    pub(crate) push_only: u64,
    pub(crate) stored: u64,
    pub(crate) duplicates: u64,
    pub(crate) rejected: u64,
    /// Hours by state.
    pub(crate) hours: BTreeMap<String, u64>,
}

/// What became of events at a destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Went {
    pub(crate) acknowledged: u64,
    pub(crate) refused: u64,
    pub(crate) unsendable: u64,
}

/// One hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ToldHour {
    pub(crate) hour: Timestamp,
    pub(crate) state: State,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) cause: String,
    pub(crate) polled: u64,
    pub(crate) pushed: u64,
    pub(crate) imported: u64,
    pub(crate) both: u64,
    pub(crate) push_only: u64,
    pub(crate) stored: u64,
    pub(crate) duplicates: u64,
    pub(crate) rejected: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) destinations: BTreeMap<String, Went>,
}

/// A statement and who signed it, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Signed {
    pub(crate) statement: Value,
    pub(crate) public_key: String,
    pub(crate) signature: String,
}

/// In which form a statement is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Json,
    Html,
}

/// Makes statements.
pub(crate) struct Desk {
    pub(crate) ledger: Ledger,
    /// `None` where the instance's key is damaged: then nothing can be signed.
    pub(crate) identity: Option<Arc<Identity>>,
    pub(crate) node: String,
}

impl Desk {
    /// The signed statement of a tenant's month. The outer error is the journal's, the inner one what is wrong with the
    /// wish. Blocks.
    pub(crate) fn document(
        &self,
        tenant: &str,
        month: &str,
        form: Shown,
        now: Timestamp,
    ) -> Result<Result<Bytes, Problem>, journal::Error> {
        let statement = match self.statement(tenant, month, now)? {
            Ok(statement) => statement,
            Err(problem) => return Ok(Err(problem)),
        };
        let Some(identity) = &self.identity else {
            let hint = "run `doorledger doctor` to see what is wrong with it and its repair";
            return Ok(Err(Problem::new("identity", "the instance's key cannot sign", hint)));
        };
        let bytes = match form {
            Shown::Json => sign_json(identity, &statement),
            Shown::Html => sign_html(identity, &statement),
        };
        Ok(Ok(Bytes::from(bytes)))
    }

    fn statement(
        &self,
        tenant: &str,
        month: &str,
        now: Timestamp,
    ) -> Result<Result<Statement, Problem>, journal::Error> {
        let Some(wanted) = Month::read(month) else {
            let hint = "write year and month: 2026-06";
            return Ok(Err(Problem::new("month", format!("`{month}` is not a month"), hint)));
        };
        let tenant = match self.ledger.find_tenant(tenant)? {
            Ok(tenant) => tenant,
            Err(problem) => return Ok(Err(problem)),
        };
        let proof = self.ledger.proof(&tenant)?;
        let stretch = wanted.stretch();
        let hours = self.ledger.hours(&tenant, &stretch)?;
        if hours.is_empty() {
            let what = format!("nothing is known of {tenant} in {wanted}");
            return Ok(Err(Problem::new("month", what, nearest_month(&proof, wanted))));
        }
        let gaps = proof.gaps.iter().filter_map(|gap| {
            let part = Stretch { from: gap.from, until: gap.until }.overlap(&stretch)?;
            Some(OpenGap { from: part.from, until: part.until, cause: gap.cause.clone() })
        });
        let hours: Vec<ToldHour> = hours.iter().map(told).collect();
        let mut destinations: BTreeMap<String, Went> = BTreeMap::new();
        for (name, went) in hours.iter().flat_map(|hour| &hour.destinations) {
            destinations.entry(name.clone()).or_default().add(*went);
        }
        Ok(Ok(Statement {
            kind: KIND.to_owned(),
            version: 1,
            provider: tenant.provider.clone(),
            tenant: tenant.tenant.clone(),
            month: wanted.to_string(),
            made: now,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            node: self.node.clone(),
            clock: "system clock of the node, UTC".to_owned(),
            meaning: MEANING.to_owned(),
            totals: totals(&hours),
            gaps: gaps.collect(),
            destinations,
            hours,
        }))
    }
}

fn sign_json(identity: &Identity, statement: &Statement) -> Vec<u8> {
    let statement = json!(statement);
    let signature = identity.sign(statement.to_string().as_bytes());
    let signed = Signed {
        statement,
        public_key: identity.public_key().to_string(),
        signature: signature.to_string(),
    };
    format!("{:#}\n", json!(signed)).into_bytes()
}

fn sign_html(identity: &Identity, statement: &Statement) -> Vec<u8> {
    let key = identity.public_key();
    let page = html::page(statement, &key.to_string());
    let signature = identity.sign(page.as_bytes());
    format!("{page}{HTML_SIGNATURE}{signature} by {key} -->\n").into_bytes()
}

impl Went {
    fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.unsendable += other.unsendable;
    }
}

/// Whether a statement, in either form, is as it was signed, and by whom. `Err` if it was changed, or is no statement.
pub(crate) fn check_document(document: &str) -> Result<PublicKey> {
    let (message, key, signature) = match document.rsplit_once(HTML_SIGNATURE) {
        Some((page, rest)) => {
            let rest = rest.strip_suffix(" -->\n").or(rest.strip_suffix(" -->"));
            let (signature, key) =
                rest.and_then(|rest| rest.split_once(" by ")).ok_or_else(not_a_statement)?;
            (page.to_owned(), key.to_owned(), signature.to_owned())
        }
        None => {
            let signed: Signed = serde_json::from_str(document).map_err(|_| not_a_statement())?;
            (signed.statement.to_string(), signed.public_key, signed.signature)
        }
    };
    let key: PublicKey = key.parse().context("read the statement's key")?;
    let signature: Signature = signature.parse().context("read the statement's signature")?;
    if key.verifies(message.as_bytes(), &signature) {
        return Ok(key);
    }
    let hint = "ask the instance for it anew: `doorledger completeness`";
    let message = "the statement was changed after it was signed";
    Err(Failure::error(Exit::Findings, format!("{message}\n  hint: {hint}")))
}

fn not_a_statement() -> anyhow::Error {
    let hint = "give the file that `doorledger completeness --format json` or `html` wrote, whole";
    Failure::error(Exit::Data, format!("this is not a signed statement\n  hint: {hint}"))
}

fn told(hour: &Hour) -> ToldHour {
    let sum = |of: fn(&journal::Counts) -> u64| hour.accounts.values().map(of).sum();
    let mut destinations: BTreeMap<String, Went> = BTreeMap::new();
    for ((_, reader), delivered) in &hour.deliveries {
        let name = super::table::destination(reader).to_owned();
        let Delivered { acknowledged, refused, unsendable } = *delivered;
        destinations.entry(name).or_default().add(Went { acknowledged, refused, unsendable });
    }
    ToldHour {
        hour: hour.hour,
        state: hour.state,
        cause: hour.cause.clone(),
        polled: hour.distinct(Channel::Poll),
        pushed: hour.distinct(Channel::Push),
        imported: hour.distinct(Channel::Import),
        both: hour.both(),
        push_only: hour.push_only(),
        stored: sum(|counts| counts.stored),
        duplicates: sum(|counts| counts.duplicates),
        rejected: sum(|counts| counts.rejected),
        destinations,
    }
}

/// The sums of some hours.
pub(crate) fn totals(hours: &[ToldHour]) -> Totals {
    let mut totals = Totals::default();
    for hour in hours {
        totals.polled += hour.polled;
        totals.pushed += hour.pushed;
        totals.imported += hour.imported;
        totals.both += hour.both;
        totals.push_only += hour.push_only;
        totals.stored += hour.stored;
        totals.duplicates += hour.duplicates;
        totals.rejected += hour.rejected;
        *totals.hours.entry(hour.state.name().to_owned()).or_default() += 1;
    }
    totals
}

fn nearest_month(proof: &super::Proof, wanted: Month) -> String {
    let Some(known) = proof.hours else { return "nothing has come of it yet".to_owned() };
    let near = if wanted.stretch().until <= known.from {
        Month::of(known.from)
    } else {
        let last = known.until.checked_sub(model::SignedDuration::from_nanos(1));
        Month::of(last.unwrap_or(known.from))
    };
    near.map_or_else(String::new, |near| format!("the nearest month is {near}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_statement_is_told_so() {
        for document in ["", "{}", "<html>", "<html>\n<!-- doorledger-signature x -->\n"] {
            assert!(check_document(document).is_err(), "{document}");
        }
    }

    #[test]
    fn a_statement_that_was_laid_out_anew_is_the_same_and_a_changed_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::open(folder.path()).unwrap();
        let statement =
            json!({"kind": KIND, "totals": {"stored": 12}, "hours": [{"cause": "<b>"}]});
        let signed = json!({
            "statement": statement,
            "public_key": identity.public_key().to_string(),
            "signature": identity.sign(statement.to_string().as_bytes()).to_string(),
        });
        for document in [signed.to_string(), format!("{signed:#}")] {
            assert_eq!(check_document(&document).unwrap(), identity.public_key());
            let changed = document.replace("12", "13");
            let told = check_document(&changed).unwrap_err().to_string();
            assert!(told.contains("was changed"), "{told}");
        }
    }
}
