//! Whether a rule would take events: an empty list to each of its streams. The service looks at token, rule, role and stream
//! before it looks at the content, and takes an empty list with 204 as it takes any other; nothing is stored.
//! Deliberately absent: the columns that a stream declares. No answer tells them, and what is not declared is dropped without
//! a word.

use model::Timestamp;
use net::Answer;

use super::record::{Format, Shape};
use super::{LogsIngestion, is_about_the_rule, parcel};
use crate::azure_answer::complaint;
use crate::probe::{Finding, Probe, places};
use crate::{Destination, Verdict};

/// The code of a refusal that is about the stream, and so not about the rule.
const UNKNOWN_STREAM: [&str; 2] = ["InvalidStream", "InvalidStreamName"];

const RULE_HINT: &str = "check `dcr_immutable_id` (immutableId in the rule's JSON view) and that `endpoint` is the rule's own \
                         or one in its region";

const COLUMNS_HINT: &str =
    "compare the rule with `doorledger migrate azure --table TABLE --check rule.json`";

const RAW_EVENT_HINT: &str = "; and declare RawEvent as dynamic";

const RAW_HINT: &str = "declare TimeGenerated and TimeReceived as datetime, Provider, Tenant, Source and EventId as string, \
                        RawEvent as dynamic";

/// A probe for each stream.
pub(super) fn probes(destination: &LogsIngestion) -> Vec<Probe> {
    let probe = |(stream, providers)| Probe {
        providers,
        parcel: parcel(stream, b"[]".to_vec(), Vec::new()),
    };
    places(&destination.streams).into_iter().map(probe).collect()
}

/// What the answer to a probe says.
pub(super) fn read(
    destination: &LogsIngestion,
    probe: &Probe,
    answer: &Answer,
    now: Timestamp,
) -> Vec<Finding> {
    let told = complaint(answer);
    let stream = &probe.parcel.stream;
    let verdict = destination.read(&probe.parcel, answer, now);
    let wrong = |about| Finding::wrong(about, verdict.clone());
    let is_unknown_stream = UNKNOWN_STREAM.iter().any(|code| code.eq_ignore_ascii_case(&told.code));
    match answer.status.as_u16() {
        204 => [let_in(), vec![declared(stream), columns(&destination.format)]].concat(),
        400 | 404 if is_unknown_stream => {
            let hint = format!(
                "declare `{stream}` in the rule (streamDeclarations and dataFlows), or name in `streams` the one that it \
                 declares"
            );
            vec![rule(), wrong("stream").of_place().hint(hint)]
        }
        400 if is_about_the_rule(&told.code) => vec![wrong("rule").hint(RULE_HINT)],
        404 => vec![wrong("rule").hint(RULE_HINT)],
        400 | 422 => [let_in(), vec![Finding::refused_empty(&told.words)]].concat(),
        401 => vec![wrong("token")],
        403 => vec![wrong("permission")],
        _ => match &verdict {
            Verdict::Retry { reason, .. } => vec![Finding::unwell(reason)],
            _ => vec![wrong("endpoint")],
        },
    }
}

fn rule() -> Finding {
    Finding::sound("rule", "the data collection rule is known")
}

fn let_in() -> Vec<Finding> {
    vec![rule(), Finding::sound("permission", "the identity may send to the rule")]
}

fn declared(stream: &str) -> Finding {
    Finding::sound("stream", format!("the rule declares {stream}")).of_place()
}

