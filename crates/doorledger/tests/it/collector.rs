//! A receiver of the Data Collector's posts that answers for some tables and keeps others waiting for ever, and counts.
//! Deliberately absent: signatures and limits (`simulator` has those).

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// Posts that were read, by table.
type Received = Arc<Mutex<BTreeMap<String, Vec<Value>>>>;

/// The receiver. Its thread ends with the test's process.
pub(crate) struct Collector {
    /// Where it listens.
    pub(crate) url: String,
    received: Received,
}

impl Collector {
    /// Starts one. What is posted for the table `silent` is never answered.
    pub(crate) fn start(silent: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Received::default();
        let book = Arc::clone(&received);
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some((table, records)) = read(&stream) else { continue };
                if table == silent {
                    held.push(stream);
                    continue;
                }
                book.lock().unwrap().entry(table).or_default().extend(records);
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                // Whoever posted may be gone.
                drop(stream.write_all(answer));
            }
        });
        Self { url, received }
    }

    /// How many records of a table were answered for.
    pub(crate) fn count(&self, table: &str) -> usize {
        self.received.lock().unwrap().get(table).map_or(0, Vec::len)
    }
}

/// The table and the records of one post; nothing if it broke off.
fn read(stream: &TcpStream) -> Option<(String, Vec<Value>)> {
    let mut reader = BufReader::new(stream);
    let (mut table, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end().split_once(": ") {
            _ if line.trim_end().is_empty() => break,
            Some((name, value)) if name.eq_ignore_ascii_case("log-type") => {
                value.clone_into(&mut table)
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?;
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((table, serde_json::from_slice(&body).ok()?))
}
