//! *Azure Monitor HTTP Data Collector API* (version 2016-04-01): a workspace key signs each post, the service infers the
//! columns. The body is a JSON array of the events exactly as the provider wrote them.
//!
//! Facts from Microsoft's page "Send log data to Azure Monitor by using the HTTP Data Collector API". By its own notice the
//! service ends on 14 September 2026; it stays here for those who run a compatible receiver, and to say so plainly.
//! Deliberately absent: columns (the service's business) and compression (it takes none).

mod form;
mod probe;
mod time_field;

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use jiff::fmt::rfc2822;
use model::limits::EVENT_LEVELS_MAX;
use model::{Fields, Problem, Secret, SourceId, Timestamp, is_nested_deeper_than};
use net::{Answer, Cloud, Request, TransportError, TransportErrorKind, retry_after_seconds};
use serde_json::Value;
use url::Url;

use crate::array::ArrayFiller;
use crate::azure_answer::complaint;
use crate::azure_read_back::{self, ReadBack};
use crate::cut::write_leaves_cut;
use crate::written::{TenantFilter, address, cloud, names_by_provider};
use crate::{
    Credential, Destination, DestinationKind, Finding, Outgoing, Packed, Parcel, Probe, Verdict,
};

/// The service's limit of a post ("30 MB").
const POST_BYTES_MAX: usize = 30_000_000;

/// The size at which a post is full, unless the user sets another: large enough that the signature, the headers and the
/// round trip do not count, small enough to be sent again lightly.
const POST_BYTES_DEFAULT: usize = 1024 * 1024;

/// The smallest size that a user may set: it holds every event that the program accepts.
const POST_BYTES_LEAST: u64 = model::limits::EVENT_BYTES_MAX as u64;

/// The version that this file speaks.
const API_VERSION_DEFAULT: &str = "2016-04-01";

/// The service's limit of a field ("32 KB").
const FIELD_BYTES_MAX: usize = 32 * 1024;

/// The service answers 404 to a post that is too large as well as to an unknown address. Below this, it is the address.
const CLEARLY_SMALL_BYTES: usize = 2 * 1024 * 1024;

/// How long a post may take.
const POST_SECONDS_MAX: u64 = 60;

/// The tables of Microsoft's function connectors, without their `_CL`, which the service appends.
const LOG_TYPES: [(&str, &str); 2] = [("auth0", "Auth0AM"), ("onelogin", "OneLogin")];

/// What is signed and requested, after the host.
const RESOURCE: &str = "/api/logs";

const JSON: &str = "application/json";

const GONE_HINT: &str = "Microsoft ended the HTTP Data Collector API on 14 September 2026: use the destination \
                         azure_logs_ingestion instead";

/// The columns that the service makes of the field with the event's own time. OneLogin's has one name in a webhook's event
/// and another in the API's, and so two columns: none can be named for both.
const TIME_COLUMNS: [(&str, &str); 2] = [("auth0", "date_t"), ("onelogin", "")];

/// The kind of destination.
pub(crate) struct AzureDataCollector;

