//! Running the binary: its exit code and what it printed; a server that is ended when the test ends; a webhook delivery; a simulated
//! service.
//! Deliberately absent: expectations.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longest wait for a server to be ready, or to end: a debug build on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a run of the binary came to.
pub(crate) struct Ran {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// Runs the binary to its end, in `folder`, with nothing of this process's environment but `variables`.
pub(crate) fn run_with(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let output = command(folder, variables, arguments).output().unwrap();
    let Output { status, stdout, stderr } = output;
    Ran {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// The same without variables.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    run_with(folder, &[], arguments)
}

/// The same for a run that must succeed: its standard output.
#[track_caller]
pub(crate) fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let ran = run(folder, arguments);
    assert_eq!(ran.code, 0, "{arguments:?}\n{}\n{}", ran.out, ran.err);
    ran.out
}

fn command(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorledger"));
    command.current_dir(folder).env_clear().envs(variables.iter().copied()).args(arguments);
    command
}

/// A server under test.
pub(crate) struct Server {
    child: Child,
    port: u16,
    /// Where it answers.
    pub(crate) url: String,
}

impl Server {
    /// Starts `doorledger serve` on the configuration in `folder` and waits until it is ready.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_until(folder, 200)
    }

    /// The same for a data folder that is damaged: waits until the server says that it takes nothing.
    pub(crate) fn start_unready(folder: &Path) -> Self {
        Self::start_until(folder, 503)
    }

    /// The same with its log in a file of the folder.
    pub(crate) fn start_with_log(folder: &Path) -> Self {
        let log = std::fs::File::create(folder.join("log")).unwrap();
        Self::start_writing(folder, 200, log.into())
    }

    fn start_until(folder: &Path, status: u16) -> Self {
        Self::start_writing(folder, status, Stdio::piped())
    }

    fn start_writing(folder: &Path, status: u16, log: Stdio) -> Self {
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let arguments = ["--config", "doorledger.yaml", "serve", "--listen", &listen];
        let child = command(folder, &[], &arguments).stderr(log).spawn().unwrap();
        let mut server = Self { child, port, url: format!("http://{listen}") };
        let start = Instant::now();
        while !server.is_ready(status) {
            if let Some(status) = server.child.try_wait().unwrap() {
                let mut said = String::new();
                if let Some(mut told) = server.child.stderr.take() {
                    told.read_to_string(&mut said).unwrap();
                }
                panic!("the server ended with {status}: {said}");
            }
            assert!(start.elapsed() < PATIENCE, "the server was not ready in time");
            std::thread::yield_now();
        }
        server
    }

    fn is_ready(&self, expected: u16) -> bool {
        self.request("GET", "/readyz", "", b"").is_some_and(|(status, _)| status == expected)
    }

    /// Posts a body with an `Authorization` header: the status and the answer.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, authorization: &str, body: &[u8]) -> (u16, String) {
        let header =
            format!("Authorization: {authorization}\r\nContent-Type: application/json\r\n");
        self.request("POST", path, &header, body).unwrap()
    }

    /// The same: the head of the answer and its body.
    #[track_caller]
    pub(crate) fn send(&self, path: &str, authorization: &str, body: &[u8]) -> (String, String) {
        let header =
            format!("Authorization: {authorization}\r\nContent-Type: application/json\r\n");
        request(self.port, "POST", path, &header, body).unwrap()
    }

    /// Whether events can be taken: the status and the answer.
    #[track_caller]
    pub(crate) fn ready(&self) -> (u16, String) {
        self.request("GET", "/readyz", "", b"").unwrap()
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The same for a compressed body.
    #[track_caller]
    pub(crate) fn post_gzip(&self, path: &str, authorization: &str, body: &[u8]) -> (u16, String) {
        let header = format!(
            "Authorization: {authorization}\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        );
        self.request("POST", path, &header, body).unwrap()
    }

    /// Asks the server over HTTP: the rows, each a list of its cells.
    #[track_caller]
    pub(crate) fn rows(&self, text: &str) -> Vec<Vec<Value>> {
        let question = serde_json::json!({ "query": text }).to_string();
        let (status, answer) = self.post("/api/v1/query", "", question.as_bytes());
        assert_eq!(status, 200, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        serde_json::from_value(answer["tables"][0]["rows"].clone()).unwrap()
    }

    /// Asks for one number until it is `expected`.
    #[track_caller]
    pub(crate) fn wait_for_count(&self, text: &str, expected: usize) {
        eventually(|| {
            let found = self.rows(text)[0][0].as_u64().unwrap();
            if found == expected as u64 {
                Ok(())
            } else {
                Err(format!("{text}: {found}, not {expected}"))
            }
        });
    }

    /// The status as JSON.
    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        let (status, answer) = self.request("GET", "/api/v1/status", "", b"").unwrap();
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// Announces a body of so many bytes and sends none of it: the status.
    #[track_caller]
    pub(crate) fn announce(&self, path: &str, authorization: &str, bytes: usize) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\nContent-Length: {bytes}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Any request: the status and the answer; nothing if the connection broke off.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Option<(u16, String)> {
        let (head, text) = request(self.port, method, path, headers, body)?;
        Some((head.split(' ').nth(1)?.parse().ok()?, text))
    }

    /// Asks the server by the command line.
    #[track_caller]
    pub(crate) fn query(&self, folder: &Path, format: &str, text: &str) -> String {
        succeed(folder, &["query", "--url", &self.url, "--format", format, text])
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and waits until it has: its exit code.
    pub(crate) fn stop(mut self) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port that is free at this moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// One request on a connection of its own: the head of the answer and its body.
pub(crate) fn request(
    port: u16,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> Option<(String, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let length = body.len();
    // Version 1.0, so that no answer comes in chunks.
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, text) = answer.split_once("\r\n\r\n")?;
    Some((head.to_owned(), text.to_owned()))
}

/// Looks until it is as it should be; panics with the last complaint when patience has run out.
#[track_caller]
pub(crate) fn eventually(look: impl Fn() -> Result<(), String>) {
    let start = Instant::now();
    while let Err(complaint) = look() {
        assert!(start.elapsed() < PATIENCE, "{complaint}");
        std::thread::yield_now();
    }
}

/// A simulated service, run by the binary itself.
pub(crate) struct Simulated {
    child: Child,
    /// What it told of itself: `base_url` and the credentials that it takes.
    pub(crate) told: Value,
}

impl Simulated {
    /// Starts `doorledger simulate` with these arguments and waits until it says where it is.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let arguments = [&["simulate"], arguments].concat();
        let mut child = command(folder, &[], &arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, told: serde_json::from_str(&line).unwrap() }
    }

    /// A text that it told.
    pub(crate) fn told(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap()
    }

    /// What it answers to `GET`.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> String {
        request(self.port(), "GET", path, "", b"").unwrap().1
    }

    /// Tells it to do something.
    #[track_caller]
    pub(crate) fn post(&self, path: &str) -> String {
        request(self.port(), "POST", path, "", b"").unwrap().1
    }

    fn port(&self) -> u16 {
        self.told("base_url").rsplit(':').next().unwrap().parse().unwrap()
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
