//! *Azure Monitor Logs Ingestion API* (version 2023-01-01): a bearer token of Entra, a data collection rule (DCR) that
//! declares the streams, gzipped JSON arrays below 1 MB.
//!
//! Facts from Microsoft's pages "Logs Ingestion API in Azure Monitor" and its service limits. Deliberately absent: creating
//! endpoint, rule and table; the manual's page tells how.

mod form;
mod identity;
mod probe;

pub(crate) use form::{authority_field, identity_field};
pub(crate) use identity::authority;
pub use identity::identity;
mod record;
pub(crate) use record::declared_columns;

use std::io::Write;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use model::{Fields, Problem, Secret, SourceId, Timestamp};
use net::{Answer, EntraCredential, Request, retry_after_seconds};
use serde_json::Value;
use url::Url;

use self::record::Shape;
use crate::array::ArrayFiller;
use crate::azure_answer::complaint;
use crate::azure_read_back::{self, ReadBack};
use crate::written::{TenantFilter, address, cloud, names_by_provider};
use crate::{
    Credential, Destination, DestinationKind, Finding, Outgoing, Packed, Parcel, Probe, Verdict,
};

/// The largest call, raw and packed alike. The service says 1 MB for both; its own error text counts 1,048,576 bytes, other
/// pages a round million, so it is the smaller, and less than it.
const CALL_BYTES_MAX: usize = 999_999;

/// The service's limit of a field ("64 KB").
const FIELD_BYTES_MAX: usize = 64 * 1024;

/// How long a call may take.
const CALL_SECONDS_MAX: u64 = 60;

/// The streams of Microsoft's current connectors.
const STREAMS: [(&str, &str); 2] =
    [("auth0", "Custom-Auth0Logs_CL"), ("onelogin", "Custom-OneLoginEventsV2_CL")];

/// The columns of those connectors' tables that hold the event's own time.
const TIME_COLUMNS: [(&str, &str); 2] = [("auth0", "event_date"), ("onelogin", "EventTimestamp")];

/// The same with `shape: raw`, which sends it under this name.
const RAW_TIME_COLUMNS: [(&str, &str); 2] =
    [("auth0", "TimeGenerated"), ("onelogin", "TimeGenerated")];

/// What a record may be made of, the usual way first.
const SHAPES: [(&str, Shape); 2] = [("columns", Shape::Columns), ("raw", Shape::Raw)];

const ROLE_HINT: &str = "give the identity the role \"Monitoring Metrics Publisher\" on the data collection rule (not on the \
                         workspace or the endpoint alone). A new assignment takes up to 30 minutes to count";

/// The kind of destination.
pub(crate) struct AzureLogsIngestion;

impl DestinationKind for AzureLogsIngestion {
    fn name(&self) -> &'static str {
        "azure_logs_ingestion"
    }

    fn title(&self) -> &'static str {
        "Azure Monitor Logs Ingestion"
    }

    fn schema(&self) -> Value {
        form::form().schema()
    }

    fn validate(&self, written: &Value) -> Result<Box<dyn Destination>, Vec<Problem>> {
        let mut fields = Fields::of(written);
        let endpoint = endpoint(&mut fields);
        let dcr_immutable_id = dcr_immutable_id(&mut fields);
        let streams = names_by_provider(
            &mut fields,
            "streams",
            &STREAMS,
            is_stream,
            "a stream declared by the data collection rule: Custom- or Microsoft-, then letters, digits and _",
        );
        let shape = fields.choice("shape", &SHAPES).unwrap_or(Shape::Columns);
        let raw_event = fields.flag("raw_event").unwrap_or(false);
        let cloud = cloud(&mut fields);
        let credential = identity::written(&mut fields, cloud);
        let tenants = TenantFilter::written(&mut fields);
        let tables: Vec<(&str, &str)> = streams
            .iter()
            .map(|(provider, stream)| (provider.as_str(), table_of(stream)))
            .collect();
        let usual = azure_read_back::Usual {
            cloud,
            credential: credential.as_ref(),
            workspace_id: None,
            tables: &tables,
            time_columns: match shape {
                Shape::Columns => &TIME_COLUMNS,
                Shape::Raw => &RAW_TIME_COLUMNS,
            },
        };
        let read_back = azure_read_back::written(&mut fields, &usual);
        let problems = fields.finish();
        match (endpoint, dcr_immutable_id, credential, problems.is_empty()) {
            (Some(endpoint), Some(dcr), Some(credential), true) => Ok(Box::new(LogsIngestion {
                endpoint,
                dcr_immutable_id: dcr.to_owned(),
                streams,
                format: record::Format { shape, raw_event },
                credential,
                tenants,
                read_back,
            })),
            _ => Err(problems),
        }
    }
}

