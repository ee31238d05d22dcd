//! Loops that must not end unseen. A panic in one is a defect of ours; it must not end a source or a destination for good, of
//! which nobody would learn before its silence is noticed. It is told, and the loop begins anew where the journal says.
//! Deliberately absent: the loops (`collect`, `ship`), and which of them run (`supervisor`).

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;

use crate::collect::sleep;

/// How long to wait before a loop that failed begins anew: what it fails at may be there again.
const FAILED_WAIT: Duration = Duration::from_secs(2);

/// What is told of a panic. What it says itself stands in the log; it may quote an event.
const DEFECT: &str = "a defect of this program ended it; it is begun anew, see the log";

/// Runs what `begin` gives until it ends by itself, or `stop` is cancelled. Whoever is interested is `told` why it is begun
/// anew.
pub(super) async fn until_ended<F: Future<Output = Result<(), String>>>(
    what: &str,
    stop: &CancellationToken,
    begin: impl Fn() -> F,
    told: impl Fn(&str),
) {
    loop {
        // Nothing of a loop that failed is used again but the journal, which takes batches whole.
        let reason = match AssertUnwindSafe(begin()).catch_unwind().await {
            Ok(Ok(())) => return,
            Ok(Err(reason)) => reason,
            Err(_) => DEFECT.to_owned(),
        };
        tracing::error!(what, "{reason}");
        told(&reason);
        if sleep(FAILED_WAIT, stop).await.is_err() {
            return;
        }
    }
}
