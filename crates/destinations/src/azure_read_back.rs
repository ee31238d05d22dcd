//! Reading back: asking the Log Analytics workspace behind a destination how many of our events it shows, hour by hour, so
//! that what was acknowledged can be compared with what is there.
//!
//! The hours are those of the events' own time, because the journal counts deliveries by them: a column of the table must
//! hold that time. Rows are counted, not different events: a repeat may hide a loss, but nothing that was delivered twice
//! can look like one.
//! Deliberately absent: when to ask, and the comparison.

mod answer;
mod form;
mod question;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use model::{Fields, Secret, SignedDuration, Timestamp};
use net::{Answer, Cloud, EntraCredential, Request};
use serde_json::json;
use url::Url;

pub use self::answer::{Seen, Unread};
pub(crate) use self::form::field;
use crate::azure_logs_ingestion::{authority, identity};
use crate::written::{address, names_by_provider};

/// How long the service may think about the question; it gives up by itself after three minutes.
const QUESTION_SECONDS_MAX: u64 = 120;
/// How long after it was acknowledged an event must be visible, unless the user says otherwise. Minutes are usual.
const GRACE_SECONDS_DEFAULT: u64 = 3_600;
/// The longest that may be said: more, and hardly an hour of the last day would be compared.
const GRACE_SECONDS_MAX: u64 = 12 * 3_600;

/// How to ask a workspace what it shows. Its `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct ReadBack {
    /// Whose token the question needs.
    pub credential: EntraCredential,
    /// For how long after it was acknowledged an event may be invisible.
    pub grace: SignedDuration,
    workspace_id: String,
    url: Url,
    tables: Vec<ReadTable>,
}

/// A table of the workspace that our events go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadTable {
    /// Its name: `Auth0Logs_CL`.
    pub name: String,
    /// Whose events it takes.
    pub providers: Vec<String>,
    /// The columns that may hold an event's own time, the first that has one counts. Empty: nobody knows one, and nothing
    /// can be compared.
    pub time_columns: Vec<String>,
}

impl ReadBack {
    /// The tables.
    #[must_use]
    pub fn tables(&self) -> &[ReadTable] {
        &self.tables
    }

    /// Where it is asked.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// What is compared with, in one line: when it changes, what was acknowledged before went elsewhere.
    #[must_use]
    pub fn place(&self) -> String {
        self.to_string()
    }

    /// The question how many events of `hours` (of their own time) each of `tables` shows.
    #[must_use]
    pub fn request(
        &self,
        tables: &[&ReadTable],
        hours: &Range<Timestamp>,
        token: &Secret,
    ) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // A token that cannot stand in a header is no token: the service will ask for one.
        if let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {}", token.expose())) {
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let body = json!({ "query": question::write(tables, hours) });
        Request {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: Bytes::from(body.to_string()),
            timeout: Duration::from_secs(QUESTION_SECONDS_MAX),
        }
    }

    /// What the answer says.
    ///
    /// # Errors
    /// If it says nothing that could be compared: refused, failed, in part, or in another form.
    pub fn read(&self, answer: &Answer) -> Result<Vec<Seen>, Unread> {
        answer::read(answer)
    }
}

impl fmt::Display for ReadBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.workspace_id)?;
        for table in &self.tables {
            let (providers, columns) = (table.providers.join("+"), table.time_columns.join("+"));
            write!(f, " {providers}:{}:{columns}", table.name)?;
        }
        Ok(())
    }
}

/// What a destination knows without being told.
pub(crate) struct Usual<'a> {
    /// The cloud that it is in.
    pub(crate) cloud: Cloud,
    /// Who it is there.
    pub(crate) credential: Option<&'a EntraCredential>,
    /// The workspace that it writes to.
    pub(crate) workspace_id: Option<&'a str>,
    /// The table of each provider.
    pub(crate) tables: &'a [(&'a str, &'a str)],
    /// The column of the event's own time there; empty if it is not known.
    pub(crate) time_columns: &'a [(&'a str, &'a str)],
}