#[derive(Debug)]
struct LogsIngestion {
    endpoint: Url,
    dcr_immutable_id: String,
    /// Provider and stream.
    streams: Vec<(String, String)>,
    format: record::Format,
    credential: EntraCredential,
    tenants: TenantFilter,
    read_back: Option<ReadBack>,
}

impl Destination for LogsIngestion {
    fn takes(&self, source: &SourceId) -> bool {
        self.stream(source).is_some()
    }

    fn pack(&self, events: &[Outgoing]) -> Packed {
        let mut packed = Packed::default();
        let bytes_expected = events.iter().map(|event| event.raw.len() + 1).sum::<usize>() + 1;
        let mut arrays = ArrayFiller::new(CALL_BYTES_MAX, bytes_expected);
        let mut record = Vec::new();
        for (position, event) in events.iter().enumerate() {
            let Some(stream) = self.stream(&event.source) else { continue };
            record.clear();
            let written = self.format.write(event, FIELD_BYTES_MAX, &mut record);
            match written {
                Ok(cuts) if record.len() + 2 <= CALL_BYTES_MAX => {
                    packed.fields_cut += cuts;
                    arrays.push(stream, position, &record);
                }
                Ok(_) => packed.refused.push((position, too_large(&event.id, record.len()))),
                Err(reason) => {
                    packed.refused.push((position, format!("event {}: {reason}", event.id)));
                }
            }
        }
        packed.parcels = arrays
            .finish()
            .into_iter()
            .map(|array| parcel(array.lane, array.text, array.events))
            .collect();
        packed
    }

    fn credential(&self) -> Credential {
        Credential::Entra(self.credential.clone())
    }

