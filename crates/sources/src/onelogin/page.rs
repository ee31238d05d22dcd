//! A page of the events API: `{"status": …, "pagination": …, "data": [events]}`, read in one pass.
//! Deliberately absent: following `next_link`. Its host is the server's to choose; only the cursor in it is taken.

use bytes::Bytes;
use serde::Deserialize;
use url::Url;

use super::role;
use crate::Decoded;
use crate::scan::{self, Broken, Walk, skip_space};
use crate::wire;

/// What a page tells.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) decoded: Decoded,
    /// Where the next page begins; `None` at the end.
    pub(crate) after: Option<String>,
    /// Whether there is a list of events at all.
    pub(crate) has_list: bool,
    /// Whether the status in the body says that something went wrong.
    pub(crate) is_error: bool,
    /// Where and why the body breaks off.
    pub(crate) broken: Option<Broken>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    error: bool,
}

#[derive(Deserialize)]
struct Pagination {
    after_cursor: Option<String>,
    next_link: Option<String>,
}

/// Reads the object that begins at `start` of `body`.
pub(crate) fn read(body: &Bytes, start: usize) -> Page {
    let mut page = Page::default();
    if let Err(broken) = fill(body, start, &mut page) {
        page.broken = Some(broken);
    }
    page
}

fn fill(body: &Bytes, start: usize, page: &mut Page) -> Result<(), Broken> {
    let mut walk = Walk::of(body, start);
    while let Some((key, at)) = walk.member()? {
        if key == b"data" && body.get(at) == Some(&b'[') && !page.has_list {
            let (decoded, extent) = wire::read_array(body, at, role);
            page.decoded = decoded;
            page.has_list = true;
            walk.passed(extent?);
            continue;
        }
        let extent = scan::value(body, at)?;
        walk.passed(extent);
        let value = body.get(at..extent.end).unwrap_or_default();
        match key {
            b"status" => {
                page.is_error = serde_json::from_slice::<Status>(value).is_ok_and(|it| it.error);
            }
            b"pagination" => page.after = after(value),
            _ => {}
        }
    }
    let end = skip_space(body, walk.extent().end);
    if end == body.len() { Ok(()) } else { Err(Broken { at: end, why: "text after the page" }) }
}

fn after(pagination: &[u8]) -> Option<String> {
    let pagination: Pagination = serde_json::from_slice(pagination).ok()?;
    let cursor = pagination.after_cursor.or_else(|| {
        let link = Url::parse(&pagination.next_link?).ok()?;
        let (_, cursor) = link.query_pairs().find(|(name, _)| name == "after_cursor")?;
        Some(cursor.into_owned())
    });
    cursor.filter(|cursor| !cursor.is_empty())
}
