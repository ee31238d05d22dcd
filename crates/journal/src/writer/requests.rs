//! Requests of readers and of those who deal with dead letters: one transaction for all that wait.
//! Deliberately absent: batches (`appends`).

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use model::SourceId;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{State, Writer};
use crate::limits::DEAD_LETTER_BUDGET_DIVISOR;
use crate::readers::{Readers, passed};
use crate::{
    Booking, DeadLetter, Deliveries, Error, ReaderStart, ahead, dead_letters, delivery, readers,
    removal,
};

/// Where an answer goes. Nobody may be waiting for it any more.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// A wish that is not an append.
pub(crate) enum Request {
    /// Saves a new reader; gives its offset, or that of the old one of this name.
    Register(String, ReaderStart, Reply<u64>),
    /// Saves how far a reader is, and what it gave up on.
    Advance(Progress, Reply<()>),
    /// Forgets a reader; whether there was one.
    RemoveReader(String, Reply<bool>),
    /// Books what was done outside a reader's way; how many dead letters it removed.
    Book(Booking, Reply<u64>),
}

/// How far a reader is.
pub(crate) struct Progress {
    /// Its name.
    pub(crate) reader: String,
    /// Everything before this offset is dealt with.
    pub(crate) offset: u64,
    /// And so is this, beyond it.
    pub(crate) ahead: Vec<Range<u64>>,
    /// What it gave up on.
    pub(crate) dead: Vec<DeadLetter>,
    /// What it has settled since it last said.
    pub(crate) deliveries: Deliveries,
}

/// The rows of sources.
type SourceRows = HashMap<SourceId, i64>;

/// Sends an answer once it is known whether the transaction is durable.
type Answer = Box<dyn FnOnce(Option<&Arc<Error>>)>;

impl Writer {
    /// Does what was asked, in order, removes what every reader has passed then, and answers.
    pub(super) fn do_requests(&mut self, requests: Vec<Request>) {
        if requests.is_empty() {
            return;
        }
        let mut staged = match self.state() {
            Ok(state) => Staged::of(state),
            Err(error) => return requests.into_iter().for_each(|request| request.fail(&error)),
        };
        let now = self.clock.now();
        let dead_letter_bytes_max = self.options.disk_bytes_max / DEAD_LETTER_BUDGET_DIVISOR;
        let mut waiting = VecDeque::from(requests);
        let mut answers = Vec::with_capacity(waiting.len());
        let rows: SourceRows = match &self.state {
            Some(state) => state.sources.iter().map(|(it, row)| (it.clone(), row.id)).collect(),
            None => SourceRows::new(),
        };
        let result = self.transaction(|connection, path| {
            while let Some(request) = waiting.pop_front() {
                let mut change = Change {
                    connection,
                    path,
                    sources: &rows,
                    staged: &mut staged,
                    now,
                    dead_letter_bytes_max,
                };
                let (answer, saved) = change.apply(request);
                answers.push(answer);
                saved?;
            }
            removal::step(connection, path, passed(&staged.readers), staged.next)
        });
        let failure = match (result, &mut self.state) {
            (Ok(removed), Some(state)) => {
                state.readers = staged.readers;
                state.dead_letter_bytes = staged.dead_letter_bytes;
                state.first = removed.first;
                state.removable = removed.more;
                None
            }
            (Ok(_), None) => None,
            (Err(error), _) => Some(error),
        };
        self.note_pin();
        answers.into_iter().for_each(|answer| answer(failure.as_ref()));
        if let Some(failure) = failure {
            waiting.into_iter().for_each(|request| request.fail(&failure));
        }
    }
}

/// What a transaction changes of the state, before it is known to be durable.
struct Staged {
    first: u64,
    next: u64,
    readers: Readers,
    dead_letter_bytes: u64,
}

impl Staged {
    fn of(state: &State) -> Self {
        Self {
            first: state.first,
            next: state.next,
            readers: state.readers.clone(),
            dead_letter_bytes: state.dead_letter_bytes,
        }
    }
}

impl Request {
    fn fail(self, error: &Arc<Error>) {
        match self {
            Self::Register(.., reply) => answer(reply, Ok(0))(Some(error)),
            Self::Advance(.., reply) => answer(reply, Ok(()))(Some(error)),
            Self::RemoveReader(.., reply) => answer(reply, Ok(false))(Some(error)),
            Self::Book(.., reply) => answer(reply, Ok(0))(Some(error)),
        }
    }
}

/// One transaction in the making.
struct Change<'a> {
    connection: &'a Connection,
    path: &'a Path,
    sources: &'a SourceRows,
    staged: &'a mut Staged,
    now: model::Timestamp,
    dead_letter_bytes_max: u64,
}

