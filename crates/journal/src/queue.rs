//! The bounded queue in front of the writer: batches, limited by count and bytes, and requests of readers, which pass
//! batches because they free space. Deliberately absent: what is done with them (`writer`).

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::limits::{GROUP_BYTES_MAX, QUEUE_BATCHES_MAX, QUEUE_BYTES_MAX, QUEUE_REQUESTS_MAX};
use crate::writer::{Appending, Request};
use crate::{AppendError, Error};

/// What waits for the writer.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    batches: VecDeque<Appending>,
    bytes: usize,
    requests: Vec<Request>,
    closed: bool,
}

/// What the writer does next.
pub(crate) struct Work {
    /// Requests of readers, in order.
    pub(crate) requests: Vec<Request>,
    /// Batches to be committed together, in order.
    pub(crate) batches: Vec<Appending>,
    /// Nothing more will come.
    pub(crate) last: bool,
}

impl Queue {
    /// Puts a batch in the queue, or refuses it at once.
    pub(crate) fn append(&self, batch: Appending) -> Result<(), AppendError> {
        let mut state = self.lock();
        if state.closed {
            return Err(AppendError::Closed);
        }
        let bytes = state.bytes.saturating_add(batch.bytes);
        if state.batches.len() >= QUEUE_BATCHES_MAX
            || (bytes > QUEUE_BYTES_MAX && !state.batches.is_empty())
        {
            return Err(AppendError::Busy);
        }
        state.bytes = bytes;
        state.batches.push_back(batch);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Puts a request in the queue, or refuses it at once.
    pub(crate) fn request(&self, request: Request) -> Result<(), Error> {
        let mut state = self.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        if state.requests.len() >= QUEUE_REQUESTS_MAX {
            return Err(Error::Busy { requests_max: QUEUE_REQUESTS_MAX });
        }
        state.requests.push(request);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Lets nothing more in. What waits is still done.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// Lets nothing more in, and lets go of what waits: nobody will do it. Who waits for an answer learns that.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        let waiting = std::mem::take(&mut *state);
        state.closed = true;
        drop(state);
        drop(waiting);
    }

    /// Takes what is to be done together. Waits until something is there, unless `idle_work` is left to do; at most
    /// for `wait_max`, if there is one.
    pub(crate) fn take(&self, idle_work: bool, wait_max: Option<Duration>) -> Work {
        let mut state = self.lock();
        let mut is_over = idle_work;
        while state.batches.is_empty() && state.requests.is_empty() && !state.closed && !is_over {
            state = match wait_max {
                None => self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(wait_max) => {
                    let waited = self.arrived.wait_timeout(state, wait_max);
                    let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                    is_over = timeout.timed_out();
                    state
                }
            };
        }
        let mut bytes = 0;
        let mut count = 0;
        for batch in &state.batches {
            if count > 0 && bytes + batch.bytes > GROUP_BYTES_MAX {
                break;
            }
            bytes += batch.bytes;
            count += 1;
        }
        let batches = state.batches.drain(..count).collect();
        state.bytes -= bytes;
        let requests = std::mem::take(&mut state.requests);
        Work { requests, batches, last: state.closed && state.batches.is_empty() }
    }

    /// A panic while the lock was held leaves the queue as it was: every change of it is a single step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
