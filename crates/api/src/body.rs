//! Reading the body of a request: never more of it than a limit allows, never longer than a time allows, and in one
//! piece. Deliberately absent: what the bytes mean.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::EXPECT;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use crate::limits::Share;

/// Why a body could not be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is longer than allowed.
    #[error("the body is larger than {bytes_max} bytes")]
    TooLarge {
        /// What is allowed.
        bytes_max: usize,
    },
    /// Other bodies use up the memory at the moment.
    #[error("the memory for bodies is used up")]
    NoMemory,
    /// The sender fell silent, or took too long altogether.
    #[error("the body did not arrive in time")]
    Stalled,
    /// The connection broke, or the body was not HTTP.
    #[error("the body ended early")]
    Cut,
}

/// What a body may use up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyCaps {
    /// Its length.
    pub(crate) bytes_max: usize,
    /// The longest silence within it.
    pub(crate) stall_time_max: Duration,
    /// From its first to its last byte.
    pub(crate) time_max: Duration,
}

/// The length that the request announced, if it did and if it is within the limit.
pub(crate) fn declared_length<B: Body>(
    body: &B,
    bytes_max: usize,
) -> Result<Option<usize>, BodyError> {
    match body.size_hint().exact() {
        None => Ok(None),
        Some(bytes) => match usize::try_from(bytes) {
            Ok(bytes) if bytes <= bytes_max => Ok(Some(bytes)),
            _ => Err(BodyError::TooLarge { bytes_max }),
        },
    }
}

/// Reads `body` to its end into one contiguous piece. What it takes is added to `share` before it is kept. A body that
/// arrives in a single frame, as small ones do, is handed on without a copy.
pub(crate) async fn collect<B>(
    body: &mut B,
    caps: BodyCaps,
    share: &mut Share,
) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let declared = declared_length(body, caps.bytes_max)?;
    if declared.is_some_and(|bytes| !share.grow(bytes)) {
        return Err(BodyError::NoMemory);
    }
    let deadline = Instant::now() + caps.time_max;
    let mut first: Option<Bytes> = None;
    let mut whole = BytesMut::new();
    let mut length = 0_usize;
    while let Some(data) = next_data(body, caps.stall_time_max, deadline).await? {
        length += data.len();
        if length > caps.bytes_max {
            return Err(BodyError::TooLarge { bytes_max: caps.bytes_max });
        }
        if declared.is_none() && !share.grow(data.len()) {
            return Err(BodyError::NoMemory);
        }
        match first.take() {
            None if whole.is_empty() => first = Some(data),
            None => whole.extend_from_slice(&data),
            Some(start) => {
                whole.reserve(declared.unwrap_or(length * 2).max(length));
                whole.extend_from_slice(&start);
                whole.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

/// The next piece of the body that holds bytes; `None` at its end.
async fn next_data<B>(
    body: &mut B,
    stall_time_max: Duration,
    deadline: Instant,
) -> Result<Option<Bytes>, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    loop {
        let patience = stall_time_max.min(deadline.saturating_duration_since(Instant::now()));
        let frame = timeout(patience, body.frame()).await.map_err(|_| BodyError::Stalled)?;
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(BodyError::Cut),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if !data.is_empty() => return Ok(Some(data)),
                // Trailers and empty frames say nothing.
                Ok(_) | Err(_) => {}
            },
        }
    }
}

/// How much of an unwanted body is read away, and for how long.
const DRAIN_BYTES_MAX: usize = 256 * 1024;
const DRAIN_TIME_MAX: Duration = Duration::from_secs(2);

/// A body of which the rest is read away when nobody wants it any more, beside the answer that is already on its way. A
/// connection that is closed with unread input is reset by the system, and the sender would see the reset instead of the
/// answer.
pub(crate) struct ReadAway<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    // Taken when dropped.
    body: Option<B>,
    ended: bool,
}

impl<B> ReadAway<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    /// The body of a request with these headers.
    pub(crate) fn of(headers: &HeaderMap, body: B) -> Self {
        // A sender that waits for `100 Continue` has not sent its body, and sends it only if somebody begins to read.
        Self { body: Some(body), ended: headers.contains_key(EXPECT) }
    }
}

impl<B> Body for ReadAway<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        self.ended = matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl<B> Drop for ReadAway<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    fn drop(&mut self) {
        if self.ended || self.is_end_stream() {
            return;
        }
        // Without a runtime there is no connection either.
        if let (Some(body), Ok(runtime)) = (self.body.take(), Handle::try_current()) {
            runtime.spawn(timeout(DRAIN_TIME_MAX, drain(body)));
        }
    }
}

