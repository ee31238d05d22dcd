//! What time it is at the provider, as far as an answer tells.
//! Deliberately absent: setting any clock by it.

use http::HeaderMap;
use http::header::DATE;
use jiff::fmt::rfc2822::DateTimeParser;
use model::Timestamp;

/// The earlier of our time of asking and the server's time of answering. What is said to be read up to this moment is
/// read even if one of the two clocks is ahead.
pub(crate) fn earlier(asked: Timestamp, headers: &HeaderMap) -> Timestamp {
    let told = headers.get(DATE).and_then(|value| value.to_str().ok());
    let told = told.and_then(|text| DateTimeParser::new().parse_timestamp(text).ok());
    told.map_or(asked, |told| told.min(asked))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_clock_that_is_behind_counts() {
        let asked: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (date, expected) in [
            ("Sun, 01 Mar 2026 11:58:00 GMT", "2026-03-01T11:58:00Z"),
            ("Sun, 01 Mar 2026 12:02:00 GMT", "2026-03-01T12:00:00Z"),
            ("yesterday", "2026-03-01T12:00:00Z"),
        ] {
            let headers = HeaderMap::from_iter([(DATE, HeaderValue::from_static(date))]);
            assert_eq!(earlier(asked, &headers), expected.parse().unwrap(), "{date}");
        }
        assert_eq!(earlier(asked, &HeaderMap::new()), asked);
    }
}
