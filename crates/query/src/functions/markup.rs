//! XML as a bag: an element becomes a member, its attributes members whose names begin with `@`, its text `#text` where it
//! has anything else beside, several of one name an array.
//!
//! Deliberately absent: comments, instructions and document types, which are passed over, and XML longer or deeper than the
//! limits, which is null.

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, ParamKind, Returns, Signature};
use kql::types::Type;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use super::{Function, p};
use crate::dynamic;
use crate::kernel::Args;

/// The longest text that is read, in bytes; Kusto's own limit.
const XML_BYTES_MAX: usize = 1 << 20;

/// How deep elements may lie within each other.
const DEPTH_MAX: usize = 100;

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[Function::kernel(
    Signature::new(
        "parse_xml",
        &[Overload::of(&[p("xml", ParamKind::StringOrDynamic)], Returns::Type(Type::Dynamic))],
        "XML as a bag; null if it is none. Attributes are members such as `@name`, text beside other things is `#text`, equal elements become an array.",
    ),
    parse_xml,
    (
        r#"tostring(parse_xml('<e kind="a"><v>1</v><v>2</v></e>'))"#,
        r##"{"e":{"@kind":"a","v":["1","2"]}}"##,
    ),
)];

fn parse_xml(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let is_dynamic = args.types.first() == Some(&Type::Dynamic);
    args.texts(|row, out| {
        let text = text.get(row);
        let xml = if is_dynamic { dynamic::to_text(text) } else { text.into() };
        match document(xml.trim_start()) {
            Some(value) => {
                out.push_str(&value.to_string());
                true
            }
            None => false,
        }
    })
}

/// An element whose end was not seen yet.
struct Open {
    name: String,
    members: Map<String, Value>,
    text: String,
}

impl Open {
    fn new(start: &BytesStart<'_>) -> Option<Self> {
        let name = String::from_utf8(start.name().as_ref().to_vec()).ok()?;
        let mut members = Map::new();
        for attribute in start.attributes() {
            let attribute = attribute.ok()?;
            let name = std::str::from_utf8(attribute.key.as_ref()).ok()?;
            let value = std::str::from_utf8(&attribute.value).ok()?;
            let value = quick_xml::escape::unescape(value).ok()?;
            members.insert(format!("@{name}"), Value::String(value.into_owned()));
        }
        Some(Self { name, members, text: String::new() })
    }

    /// Its value: null if it is empty, its text if it has nothing else.
    fn value(mut self) -> Value {
        let text = self.text.trim();
        if self.members.is_empty() {
            return if text.is_empty() { Value::Null } else { Value::String(text.to_owned()) };
        }
        if !text.is_empty() {
            add(&mut self.members, "#text", Value::String(text.to_owned()));
        }
        Value::Object(self.members)
    }
}

/// Adds a member; a second one of a name makes an array.
fn add(members: &mut Map<String, Value>, name: &str, value: Value) {
    match members.get_mut(name) {
        None => {
            members.insert(name.to_owned(), value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

/// The bag of a document; `None` if the text is none.
fn document(xml: &str) -> Option<Value> {
    if xml.len() > XML_BYTES_MAX {
        return None;
    }
    let mut reader = Reader::from_str(xml);
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Map<String, Value>> = None;
    let mut close = |element: Open, open: &mut Vec<Open>| -> Option<()> {
        let name = element.name.clone();
        let value = element.value();
        match open.last_mut() {
            Some(parent) => add(&mut parent.members, &name, value),
            // A document has one root.
            None if root.is_some() => return None,
            None => root = Some(Map::from_iter([(name, value)])),
        }
        Some(())
    };
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                if open.len() >= DEPTH_MAX {
                    return None;
                }
                open.push(Open::new(&start)?);
            }
            Event::Empty(start) => close(Open::new(&start)?, &mut open)?,
            Event::End(_) => close(open.pop()?, &mut open)?,
            Event::Text(text) => write_text(&mut open, &text.decode().ok()?)?,
            Event::CData(text) => write_text(&mut open, &text.decode().ok()?)?,
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref().ok()? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(
                        std::str::from_utf8(&reference).ok()?,
                    )?
                    .to_owned(),
                };
                write_text(&mut open, &resolved)?;
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !open.is_empty() {
        return None;
    }
    root.map(Value::Object)
}

/// Text within the innermost element; outside of all there may be blanks alone.
fn write_text(open: &mut [Open], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return None,
    }
    Some(())
}
