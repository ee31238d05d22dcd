//! Replays that only remember what was wished.
//! Deliberately absent: a lake and destinations.

use std::sync::Mutex;

use api::{OperationError, ReplayProgress, ReplayState, ReplayWish, Replays};
use futures::FutureExt;
use futures::future::BoxFuture;
use model::Problem;

use super::fakes::now;

/// Counts what it is asked for, and starts what goes to `sentinel`.
#[derive(Default)]
pub(crate) struct FakeReplays {
    pub(crate) wanted: Mutex<Vec<ReplayWish>>,
}

impl Replays for FakeReplays {
    fn start(&self, wish: ReplayWish) -> BoxFuture<'_, Result<ReplayProgress, OperationError>> {
        async move {
            if wish.to != "sentinel" {
                let problem = Problem::new("to", "is not a destination", "choose sentinel");
                return Err(OperationError::Refused(vec![problem]));
            }
            let progress = replay(&wish);
            self.wanted.lock().unwrap().push(wish);
            Ok(progress)
        }
        .boxed()
    }

    fn list(&self) -> Vec<ReplayProgress> {
        self.wanted.lock().unwrap().iter().map(replay).collect()
    }

    fn cancel(&self, id: &str) -> Result<ReplayProgress, OperationError> {
        let wish = ReplayWish {
            to: "sentinel".into(),
            since: "2026-10-01".into(),
            until: None,
            condition: None,
            dry_run: false,
        };
        match replay(&wish) {
            known if known.id == id => {
                Ok(ReplayProgress { state: ReplayState::Cancelled, ..known })
            }
            _ => Err(OperationError::Refused(vec![Problem::new("id", "is not a replay", "")])),
        }
    }
}

fn replay(wish: &ReplayWish) -> ReplayProgress {
    ReplayProgress {
        id: format!("{}-1", wish.to),
        to: wish.to.clone(),
        since: now(),
        until: now(),
        condition: wish.condition.clone(),
        state: if wish.dry_run { ReplayState::Counted } else { ReplayState::Running },
        events: 7,
        sent: 0,
        refused: 0,
        started: now(),
        latest: None,
        left_out: Vec::new(),
        trouble: None,
    }
}