/// The field `read_back`. `None` if it is absent, or wrong.
pub(crate) fn written(fields: &mut Fields<'_>, usual: &Usual<'_>) -> Option<ReadBack> {
    let written = fields.value("read_back")?;
    let mut inner = Fields::of(written);
    let read_back = inner_fields(&mut inner, usual);
    let problems = inner.finish();
    let is_whole = problems.is_empty();
    fields.problems_under("read_back", problems);
    read_back.filter(|_| is_whole)
}

fn inner_fields(fields: &mut Fields<'_>, usual: &Usual<'_>) -> Option<ReadBack> {
    let workspace_id = workspace_id(fields, usual.workspace_id);
    let credential = credential(fields, usual);
    let url = address(fields, "endpoint", usual.cloud.logs_query_endpoint());
    let endpoint = if fields.is_absent("endpoint") {
        Url::parse(usual.cloud.logs_query_endpoint()).ok()
    } else {
        url
    };
    let tables = names_by_provider(
        fields,
        "tables",
        usual.tables,
        is_name,
        "the table of the workspace: letters, digits, _ and -, at most 100",
    );
    let columns = names_by_provider(
        fields,
        "time_column",
        usual.time_columns,
        is_name,
        "the column that holds the event's own time: letters, digits, _ and -, at most 100",
    );
    let grace = fields.number("grace_seconds", 0, GRACE_SECONDS_MAX);
    let grace = grace.unwrap_or(GRACE_SECONDS_DEFAULT);
    let (workspace_id, mut url) = (workspace_id?, endpoint?);
    let base = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{base}/v1/workspaces/{workspace_id}/query"));
    Some(ReadBack {
        credential: credential?,
        grace: SignedDuration::from_secs(i64::try_from(grace).ok()?),
        workspace_id,
        url,
        tables: by_table(tables, &columns),
    })
}

fn workspace_id(fields: &mut Fields<'_>, usual: Option<&str>) -> Option<String> {
    let hint = "the workspace's id, a GUID: in the Azure portal on the workspace's overview page";
    let written = match usual {
        Some(_) => fields.text("workspace_id"),
        None => fields.required_text("workspace_id", hint),
    };
    let id = written.map(str::to_owned).or(usual.map(str::to_owned))?;
    if id.len() <= 100 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Some(id);
    }
    fields.problem("workspace_id", "is not a workspace id", hint);
    None
}

/// The destination's own identity, unless another is written; either way for another audience.
fn credential(fields: &mut Fields<'_>, usual: &Usual<'_>) -> Option<EntraCredential> {
    let audience = fields.text("audience").unwrap_or(usual.cloud.logs_query_audience()).to_owned();
    let authority = match usual.credential {
        Some(credential) if fields.is_absent("authority") => {
            fields.value("authority");
            Some(credential.authority.clone())
        }
        _ => authority(fields, usual.cloud),
    };
    let identity = match usual.credential {
        Some(credential) if fields.is_absent("identity") => {
            fields.value("identity");
            Some(credential.identity.clone())
        }
        _ => identity(fields),
    };
    Some(EntraCredential { authority: authority?, audience, identity: identity? })
}

fn by_table(tables: Vec<(String, String)>, columns: &[(String, String)]) -> Vec<ReadTable> {
    let mut found: Vec<ReadTable> = Vec::new();
    for (provider, name) in tables {
        match found.iter_mut().find(|table| table.name == name) {
            Some(table) => table.providers.push(provider),
            None => found.push(ReadTable { name, providers: vec![provider], time_columns: vec![] }),
        }
    }
    for table in &mut found {
        let of = |provider: &String| {
            let column = columns.iter().find(|(known, _)| known == provider);
            column.map(|(_, column)| column.clone()).filter(|column| !column.is_empty())
        };
        // One provider whose column nobody knows, and the table's count is not to be explained.
        let known: Option<Vec<String>> = table.providers.iter().map(of).collect();
        table.time_columns = known.unwrap_or_default();
        table.time_columns.dedup();
    }
    found
}

/// What can stand between `['` and `']` of a question as it is.
fn is_name(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests;