impl DestinationKind for AzureDataCollector {
    fn name(&self) -> &'static str {
        "azure_data_collector"
    }

    fn title(&self) -> &'static str {
        "Azure Monitor HTTP Data Collector"
    }

    fn schema(&self) -> Value {
        form::form().schema()
    }

    fn validate(&self, written: &Value) -> Result<Box<dyn Destination>, Vec<Problem>> {
        let mut fields = Fields::of(written);
        let workspace_id = workspace_id(&mut fields);
        let key = shared_key(&mut fields);
        let cloud = cloud(&mut fields);
        let url = post_address(&mut fields, cloud, workspace_id.unwrap_or_default());
        let log_types = names_by_provider(
            &mut fields,
            "log_type",
            &LOG_TYPES,
            is_log_type,
            "letters, digits and _ only, a letter first, at most 100; the table is this name and _CL",
        );
        let post_bytes = fields.number("post_bytes", POST_BYTES_LEAST, POST_BYTES_MAX as u64);
        let time_generated = fields.flag("time_generated").unwrap_or(true);
        let resource_id = resource_id(&mut fields);
        let tenants = TenantFilter::written(&mut fields);
        let tables: Vec<(&str, String)> = log_types
            .iter()
            .map(|(provider, log_type)| (provider.as_str(), format!("{log_type}_CL")))
            .collect();
        let tables: Vec<(&str, &str)> =
            tables.iter().map(|(provider, table)| (*provider, table.as_str())).collect();
        let usual = azure_read_back::Usual {
            cloud,
            credential: None,
            workspace_id,
            tables: &tables,
            time_columns: &TIME_COLUMNS,
        };
        let read_back = azure_read_back::written(&mut fields, &usual);
        let problems = fields.finish();
        match (workspace_id, key, url, problems.is_empty()) {
            (Some(workspace_id), Some(key), Some(url), true) => Ok(Box::new(DataCollector {
                workspace_id: workspace_id.to_owned(),
                key,
                url,
                log_types,
                post_bytes: post_bytes
                    .and_then(|bytes| usize::try_from(bytes).ok())
                    .unwrap_or(POST_BYTES_DEFAULT),
                time_generated,
                resource_id,
                tenants,
                read_back,
            })),
            _ => Err(problems),
        }
    }
}

struct DataCollector {
    workspace_id: String,
    key: hmac::Key,
    url: Url,
    /// Provider and log type.
    log_types: Vec<(String, String)>,
    post_bytes: usize,
    time_generated: bool,
    resource_id: Option<HeaderValue>,
    tenants: TenantFilter,
    read_back: Option<ReadBack>,
}

impl fmt::Debug for DataCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataCollector")
            .field("workspace_id", &self.workspace_id)
            .field("url", &self.url.as_str())
            .field("log_types", &self.log_types)
            .field("post_bytes", &self.post_bytes)
            .field("time_generated", &self.time_generated)
            .field("tenants", &self.tenants)
            .field("read_back", &self.read_back)
            .finish_non_exhaustive()
    }
}

impl Destination for DataCollector {
    fn takes(&self, source: &SourceId) -> bool {
        self.log_type(source).is_some()
    }

    fn pack(&self, events: &[Outgoing]) -> Packed {
        let mut packed = Packed::default();
        let bytes_expected = events.iter().map(|event| event.raw.len() + 1).sum::<usize>() + 1;
        let mut arrays = ArrayFiller::new(self.post_bytes, bytes_expected);
        let mut rewritten = Vec::new();
        for (position, event) in events.iter().enumerate() {
            let Some(log_type) = self.log_type(&event.source) else { continue };
            let record = if event.raw.len() <= FIELD_BYTES_MAX {
                &event.raw[..]
            } else {
                match within_field_limit(&event.raw, &mut rewritten) {
                    Ok(cuts) => packed.fields_cut += cuts,
                    Err(reason) => {
                        packed.refused.push((position, format!("event {}: {reason}", event.id)));
                        continue;
                    }
                }
                &rewritten[..]
            };
            if record.len() + 2 > POST_BYTES_MAX {
                packed.refused.push((position, too_large(&event.id, record.len())));
                continue;
            }
            let time_field = self.time_generated.then(|| time_field::usable(event)).flatten();
            arrays.push((log_type, time_field), position, record);
        }
        packed.parcels = arrays
            .finish()
            .into_iter()
            .map(|array| {
                let (log_type, time_field) = array.lane;
                self.parcel(log_type, time_field, array.text.into(), array.events)
            })
            .collect();
        packed
    }

    fn credential(&self) -> Credential {
        Credential::Own
    }

    fn request(&self, parcel: &Parcel, _token: Option<&Secret>, now: Timestamp) -> Request {
        let date = date(now);
        let signed = authorization(&self.workspace_id, &self.key, parcel.body.len(), &date);
        let mut headers = parcel.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        for (name, value) in [(AUTHORIZATION, signed), (HeaderName::from_static("x-ms-date"), date)]
        {
            // Both are ASCII by construction: ids are checked, and the rest is base64 and a date.
            if let Ok(mut value) = HeaderValue::try_from(value) {
                value.set_sensitive(name == AUTHORIZATION);
                headers.insert(name, value);
            }
        }
        Request {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: parcel.body.clone(),
            timeout: Duration::from_secs(POST_SECONDS_MAX),
        }
    }

