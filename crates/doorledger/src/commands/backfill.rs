//! `doorledger backfill`: reads everything that the providers still hold, with a progress bar for each tenant: done, rate,
//! what is left, time left. Before it, a table of what each tenant still holds and when that is deleted, soonest first; in
//! this order they are read. A running server does it beside its live polls; otherwise this process does.
//! Deliberately absent: the reading itself (`crate::backfills`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use api::{BackfillOutlook, BackfillProgress, BackfillState, BackfillSurvey};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::{Clock as _, SystemClock};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::serve::stop_on_signal;
use super::server::Server;
use super::status::{moment, span, table};
use super::{draws_progress, print, refused, say, written};
use crate::cli::Backfill;
use crate::exit::{Exit, Failure};
use crate::node::{self, OpenError};

/// Between two looks at the progress.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Length of a bar in steps.
const BAR_STEPS: f64 = 10_000.0;

/// Starts the backfills and shows them until all have ended.
pub(super) async fn run(config: Option<&Path>, options: Backfill) -> Result<()> {
    let written = written(config)?;
    let mut config =
        node::configure(&written, true).await.map_err(|problems| refused(&problems))?;
    config.settings.data = options.data.clone().unwrap_or(config.settings.data);
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    match node::start_backfills(config, Arc::new(SystemClock), stop.clone()).await {
        Err(OpenError::Locked) => through_server(&options, &stop).await,
        Err(OpenError::Other(error)) => Err(error),
        Ok((store, backfills)) => {
            let outlooks = backfills
                .survey(&options.tenants, &options.since)
                .await
                .map_err(|problems| refused(&problems))?;
            print(&outlook_table(&outlooks))?;
            if options.dry_run {
                return store.close().await;
            }
            backfills
                .start(&in_order(&outlooks), &options.since)
                .map_err(|problems| refused(&problems))?;
            let mut bars = Bars::new();
            while bars.show(backfills.progress()) {
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
            backfills.finish().await;
            store.close().await?;
            bars.close()
        }
    }
}

async fn through_server(options: &Backfill, stop: &CancellationToken) -> Result<()> {
    let server = Server::of(&options.server)?;
    let asked = json!({ "tenants": options.tenants, "since": options.since });
    let answer = server.post("/api/v1/backfill/survey", &asked).await?;
    let survey: BackfillSurvey = serde_json::from_value(answer).context("read the survey")?;
    print(&outlook_table(&survey.outlooks))?;
    if options.dry_run {
        return Ok(());
    }
    let asked = json!({ "tenants": in_order(&survey.outlooks), "since": options.since });
    server.post("/api/v1/backfill", &asked).await?;
    let mut bars = Bars::new();
    while bars.show(progress(&server).await?) {
        if stop.is_cancelled() {
            say("the server goes on with the backfill; run the command again to see it");
            return Ok(());
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    bars.close()
}

/// The tenants of a survey, each once.
fn in_order(outlooks: &[BackfillOutlook]) -> Vec<String> {
    let mut tenants: Vec<String> = Vec::new();
    for outlook in outlooks {
        let tenant = outlook.source.split('/').nth(1).unwrap_or_default();
        if !tenants.iter().any(|known| known == tenant) {
            tenants.push(tenant.to_owned());
        }
    }
    tenants
}

fn outlook_table(outlooks: &[BackfillOutlook]) -> String {
    let mut shown = table([
        "source",
        "oldest held",
        "missing from",
        "events left",
        "requests/s",
        "takes",
        "dies in",
    ]);
    for outlook in outlooks {
        let source = outlook.source.trim_end_matches(".backfill").to_owned();
        if let Some(trouble) = &outlook.trouble {
            shown.add_row([source, trouble.clone()]);
            continue;
        }
        let least = if outlook.dies_in_is_least { "≥ " } else { "" };
        shown.add_row([
            source,
            moment(outlook.oldest),
            moment(outlook.first_missing),
            format!("about {}", outlook.events_left),
            format!("{:.1}", outlook.requests_per_second),
            span(outlook.seconds),
            outlook.dies_in_seconds.map_or_else(
                || "nothing is missing".to_owned(),
                |left| format!("{least}{}", span(left)),
            ),
        ]);
    }
    format!("{shown}\n")
}

async fn progress(server: &Server) -> Result<Vec<BackfillProgress>> {
    let answer = server.get("/api/v1/backfill").await?;
    let told: api::Backfills = serde_json::from_value(answer).context("read the progress")?;
    Ok(told.backfills)
}

/// A bar for each backfill, or a line at its end where nobody watches.
struct Bars {
    drawn: MultiProgress,
    bars: BTreeMap<String, ProgressBar>,
    ended: Vec<BackfillProgress>,
}

impl Bars {
    fn new() -> Self {
        let target = if draws_progress() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            drawn: MultiProgress::with_draw_target(target),
            bars: BTreeMap::new(),
            ended: Vec::new(),
        }
    }

    /// Draws the states; false once all have ended.
    fn show(&mut self, states: Vec<BackfillProgress>) -> bool {
        let running = states.iter().any(|state| state.state == BackfillState::Running);
        for state in &states {
            let bar = self.bars.entry(state.source.clone()).or_insert_with(|| {
                let bar = self.drawn.add(ProgressBar::new(BAR_STEPS as u64));
                if let Ok(style) = ProgressStyle::with_template("{prefix:32} {bar:24} {msg}") {
                    bar.set_style(style);
                }
                bar.with_prefix(state.source.clone())
            });
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of the bar"
            )]
            bar.set_position((state.share * BAR_STEPS) as u64);
            bar.set_message(told(state));
        }
        if !running {
            self.ended = states;
        }
        running
    }

    /// Says how each ended; an error if one did not finish.
    fn close(self) -> Result<()> {
        for bar in self.bars.values() {
            bar.finish();
        }
        for state in &self.ended {
            say(&format!("{}: {}", state.source, told(state)));
        }
        if self.ended.iter().any(|state| state.state != BackfillState::Done) {
            return Err(Failure::error(
                Exit::Unavailable,
                "a backfill was stopped; run the command again to go on",
            ));
        }
        Ok(())
    }
}

/// Done, rate, what is left, time left.
#[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
fn told(state: &BackfillProgress) -> String {
    let seconds = SystemClock.now().duration_since(state.started).as_secs_f64();
    let rate = state.events as f64 / seconds.max(0.001);
    let left = if state.share > 0.0 {
        state.events as f64 * (1.0 - state.share) / state.share
    } else {
        0.0
    };
    let percent = (state.share * 100.0).floor();
    let mut text =
        format!("{} events ({} new), {percent:.0} %, {rate:.0}/s", state.events, state.stored);
    if state.state == BackfillState::Running && state.share > 0.0 {
        text.push_str(&format!(", about {left:.0} left, {:.0} s", left / rate.max(0.001)));
    }
    text
}
