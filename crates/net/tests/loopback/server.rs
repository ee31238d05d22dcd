//! Servers for tests: they answer from a function, and remember what they were asked.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::Request;
use axum::response::Response;
use axum::{Router, body};
use http::HeaderMap;
use tokio::net::TcpListener;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A server that stops with the test's runtime.
pub(crate) struct Server {
    pub(crate) base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Starts a server whose nth answer (from 0) is `answer(n, request)`.
    pub(crate) async fn start<F>(answer: F) -> Self
    where
        F: Fn(usize, &Asked) -> Response + Send + Sync + Clone + 'static,
    {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let kept = Arc::clone(&asked);
        let app = Router::new().fallback(move |request: Request| {
            let (kept, answer) = (Arc::clone(&kept), answer.clone());
            async move {
                let (parts, content) = request.into_parts();
                let body = body::to_bytes(content, 1 << 20).await.expect("a body");
                let asked = Asked { target: parts.uri.to_string(), headers: parts.headers, body };
                let mut all = kept.lock().expect("no panic");
                all.push(asked.clone());
                answer(all.len() - 1, &asked)
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { base, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }
}

pub(crate) fn answer(status: u16, body: impl Into<body::Body>) -> Response {
    Response::builder().status(status).body(body.into()).expect("a response")
}
