//! A server that is as it is told to be. Deliberately absent: judging.

use std::sync::Mutex;

use api::{Check, Status, StatusReport};
use futures::FutureExt;
use futures::future::BoxFuture;

/// Says what it is told to say.
#[derive(Default)]
pub(crate) struct FakeHealth {
    pub(crate) status: Mutex<Option<Status>>,
    pub(crate) checks: Mutex<Vec<Check>>,
}

impl StatusReport for FakeHealth {
    fn status(&self) -> BoxFuture<'_, Status> {
        let status = self.status.lock().unwrap().clone().unwrap();
        async move { status }.boxed()
    }

    fn readiness(&self) -> BoxFuture<'_, Vec<Check>> {
        let checks = self.checks.lock().unwrap().clone();
        async move { checks }.boxed()
    }
}
