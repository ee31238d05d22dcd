//! Asks a tenant for a few pages of its past, so that one knows what a backfill has before it. Nothing is kept of them.
//! Deliberately absent: what they tell (`outlook`).

use std::time::{Duration, Instant};

use api::BackfillOutlook;
use model::{SignedDuration, SourceId, Stretches, Timestamp};
use sources::{Outcome, Poll, PollSource, SourceErrorKind, Step};

use super::outlook::{Findings, Sample, outlook};
use crate::collect::{Collector, PAGE_BYTES_MAX};

/// Pages besides the oldest.
const PAGES: i32 = 7;
/// What one tenant may take.
const TIME_MAX: Duration = Duration::from_secs(60);
/// Failures after which a tenant is left alone.
const FAILURES_MAX: u32 = 3;

/// What lies before a backfill of this source. A tenant that cannot be asked has its trouble in the outlook.
pub(super) async fn survey(
    collector: &Collector,
    id: &SourceId,
    source: &dyn PollSource,
) -> BackfillOutlook {
    let asked = tokio::time::timeout(TIME_MAX, ask(collector, id, source)).await;
    match asked.unwrap_or_else(|_| Err("it did not answer in time".to_owned())) {
        Ok(found) => outlook(id.to_string(), &found),
        Err(trouble) => {
            BackfillOutlook { source: id.to_string(), trouble: Some(trouble), ..Default::default() }
        }
    }
}

async fn ask(
    collector: &Collector,
    id: &SourceId,
    source: &dyn PollSource,
) -> Result<Findings, String> {
    let start = collector.clock.now();
    let mut asking = Asking { collector, seconds: 0.0, requests: 0 };
    let first = asking.page(source.start(None, start), start).await?;
    let oldest = first.times.map(|times| times.0);
    let mut samples = vec![Sample { from: oldest.unwrap_or(start), ..first }];
    let mut in_parts = false;
    if let (true, Some(oldest)) = (first.more, oldest) {
        let step = start.duration_since(oldest) / (PAGES + 1);
        for number in 1..=PAGES {
            let Ok(moment) = oldest.checked_add(step * number) else { break };
            let Some(poll) = source.start_at(moment, collector.clock.now()) else { break };
            in_parts = true;
            samples.push(asking.page(poll, moment).await?);
        }
    }
    Ok(Findings {
        now: start,
        samples,
        walked: walked(collector, id)?,
        capacity: source.capacity(),
        in_parts,
        request_seconds: asking.seconds / f64::from(asking.requests.max(1)),
    })
}

/// What all sources of the tenant have walked.
fn walked(collector: &Collector, id: &SourceId) -> Result<Stretches, String> {
    let walked = collector.journal.walked().map_err(|error| error.to_string())?;
    let of_tenant = walked.into_iter().filter(|walked| {
        walked.source.provider == id.provider && walked.source.tenant == id.tenant
    });
    Ok(of_tenant.flat_map(|walked| walked.walked.as_slice().to_vec()).collect())
}

struct Asking<'a> {
    collector: &'a Collector,
    seconds: f64,
    requests: u32,
}

impl Asking<'_> {
    /// The first page of a poll.
    async fn page(&mut self, mut poll: Box<dyn Poll>, from: Timestamp) -> Result<Sample, String> {
        let mut failures = 0;
        loop {
            let now = self.collector.clock.now();
            match poll.step(now) {
                Step::Wait { until, .. } => {
                    let wait = until.duration_since(now).max(SignedDuration::ZERO);
                    tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
                }
                Step::Send(request) => {
                    let sent = Instant::now();
                    let answer = self.collector.client.send(request, PAGE_BYTES_MAX).await;
                    self.seconds += sent.elapsed().as_secs_f64();
                    self.requests += 1;
                    let answer = answer.map_err(|error| error.to_string());
                    let answer = answer.as_ref().map_err(String::as_str);
                    match poll.answer(answer, self.collector.clock.now()) {
                        Outcome::Settled => {}
                        Outcome::Failed(error) => {
                            failures += 1;
                            if error.kind == SourceErrorKind::Refused || failures >= FAILURES_MAX {
                                return Err(error.message);
                            }
                        }
                        Outcome::Page { events, more, .. } => {
                            let times = events.iter().filter_map(|event| event.time);
                            let times = times.clone().min().zip(times.max());
                            let events = events.len() as u64;
                            return Ok(Sample { from, events, times, more });
                        }
                    }
                }
            }
        }
    }
}
