//! `doorledger replay`: sends a destination again what the lake holds, with a progress bar. A running server does it beside
//! its live shipping; with `--data` this process does.
//! Deliberately absent: the sending itself (`crate::replays`).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use api::{OperationError, ReplayProgress, ReplayState, ReplayWish, ReplaysAnswer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::{Clock as _, SystemClock};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::serve::stop_on_signal;
use super::server::Server;
use super::{draws_progress, print, refused, say, written};
use crate::cli::{Replay, ReplayCommand};
use crate::exit::{Exit, Failure};
use crate::node;

/// Between two looks at the progress.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Starts a replay and shows it until it has ended; or tells of all, or ends one.
pub(super) async fn run(config: Option<&Path>, options: Replay) -> Result<()> {
    match options.command {
        Some(ReplayCommand::Status { server }) => {
            let answer = Server::of(&server)?.get("/api/v1/replays").await?;
            return print(&format!("{answer:#}\n"));
        }
        Some(ReplayCommand::Cancel { server, id }) => {
            let wanted = json!({ "id": id });
            let answer = Server::of(&server)?.post("/api/v1/replays/cancel", &wanted).await?;
            return print(&format!("{answer:#}\n"));
        }
        None => {}
    }
    let (Some(to), Some(since)) = (options.to, options.since) else {
        return Err(Failure::error(Exit::Data, "name --to and --since"));
    };
    let (until, condition, dry_run) = (options.until, options.condition, options.dry_run);
    let wish = ReplayWish { to, since, until, condition, dry_run };
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    match options.data {
        Some(data) => in_folder(config, &data, wish, stop).await,
        None => through_server(&Server::of(&options.server)?, &wish, &stop).await,
    }
}

async fn in_folder(
    config: Option<&Path>,
    data: &Path,
    wish: ReplayWish,
    stop: CancellationToken,
) -> Result<()> {
    let written = written(config)?;
    let mut config =
        node::configure(&written, true).await.map_err(|problems| refused(&problems))?;
    config.settings.data = data.to_owned();
    let opened = node::start_replays(config, Arc::new(SystemClock), stop).await;
    let (store, replays) = opened.map_err(node::OpenError::into_error)?;
    let started = api::Replays::start(&replays, wish).await;
    let ended = match started {
        Ok(started) => {
            let bar = Bar::new(&started);
            let mut last = started;
            while last.state == ReplayState::Running {
                tokio::time::sleep(LOOK_INTERVAL).await;
                let all = api::Replays::list(&replays);
                last = all.into_iter().find(|it| it.id == last.id).context("find the replay")?;
                bar.show(&last);
            }
            bar.close(&last)
        }
        Err(OperationError::Refused(problems)) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Err(Failure::error(Exit::Data, lines.join("\n")))
        }
        Err(error) => Err(Failure::error(Exit::Io, error.to_string())),
    };
    replays.finish().await;
    store.close().await?;
    ended
}

async fn through_server(
    server: &Server,
    wish: &ReplayWish,
    stop: &CancellationToken,
) -> Result<()> {
    let answer = server.post("/api/v1/replays", &serde_json::to_value(wish)?).await?;
    let mut last: ReplayProgress = serde_json::from_value(answer).context("read the progress")?;
    let bar = Bar::new(&last);
    while last.state == ReplayState::Running {
        if stop.is_cancelled() {
            let id = &last.id;
            say(&format!(
                "the server goes on with it; `doorledger replay status` tells how far it is, `doorledger replay cancel {id}` ends it"
            ));
            return Ok(());
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
        let answer = server.get("/api/v1/replays").await?;
        let all: ReplaysAnswer = serde_json::from_value(answer).context("read the progress")?;
        let found = all.replays.into_iter().find(|it| it.id == last.id);
        last = found.ok_or_else(|| anyhow!("the server does not know the replay any more"))?;
        bar.show(&last);
    }
    bar.close(&last)
}

/// A bar, or a line at the end where nobody watches.
struct Bar(ProgressBar);

impl Bar {
    fn new(progress: &ReplayProgress) -> Self {
        for table in &progress.left_out {
            say(&format!("left out: {table}"));
        }
        let bar = ProgressBar::new(progress.events);
        let drawn = draws_progress() && progress.state == ReplayState::Running;
        let target =
            if drawn { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        bar.set_draw_target(target);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {msg}") {
            bar.set_style(style);
        }
        Self(bar.with_prefix(progress.id.clone()))
    }

    fn show(&self, progress: &ReplayProgress) {
        self.0.set_position(progress.sent + progress.refused);
        self.0.set_message(told(progress));
    }

    fn close(self, progress: &ReplayProgress) -> Result<()> {
        self.show(progress);
        self.0.finish();
        match progress.state {
            ReplayState::Counted => {
                say(&format!("{} events would be sent to {}", progress.events, progress.to));
                Ok(())
            }
            ReplayState::Done => {
                say(&format!("{}: {}", progress.id, told(progress)));
                Ok(())
            }
            ReplayState::Cancelled => Err(Failure::error(
                Exit::Unavailable,
                format!("{} was cancelled: {}", progress.id, told(progress)),
            )),
            ReplayState::Running | ReplayState::Stopped => Err(Failure::error(
                Exit::Unavailable,
                format!(
                    "{} was interrupted: {}\n  hint: run the command again to go on",
                    progress.id,
                    told(progress)
                ),
            )),
        }
    }
}

/// Sent, refused, rate, what stops it.
#[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
fn told(progress: &ReplayProgress) -> String {
    let seconds = SystemClock.now().duration_since(progress.started).as_secs_f64();
    let rate = progress.sent as f64 / seconds.max(0.001);
    let mut text = format!("{} of {} events sent", progress.sent, progress.events);
    if progress.refused > 0 {
        text.push_str(&format!(", {} refused", progress.refused));
    }
    if progress.state == ReplayState::Running {
        text.push_str(&format!(", {rate:.0}/s"));
    }
    if let Some(trouble) = &progress.trouble {
        text.push_str(&format!("; {trouble}"));
    }
    text
}