fn columns(format: &Format) -> Finding {
    let words =
        "which columns the stream declares cannot be asked; Azure drops others without a word";
    let hint = match (format.shape, format.raw_event) {
        (Shape::Raw, _) => RAW_HINT.to_owned(),
        (Shape::Columns, false) => COLUMNS_HINT.to_owned(),
        (Shape::Columns, true) => format!("{COLUMNS_HINT}{RAW_EVENT_HINT}"),
    };
    Finding::unknown("columns", words, hint)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};
    use serde_json::{Value, json};

    use super::*;
    use crate::{DestinationKind as _, Soundness};

    fn destination(more: &[(&str, Value)]) -> Box<dyn Destination> {
        let mut written = json!({
            "endpoint": "https://x.westeurope-1.ingest.monitor.azure.com", "dcr_immutable_id": "dcr-0123",
            "identity": "managed",
        });
        more.iter().for_each(|(name, value)| written[name] = value.clone());
        super::super::AzureLogsIngestion.validate(&written).expect("valid")
    }

    /// What an answer to the first probe says: a mark and the part.
    fn said(destination: &dyn Destination, status: u16, code: &str) -> Vec<String> {
        let body = json!({"error": {"code": code, "message": "m"}}).to_string();
        let status = StatusCode::from_u16(status).expect("a status");
        let answer = Answer { status, headers: HeaderMap::new(), body: body.into() };
        let now = "2026-11-20T18:00:02Z".parse().expect("a moment");
        let findings = destination.read_probe(&destination.probes()[0], &answer, now);
        let mark = |soundness| match soundness {
            Soundness::Sound => '+',
            Soundness::Unknown => '?',
            Soundness::Wrong => '-',
        };
        for finding in &findings {
            assert!(!finding.words.is_empty(), "{finding:?}");
            assert_eq!(
                finding.hint.is_empty(),
                finding.soundness == Soundness::Sound,
                "{finding:?}"
            );
        }
        findings.iter().map(|one| format!("{}{}", mark(one.soundness), one.about)).collect()
    }

    #[test]
    fn each_answer_tells_only_what_it_proves() {
        let destination = destination(&[]);
        for (status, code, expected) in [
            (204, "", &["+rule", "+permission", "+stream", "?columns"][..]),
            (404, "NotFound", &["-rule"]),
            (404, "", &["-rule"]),
            (400, "InvalidDcrImmutableId", &["-rule"]),
            (404, "InvalidStream", &["+rule", "-stream"]),
            (400, "InvalidStream", &["+rule", "-stream"]),
            (403, "OperationFailed", &["-permission"]),
            (401, "InvalidToken", &["-token"]),
            (400, "InvalidPayload", &["+rule", "+permission", "?events"]),
            (429, "TooManyRequests", &["?service"]),
            (503, "", &["?service"]),
            (200, "", &["-endpoint"]),
            (302, "", &["-endpoint"]),
            (405, "", &["-endpoint"]),
            (413, "", &["-endpoint"]),
        ] {
            assert_eq!(said(&*destination, status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn a_probe_is_an_empty_list_to_each_stream_once() {
        for (streams, expected) in [
            (json!({}), vec![("Custom-Auth0Logs_CL", 1), ("Custom-OneLoginEventsV2_CL", 1)]),
            (json!("Custom-All_CL"), vec![("Custom-All_CL", 2)]),
        ] {
            let destination = destination(&[("streams", streams)]);
            let probes = destination.probes();
            let found: Vec<_> =
                probes.iter().map(|it| (it.parcel.stream.as_str(), it.providers.len())).collect();
            assert_eq!(found, expected);
            for probe in &probes {
                let now = "2026-11-20T18:00:02Z".parse().expect("a moment");
                let request = destination.request(&probe.parcel, None, now);
                assert_eq!((&request.body[..], probe.parcel.events.len()), (&b"[]"[..], 0));
                assert!(request.url.path().ends_with(&probe.parcel.stream), "{}", request.url);
                assert!(!request.headers.contains_key("content-encoding"));
            }
        }
    }

    #[test]
    fn what_is_said_of_columns_goes_by_the_shape() {
        for (more, expected) in [
            (vec![], "migrate azure"),
            (vec![("raw_event", json!(true))], "declare RawEvent as dynamic"),
            (vec![("shape", json!("raw"))], "EventId as string"),
        ] {
            let destination = destination(&more);
            let answer = Answer {
                status: StatusCode::NO_CONTENT,
                headers: HeaderMap::new(),
                body: bytes::Bytes::new(),
            };
            let now = "2026-11-20T18:00:02Z".parse().expect("a moment");
            let findings = destination.read_probe(&destination.probes()[0], &answer, now);
            let columns = findings.last().expect("findings");
            assert!(columns.hint.contains(expected), "{columns:?}");
        }
    }
}
