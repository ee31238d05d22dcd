//! Whether a workspace would take events: an empty, signed list for each table. Without a record no table is made.
//! Deliberately absent: whether a table exists; the service makes it with the first record.

use bytes::Bytes;
use model::Timestamp;
use net::Answer;

use super::DataCollector;
use crate::azure_answer::complaint;
use crate::probe::{Finding, Probe, places};
use crate::{Destination, Verdict};

/// A probe for each table.
pub(super) fn probes(destination: &DataCollector) -> Vec<Probe> {
    let empty = Bytes::from_static(b"[]");
    let probe = |(log_type, providers)| Probe {
        providers,
        parcel: destination.parcel(log_type, None, empty.clone(), Vec::new()),
    };
    places(&destination.log_types).into_iter().map(probe).collect()
}

/// What the answer to a probe says.
pub(super) fn read(
    destination: &DataCollector,
    probe: &Probe,
    answer: &Answer,
    now: Timestamp,
) -> Vec<Finding> {
    let told = complaint(answer);
    let verdict = destination.read(&probe.parcel, answer, now);
    let wrong = |about| Finding::wrong(about, verdict.clone());
    match (answer.status.as_u16(), told.code.as_str()) {
        (200..=299, _) => {
            let table = format!("events go to {}_CL", probe.parcel.stream);
            vec![key(), Finding::sound("table", table).of_place()]
        }
        (400, "InvalidCustomerId" | "InactiveCustomer") => vec![wrong("workspace")],
        (400, "InvalidLogType" | "MissingLogType") => vec![wrong("table").of_place()],
        (401 | 403, _) => vec![wrong("key")],
        _ => match &verdict {
            Verdict::Refused(words) => vec![key(), Finding::refused_empty(words)],
            Verdict::Retry { reason, .. } => vec![Finding::unwell(reason)],
            _ => vec![wrong("service")],
        },
    }
}

fn key() -> Finding {
    Finding::sound("key", "the workspace accepts the key")
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};
    use serde_json::json;

    use super::*;
    use crate::DestinationKind as _;

    #[test]
    fn each_answer_tells_only_what_it_proves() {
        let written = json!({"workspace_id": "97ce69d9", "shared_key": "a2V5", "log_type": "All"});
        let destination = super::super::AzureDataCollector.validate(&written).expect("valid");
        let probes = destination.probes();
        assert_eq!((probes.len(), probes[0].providers.len()), (1, 2));
        assert_eq!((&probes[0].parcel.body[..], probes[0].parcel.events.len()), (&b"[]"[..], 0));
        let now = "2026-11-20T18:00:02Z".parse().expect("a moment");
        for (status, code, expected) in [
            (200, "", &["key", "table"][..]),
            (400, "InvalidCustomerId", &["workspace"]),
            (400, "InactiveCustomer", &["workspace"]),
            (400, "InvalidLogType", &["table"]),
            (400, "InvalidDataFormat", &["key", "events"]),
            (400, "InvalidApiVersion", &["service"]),
            (403, "InvalidAuthorization", &["key"]),
            (404, "", &["service"]),
            (410, "Gone", &["service"]),
            (503, "ServiceUnavailable", &["service"]),
        ] {
            let body = json!({"Error": code, "Message": "m"}).to_string();
            let status = StatusCode::from_u16(status).expect("a status");
            let answer = Answer { status, headers: HeaderMap::new(), body: body.into() };
            let findings = destination.read_probe(&probes[0], &answer, now);
            let found: Vec<&str> = findings.iter().map(|finding| finding.about).collect();
            assert_eq!(found, expected, "{status} {code}");
            let last = findings.last().expect("findings");
            assert_eq!(last.hint.is_empty(), status == StatusCode::OK, "{last:?}");
        }
    }
}