async fn drain<B>(mut body: B)
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > DRAIN_BYTES_MAX {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::StreamExt;
    use http_body_util::{Full, StreamBody};

    use super::*;
    use crate::limits::Budget;

    const CAPS: BodyCaps = BodyCaps {
        bytes_max: 10,
        stall_time_max: Duration::from_secs(5),
        time_max: Duration::from_secs(8),
    };

    fn pieces(pieces: &[&'static str]) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        let frames: Vec<_> = pieces
            .iter()
            .map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes()))))
            .collect();
        StreamBody::new(futures::stream::iter(frames))
    }

    #[tokio::test]
    async fn a_body_is_one_piece_up_to_its_limit_and_refused_above() {
        for (sent, expected) in [
            (&[][..], Ok("")),
            (&["12345"][..], Ok("12345")),
            (&["12345", "", "67890"][..], Ok("1234567890")),
            (&["1", "2", "3"][..], Ok("123")),
            (&["12345", "67890", "1"][..], Err(BodyError::TooLarge { bytes_max: 10 })),
        ] {
            let mut share = Budget::of(100).take(0).unwrap();
            let read = collect(&mut pieces(sent), CAPS, &mut share).await;
            assert_eq!(read, expected.map(Bytes::from_static_str), "{sent:?}");
        }
    }

    trait FromStaticStr {
        fn from_static_str(text: &'static str) -> Self;
    }

    impl FromStaticStr for Bytes {
        fn from_static_str(text: &'static str) -> Self {
            Self::from_static(text.as_bytes())
        }
    }

    #[tokio::test]
    async fn a_declared_length_above_the_limit_is_refused_before_anything_is_read() {
        for (length, expected) in
            [(10, Ok(Some(10))), (11, Err(BodyError::TooLarge { bytes_max: 10 }))]
        {
            let body = Full::new(Bytes::from(vec![b'x'; length]));
            assert_eq!(declared_length(&body, 10), expected);
        }
    }

    #[tokio::test]
    async fn a_body_waits_for_no_memory() {
        let budget = Budget::of(4);
        let mut share = budget.take(0).unwrap();
        let read = collect(&mut pieces(&["123", "45"]), CAPS, &mut share).await;
        assert_eq!(read, Err(BodyError::NoMemory));
        let read = collect(&mut Full::new(Bytes::from("12345")), CAPS, &mut share).await;
        assert_eq!(read, Err(BodyError::NoMemory));
        drop(share);
        assert_eq!(budget.taken(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_or_trickles_is_given_up() {
        let silent = StreamBody::new(
            pieces_then_silence(["123"]).map(|data| Ok::<_, Infallible>(Frame::data(data))),
        );
        let started = Instant::now();
        let mut share = Budget::of(100).take(0).unwrap();
        let read = collect(&mut Box::pin(silent), CAPS, &mut share).await;
        assert_eq!(read, Err(BodyError::Stalled));
        assert_eq!(started.elapsed(), Duration::from_secs(5));

        // One byte every three seconds never stalls for five, but takes longer than eight.
        let trickle = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Some((Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x"))), ()))
        });
        let started = Instant::now();
        let read = collect(&mut Box::pin(StreamBody::new(trickle)), CAPS, &mut share).await;
        assert_eq!(read, Err(BodyError::Stalled));
        assert_eq!(started.elapsed(), Duration::from_secs(8));
    }

    /// A body that counts how many of its pieces were asked for.
    fn counting(asked: Arc<AtomicUsize>) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        StreamBody::new(futures::stream::iter(0..5).map(move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            Ok(Frame::data(Bytes::from(vec![b'x'; 100_000])))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_wants_is_read_away_up_to_a_limit() {
        let expecting = HeaderMap::from_iter([(EXPECT, "100-continue".parse().unwrap())]);
        for (headers, wanted, expected) in [
            // Three pieces are the first to exceed the limit.
            (HeaderMap::new(), 0, 3),
            (HeaderMap::new(), 1, 4),
            (HeaderMap::new(), 5, 5),
            (expecting.clone(), 0, 0),
            (expecting, 1, 4),
        ] {
            let asked = Arc::<AtomicUsize>::default();
            let mut body = ReadAway::of(&headers, counting(Arc::clone(&asked)));
            for _ in 0..wanted {
                assert!(body.frame().await.is_some());
            }
            drop(body);
            // Paused time moves on only when every task waits: by then the rest is read.
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert_eq!(asked.load(Ordering::SeqCst), expected, "{headers:?} {wanted}");
        }
    }

    fn pieces_then_silence<const N: usize>(
        pieces: [&'static str; N],
    ) -> impl futures::Stream<Item = Bytes> {
        futures::stream::iter(pieces.map(|piece| Bytes::from_static(piece.as_bytes())))
            .chain(futures::stream::pending())
    }
}