    fn request(&self, parcel: &Parcel, token: Option<&Secret>, _now: Timestamp) -> Request {
        let mut headers = parcel.headers.clone();
        // A token that cannot stand in a header is no token: the service will ask for one.
        if let Some(Ok(mut bearer)) =
            token.map(|token| HeaderValue::try_from(format!("Bearer {}", token.expose())))
        {
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        Request {
            method: Method::POST,
            url: self.stream_url(&parcel.stream),
            headers,
            body: parcel.body.clone(),
            timeout: Duration::from_secs(CALL_SECONDS_MAX),
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

    fn read(&self, _parcel: &Parcel, answer: &Answer, now: Timestamp) -> Verdict {
        let told = complaint(answer);
        match answer.status.as_u16() {
            204 => Verdict::Delivered,
            200..=399 => Verdict::stop(
                format!("{}, where 204 is the only success", told.words),
                "check `endpoint`: something else answers there",
            ),
            400 if is_about_the_rule(&told.code) => {
                Verdict::stop(told.words, "check `dcr_immutable_id` and `streams`")
            }
            400 | 422 => Verdict::Refused(told.words),
            401 => Verdict::TokenExpired,
            403 => Verdict::stop(told.words, ROLE_HINT),
            404 => Verdict::stop(
                told.words,
                "check `endpoint`, `dcr_immutable_id` and `streams`: the rule must exist, declare the stream, and be in the \
                 endpoint's region",
            ),
            413 => Verdict::Split,
            408 | 429 | 500..=599 => Verdict::Retry {
                after_seconds: retry_after_seconds(&answer.headers, now),
                reason: told.words,
            },
            _ => {
                Verdict::stop(told.words, "check `endpoint` and what stands between here and there")
            }
        }
    }
}

impl LogsIngestion {
    fn stream(&self, source: &SourceId) -> Option<&str> {
        let (_, stream) = self.streams.iter().find(|(name, _)| *name == source.provider)?;
        self.tenants.takes(&source.tenant).then_some(stream.as_str())
    }

    fn stream_url(&self, stream: &str) -> Url {
        let mut url = self.endpoint.clone();
        let base = self.endpoint.path().trim_end_matches('/');
        url.set_path(&format!(
            "{base}/dataCollectionRules/{}/streams/{stream}",
            self.dcr_immutable_id
        ));
        url.set_query(Some("api-version=2023-01-01"));
        url
    }
}

/// Packs an array. Its request id is made of its content, so that every try of the same parcel carries the same one and
/// a receiver can recognise it.
fn parcel(stream: &str, text: Vec<u8>, events: Vec<usize>) -> Parcel {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(id) = HeaderValue::try_from(request_id(stream, &text)) {
        headers.insert(HeaderName::from_static("x-ms-client-request-id"), id);
    }
    // What does not shrink is sent as it is: packed, it could get over the limit that it kept.
    let packed = gzip(&text).filter(|packed| packed.len() < text.len());
    let gzip = packed.is_some();
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let body = Bytes::from(packed.unwrap_or(text));
    Parcel { stream: stream.to_owned(), body, gzip, headers, events }
}

fn gzip(text: &[u8]) -> Option<Vec<u8>> {
    // Events shrink to about an eighth. Higher levels cost several times the processor for a tenth less.
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    encoder.write_all(text).ok()?;
    encoder.finish().ok()
}

/// A GUID made of a hash: version 8 of RFC 9562.
fn request_id(stream: &str, text: &[u8]) -> String {
    let inner = digest(&SHA256, text);
    let mut named = stream.as_bytes().to_vec();
    named.extend_from_slice(inner.as_ref());
    let mut number = [0; 16];
    number.copy_from_slice(&digest(&SHA256, &named).as_ref()[..16]);
    let number = u128::from_be_bytes(number);
    let versioned = number & !(0xF << 76) & !(0x3 << 62) | (0x8 << 76) | (0x2 << 62);
    let hex = format!("{versioned:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn too_large(id: &str, bytes: usize) -> String {
    format!("event {id} needs {bytes} bytes, the service takes calls of less than 1,000,000")
}

/// Whether a 400 is about the address of the call rather than about its content. Then halving would refuse every event.
fn is_about_the_rule(code: &str) -> bool {
    const CODES: [&str; 8] = [
        "InvalidStream",
        "InvalidStreamName",
        "InvalidDcrImmutableId",
        "InvalidDataCollectionRule",
        "InvalidApiVersion",
        "MissingApiVersionParameter",
        "UnsupportedApiVersion",
        "NotFound",
    ];
    CODES.iter().any(|known| known.eq_ignore_ascii_case(code))
}

/// The table after which a stream is usually named.
fn table_of(stream: &str) -> &str {
    stream.strip_prefix("Custom-").or_else(|| stream.strip_prefix("Microsoft-")).unwrap_or(stream)
}

fn is_stream(text: &str) -> bool {
    let name = text.strip_prefix("Custom-").or_else(|| text.strip_prefix("Microsoft-"));
    name.is_some_and(|name| {
        (1..=100).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    })
}

fn endpoint(fields: &mut Fields<'_>) -> Option<Url> {
    let example = "https://NAME.REGION-1.ingest.monitor.azure.com";
    if fields.is_absent("endpoint") {
        fields.required_text(
            "endpoint",
            "the logs ingestion address of the data collection endpoint, or of the rule itself if it is of kind Direct",
        )?;
    }
    address(fields, "endpoint", example)
}

fn dcr_immutable_id<'a>(fields: &mut Fields<'a>) -> Option<&'a str> {
    let hint = "dcr- and 32 hexadecimal digits: `immutableId` in the JSON view of the data collection rule";
    let id = fields.required_text("dcr_immutable_id", hint)?;
    let digits = id.strip_prefix("dcr-").unwrap_or_default();
    if !digits.is_empty() && digits.len() <= 64 && digits.chars().all(|c| c.is_ascii_alphanumeric())
    {
        return Some(id);
    }
    fields.problem("dcr_immutable_id", "is not the immutable id of a data collection rule", hint);
    None
}

#[cfg(test)]
mod tests;