impl Change<'_> {
    fn apply(&mut self, request: Request) -> (Answer, Result<(), Error>) {
        let storage = Error::storage("save", self.path);
        match request {
            Request::Register(name, start, reply) => {
                settle(reply, self.register(name, start).map_err(storage))
            }
            Request::Advance(progress, reply) => settle(reply, self.advance(progress)),
            Request::RemoveReader(name, reply) => {
                let removed = readers::remove(self.connection, &name)
                    .and_then(|()| ahead::remove(self.connection, &name));
                let known = self.staged.readers.remove(&name).is_some();
                settle(reply, removed.map(|()| Ok(known)).map_err(storage))
            }
            Request::Book(booking, reply) => settle(reply, self.book(booking)),
        }
    }

    fn book(&mut self, booking: Booking) -> Result<Result<u64, Error>, Error> {
        let Booking { deliveries, dead, settled } = booking;
        let dead_bytes: u64 = dead.iter().map(|(_, letter)| letter.bytes()).sum();
        let total = self.staged.dead_letter_bytes + dead_bytes;
        if dead_bytes > 0 && total > self.dead_letter_bytes_max {
            return Ok(Err(Error::DeadLettersFull { bytes_max: self.dead_letter_bytes_max }));
        }
        for (name, deliveries) in &deliveries {
            self.count(name, deliveries)?;
        }
        let save = || {
            for (origin, letter) in dead {
                let letter = DeadLetter { at: self.now, origin, ..letter };
                dead_letters::insert(self.connection, &letter)?;
            }
            dead_letters::remove(self.connection, &settled)
        };
        let (count, bytes) = save().map_err(Error::storage("save", self.path))?;
        self.staged.dead_letter_bytes = total.saturating_sub(bytes);
        Ok(Ok(count))
    }

    fn count(&self, name: &str, deliveries: &Deliveries) -> Result<(), Error> {
        for (source, hour, delivered) in deliveries.iter() {
            // What is settled came through the journal, so its source is known.
            if let Some(row) = self.sources.get(source) {
                delivery::add(self.connection, self.path, (hour, *row, name), delivered)?;
            }
        }
        Ok(())
    }

    fn register(
        &mut self,
        name: String,
        start: ReaderStart,
    ) -> rusqlite::Result<Result<u64, Error>> {
        if let Some(offset) = self.staged.readers.get(&name) {
            return Ok(Ok(*offset));
        }
        let offset = match start {
            ReaderStart::Beginning => self.staged.first,
            ReaderStart::Head => self.staged.next,
        };
        readers::save(self.connection, &name, offset)?;
        self.staged.readers.insert(name, offset);
        Ok(Ok(offset))
    }

    fn advance(&mut self, progress: Progress) -> Result<Result<(), Error>, Error> {
        let Progress { reader, offset, ahead, dead, deliveries } = progress;
        let name = reader.as_str();
        let Some(saved) = self.staged.readers.get(name).copied() else {
            return Ok(Err(Error::UnknownReader { name: name.to_owned() }));
        };
        let head = self.staged.next;
        let end = ahead.last().map_or(offset, |range| range.end);
        if offset < saved || offset > head || end > head {
            let name = name.to_owned();
            return Ok(Err(Error::OffsetOutOfRange { name, saved, offset, head }));
        }
        let dead_bytes: u64 = dead.iter().map(DeadLetter::bytes).sum();
        let total = self.staged.dead_letter_bytes + dead_bytes;
        if dead_bytes > 0 && total > self.dead_letter_bytes_max {
            return Ok(Err(Error::DeadLettersFull { bytes_max: self.dead_letter_bytes_max }));
        }
        self.count(name, &deliveries)?;
        let save = || {
            for letter in dead {
                let letter = DeadLetter { at: self.now, origin: name.to_owned(), ..letter };
                dead_letters::insert(self.connection, &letter)?;
            }
            readers::save(self.connection, name, offset)?;
            ahead::save(self.connection, name, offset, &ahead)
        };
        save().map_err(Error::storage("save", self.path))?;
        self.staged.dead_letter_bytes = total;
        self.staged.readers.insert(name.to_owned(), offset);
        Ok(Ok(()))
    }
}

/// The answer to one request, and whether its transaction may go on.
fn settle<T: Send + 'static>(
    reply: Reply<T>,
    result: Result<Result<T, Error>, Error>,
) -> (Answer, Result<(), Error>) {
    match result {
        Ok(result) => (answer(reply, result), Ok(())),
        // The failed transaction takes the place of this answer.
        Err(error) => (answer(reply, Err(Error::Closed)), Err(error)),
    }
}

fn answer<T: Send + 'static>(reply: Reply<T>, result: Result<T, Error>) -> Answer {
    Box::new(move |failure| {
        let result = match failure {
            Some(failure) => Err(Error::Transaction(Arc::clone(failure))),
            None => result,
        };
        // Whoever asked may have gone; the change stands all the same.
        drop(reply.send(result));
    })
}