    fn probes(&self) -> Vec<Probe> {
        probe::probes(self)
    }

    fn read_probe(&self, probe: &Probe, answer: &Answer, now: Timestamp) -> Vec<Finding> {
        probe::read(self, probe, answer, now)
    }

    fn read_back(&self) -> Option<&ReadBack> {
        self.read_back.as_ref()
    }

    fn read(&self, parcel: &Parcel, answer: &Answer, now: Timestamp) -> Verdict {
        let told = complaint(answer);
        match answer.status.as_u16() {
            200..=299 => Verdict::Delivered,
            400 => match told.code.as_str() {
                "InactiveCustomer" => {
                    Verdict::stop(told.words, "the workspace is closed: reopen it or name another")
                }
                "InvalidCustomerId" => Verdict::stop(told.words, "check `workspace_id`"),
                "InvalidLogType" | "MissingLogType" => {
                    Verdict::stop(told.words, "check `log_type`")
                }
                "InvalidApiVersion" | "MissingApiVersion" => {
                    Verdict::stop(told.words, "check `api_version`")
                }
                "MissingContentType" | "UnsupportedContentType" => Verdict::stop(
                    told.words,
                    "check what changes requests between here and `log_analytics_uri`",
                ),
                _ => Verdict::Refused(told.words),
            },
            401 | 403 => Verdict::stop(
                told.words,
                "check `workspace_id` and `shared_key` (the workspace's primary or secondary key), and that this \
                 machine's clock is right within 15 minutes",
            ),
            404 if parcel.body.len() > CLEARLY_SMALL_BYTES => Verdict::Split,
            404 | 410 if self.is_microsofts() => Verdict::stop(told.words, GONE_HINT),
            404 | 410 => {
                Verdict::stop(told.words, "check `log_analytics_uri`: nothing takes logs there")
            }
            413 => Verdict::Split,
            408 | 429 | 500..=599 => Verdict::Retry {
                after_seconds: retry_after_seconds(&answer.headers, now),
                reason: told.words,
            },
            _ => Verdict::stop(told.words, "check `workspace_id`, `cloud` and `log_analytics_uri`"),
        }
    }

    fn read_failure(&self, failure: &TransportError) -> Verdict {
        match failure.kind {
            TransportErrorKind::UnknownHost if self.is_microsofts() => {
                let hint =
                    format!("check `workspace_id` and this machine's name service. {GONE_HINT}");
                Verdict::stop(failure.reason(), hint)
            }
            TransportErrorKind::PlainHttp | TransportErrorKind::Unsendable => {
                Verdict::stop(failure.reason(), "check `log_analytics_uri`")
            }
            _ => Verdict::Retry { after_seconds: None, reason: failure.reason() },
        }
    }
}

impl DataCollector {
    fn log_type(&self, source: &SourceId) -> Option<&str> {
        let (_, log_type) = self.log_types.iter().find(|(name, _)| *name == source.provider)?;
        self.tenants.takes(&source.tenant).then_some(log_type.as_str())
    }

    fn parcel(
        &self,
        log_type: &str,
        time_field: Option<&'static str>,
        body: Bytes,
        events: Vec<usize>,
    ) -> Parcel {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(log_type) {
            headers.insert(HeaderName::from_static("log-type"), value);
        }
        if let Some(field) = time_field {
            headers.insert(
                HeaderName::from_static("time-generated-field"),
                HeaderValue::from_static(field),
            );
        }
        if let Some(resource_id) = &self.resource_id {
            headers.insert(HeaderName::from_static("x-ms-azureresourceid"), resource_id.clone());
        }
        Parcel { stream: log_type.to_owned(), body, gzip: false, headers, events }
    }

