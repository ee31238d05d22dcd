//! The load generator: webhook deliveries of distinct events over keep-alive connections, each acknowledged before the
//! next is sent on its connection. Bodies are made from a template, so that making them costs little beside taking them.
//! Deliberately absent: retries; an answer other than 200 ends the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What to send.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// Port on 127.0.0.1.
    pub(crate) port: u16,
    /// Path of the receiver.
    pub(crate) path: String,
    /// Value of the `Authorization` header.
    pub(crate) token: String,
    /// Events of one request.
    pub(crate) batch: usize,
    /// Connections at once.
    pub(crate) connections: usize,
    /// Events in all.
    pub(crate) events: usize,
    /// Number of the first event: events of different runs differ.
    pub(crate) first: usize,
}

/// What came of it.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// Events that were acknowledged.
    pub(crate) events: usize,
    /// From the first byte sent to the last acknowledgement.
    pub(crate) seconds: f64,
    /// Time from request to answer, in milliseconds, ascending.
    pub(crate) latencies_ms: Vec<f64>,
}

impl Answered {
    /// The latency under which this share of the requests was answered.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let last = self.latencies_ms.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = (last as f64 * share) as usize;
        self.latencies_ms.get(index).copied().unwrap_or_default()
    }
}

/// Sends it all and waits for every acknowledgement.
pub(crate) async fn run(load: Load) -> Result<Answered> {
    let load = Arc::new(load);
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let tasks: Vec<_> = (0..load.connections)
        .map(|_| tokio::spawn(connection(load.clone(), next.clone())))
        .collect();
    let mut latencies_ms = Vec::new();
    for task in tasks {
        latencies_ms.extend(task.await.context("wait for a connection")??);
    }
    let seconds = start.elapsed().as_secs_f64();
    latencies_ms.sort_by(f64::total_cmp);
    Ok(Answered { events: load.events, seconds, latencies_ms })
}

async fn connection(load: Arc<Load>, next: Arc<AtomicUsize>) -> Result<Vec<f64>> {
    let mut stream = TcpStream::connect(("127.0.0.1", load.port)).await.context("connect")?;
    stream.set_nodelay(true).context("connect")?;
    let (mut request, mut body, mut answer) = (Vec::new(), Vec::new(), Vec::new());
    let mut latencies = Vec::new();
    loop {
        let first = next.fetch_add(load.batch, Ordering::Relaxed);
        if first >= load.events {
            return Ok(latencies);
        }
        body.clear();
        body.push(b'[');
        for number in first..(first + load.batch).min(load.events) {
            if body.len() > 1 {
                body.push(b',');
            }
            write_event(load.first + number, &mut body);
        }
        body.push(b']');
        request.clear();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            load.path,
            load.token,
            body.len()
        );
        request.extend_from_slice(head.as_bytes());
        request.extend_from_slice(&body);
        let sent = Instant::now();
        stream.write_all(&request).await.context("send")?;
        read_answer(&mut stream, &mut answer).await?;
        latencies.push(sent.elapsed().as_secs_f64() * 1e3);
        ensure!(
            answer.starts_with(b"HTTP/1.1 200"),
            "answered with {}",
            String::from_utf8_lossy(&answer)
        );
    }
}

/// Reads one answer whole: head, then as much as its `content-length` says.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<()> {
    answer.clear();
    let mut length = None;
    loop {
        let read = stream.read_buf(answer).await.context("read an answer")?;
        ensure!(read > 0, "the connection was closed");
        if length.is_none()
            && let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
            let body = head.lines().find_map(|line| {
                line.strip_prefix("content-length:")?.trim().parse::<usize>().ok()
            });
            length = Some(end + 4 + body.unwrap_or_default());
        }
        if length.is_some_and(|length| answer.len() >= length) {
            return Ok(());
        }
    }
}

/// Some 750 bytes, as OneLogin's broadcaster writes them; the number makes each event another one.
pub(crate) fn write_event(number: usize, out: &mut Vec<u8>) {
    const HEAD: &[u8] =
        br#"{"event_timestamp":"2026-11-20 18:00:00 UTC","uuid":"00000000-0000-4000-8000-"#;
    const MIDDLE: &[u8] = br#"","event_type_id":8,"account_id":123456,"actor_system":"","actor_user_name":"Robin Rower","actor_user_id":4711,"user_name":"Robin Rower","user_id":4711,"app_id":77,"app_name":"Expense reports","ipaddr":"203.0.113.77","custom_message":null,"otp_device_id":null,"policy_id":12,"policy_name":"Standard policy","role_id":null,"role_name":null,"risk_score":12,"risk_reasons":"Infrequent access from 203.0.113.77 (12%)","risk_cookie_id":null,"browser_fingerprint":"5d41402abc4b2a76b9719d911017c592","user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36","error_description":null,"notes":"Signed in from the usual place","group_id":null,"group_name":null,"create":{"_id":"00000000-0000-4000-8000-"#;
    const TAIL: &[u8] = br#""}}"#;
    let digits = format!("{number:012}");
    for part in [HEAD, digits.as_bytes(), MIDDLE, digits.as_bytes(), TAIL] {
        out.extend_from_slice(part);
    }
}