    /// Whether the posts go to Microsoft's service rather than to a compatible one.
    fn is_microsofts(&self) -> bool {
        Cloud::NAMES.iter().any(|(_, cloud)| {
            self.url.host_str().is_some_and(|host| host.ends_with(cloud.data_collector_domain()))
        })
    }
}

/// The event with no field over the limit, in `record`, and how many were cut.
fn within_field_limit(raw: &[u8], record: &mut Vec<u8>) -> Result<usize, &'static str> {
    record.clear();
    if is_nested_deeper_than(raw, EVENT_LEVELS_MAX) {
        return Err("nested deeper than 128 levels");
    }
    let text = std::str::from_utf8(raw).map_err(|_| "not UTF-8")?;
    write_leaves_cut(text, FIELD_BYTES_MAX, record).map_err(|_| "not a JSON object")
}

fn too_large(id: &str, bytes: usize) -> String {
    format!("event {id} has {bytes} bytes, the service takes posts of {POST_BYTES_MAX}")
}

/// The value of the `Authorization` header (the page's section "Authorization"): only the length of the body is signed.
fn authorization(workspace_id: &str, key: &hmac::Key, body_bytes: usize, date: &str) -> String {
    let signed = format!("POST\n{body_bytes}\n{JSON}\nx-ms-date:{date}\n{RESOURCE}");
    let signature = BASE64.encode(hmac::sign(key, signed.as_bytes()));
    format!("SharedKey {workspace_id}:{signature}")
}

/// `Mon, 04 Apr 2016 08:00:00 GMT`
fn date(now: Timestamp) -> String {
    // Fails for years of more than four digits only.
    rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default()
}

fn is_log_type(text: &str) -> bool {
    text.len() <= 100
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn workspace_id<'a>(fields: &mut Fields<'a>) -> Option<&'a str> {
    let hint = "the workspace's id, a GUID: in the Azure portal on the workspace's overview page";
    let id = fields.required_text("workspace_id", hint)?;
    if id.len() <= 100 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Some(id);
    }
    fields.problem("workspace_id", "is not a workspace id", hint);
    None
}

fn shared_key(fields: &mut Fields<'_>) -> Option<hmac::Key> {
    let hint =
        "the workspace's primary or secondary key, in base64: in the Azure portal under Agents";
    let written = fields.required_secret("shared_key", hint)?;
    match BASE64.decode(written.expose().trim()) {
        Ok(key) if !key.is_empty() => Some(hmac::Key::new(hmac::HMAC_SHA256, &key)),
        _ => {
            fields.problem("shared_key", "is not base64", hint);
            None
        }
    }
}

/// Where posts go: the service of the workspace, or `log_analytics_uri`, with or without the path.
fn post_address(fields: &mut Fields<'_>, cloud: Cloud, workspace_id: &str) -> Option<Url> {
    let example = "https://WORKSPACE-ID.ods.opinsights.azure.com";
    let absent = fields.is_absent("log_analytics_uri");
    let written = address(fields, "log_analytics_uri", example);
    let version = fields.text("api_version").unwrap_or(API_VERSION_DEFAULT);
    let mut url = if absent {
        Url::parse(&format!("https://{workspace_id}.{}", cloud.data_collector_domain())).ok()?
    } else {
        written?
    };
    if !url.path().ends_with(RESOURCE) {
        url.set_path(&format!("{}{RESOURCE}", url.path().trim_end_matches('/')));
    }
    url.query_pairs_mut().append_pair("api-version", version);
    Some(url)
}

fn resource_id(fields: &mut Fields<'_>) -> Option<HeaderValue> {
    let written = fields.text("resource_id")?;
    match HeaderValue::from_str(written) {
        Ok(value) if written.starts_with("/subscriptions/") => Some(value),
        _ => {
            fields.problem(
                "resource_id",
                "is not an Azure resource id",
                "write it like /subscriptions/…/resourceGroups/…/providers/…",
            );
            None
        }
    }
}

#[cfg(test)]
mod tests;
