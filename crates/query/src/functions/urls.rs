//! Texts with a structure of their own taken apart: addresses, paths, comma-separated lines, command lines. Deliberately
//! absent: XML, user agents.

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;
use serde_json::{Map, Value, json};

use super::encoding::percent_decoded;
use super::kinds::TEXT;
use super::{Function, p};
use crate::dynamic;
use crate::kernel::Args;

macro_rules! function {
    ($name:literal, $param:literal, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[p($param, TEXT)], Returns::Type(Type::Dynamic))],
                $doc,
            ),
            $kernel,
            $example,
        )
    };
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "parse_url",
        "address",
        "The parts of an address: Scheme, Host, Port, Path, Username, Password, Query Parameters, Fragment.",
        parse_url,
        ("parse_url('https://a.example:8443/p?x=1#f').Host", "a.example")
    ),
    function!(
        "parse_urlquery",
        "query",
        "The parameters of the query part of an address.",
        parse_urlquery,
        (r#"tostring(parse_urlquery('a=1&b=2'))"#, r#"{"Query Parameters":{"a":"1","b":"2"}}"#)
    ),
    function!(
        "parse_path",
        "path",
        "The parts of a path: Scheme, RootPath, DirectoryPath, DirectoryName, Filename, Extension, AlternateDataStreamName.",
        parse_path,
        (r"parse_path(@'C:\temp\file.txt').Extension", "txt")
    ),
    function!(
        "parse_csv",
        "line",
        "The fields of the first line of comma-separated text.",
        parse_csv,
        (r#"tostring(parse_csv('a,"b,c"'))"#, r#"["a","b,c"]"#)
    ),
    Function::kernel(
        Signature::new(
            "parse_command_line",
            &[Overload::of(&[p("line", TEXT), p("kind", TEXT)], Returns::Type(Type::Dynamic))],
            "The arguments of a command line, as Windows splits it.",
        ),
        parse_command_line,
        (
            r#"tostring(parse_command_line('echo "hello world"', 'windows'))"#,
            r#"["echo","hello world"]"#,
        ),
    ),
];

/// A function from a text to a JSON value.
fn mapped(args: &Args<'_>, map: impl Fn(&str) -> Option<Value>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| match map(text.get(row)) {
        Some(value) => {
            out.push_str(&value.to_string());
            true
        }
        None => false,
    })
}

fn parameters(query: &str) -> Value {
    let mut members = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        members.insert(percent_decoded(name), Value::String(percent_decoded(value)));
    }
    Value::Object(members)
}

fn parse_urlquery(args: &Args<'_>) -> Result<ArrayRef> {
    mapped(args, |query| {
        let query = query.strip_prefix('?').unwrap_or(query);
        Some(json!({ "Query Parameters": parameters(query) }))
    })
}

fn parse_url(args: &Args<'_>) -> Result<ArrayRef> {
    mapped(args, |text| {
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (scheme, rest) = rest.split_once("://").unwrap_or(("", rest));
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
            _ => (host, ""),
        };
        Some(json!({
            "Scheme": scheme,
            "Host": host,
            "Port": port,
            "Path": path,
            "Username": name,
            "Password": password,
            "Query Parameters": parameters(query),
            "Fragment": fragment,
        }))
    })
}

fn parse_path(args: &Args<'_>) -> Result<ArrayRef> {
    mapped(args, |text| {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let drive = rest.as_bytes().get(1) == Some(&b':');
        let root =
            if drive { rest.get(..3).or_else(|| rest.get(..2)).unwrap_or_default() } else { "" };
        let cut = rest.rfind(['/', '\\']);
        let (directory, file) = match cut {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => ("", rest),
        };
        let (file, stream) = file.split_once(':').unwrap_or((file, ""));
        let name = directory.rsplit(['/', '\\']).next().unwrap_or_default();
        let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
        Some(json!({
            "Scheme": scheme,
            "RootPath": root,
            "DirectoryPath": directory,
            "DirectoryName": name,
            "Filename": file,
            "Extension": extension,
            "AlternateDataStreamName": stream,
        }))
    })
}

fn parse_csv(args: &Args<'_>) -> Result<ArrayRef> {
    mapped(args, |text| {
        let mut fields = vec![String::new()];
        let mut quoted = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let Some(field) = fields.last_mut() else { break };
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    characters.next();
                    field.push('"');
                }
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                '\r' | '\n' if !quoted => break,
                other => field.push(other),
            }
        }
        Some(json!(fields))
    })
}

fn parse_command_line(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| {
        let words = windows_words(text.get(row));
        out.push('[');
        for (at, word) in words.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            dynamic::write_string(word, out);
        }
        out.push(']');
        !words.is_empty()
    })
}

/// Splits as the C runtime of Windows does: backslashes count only in front of a quote.
fn windows_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let (mut quoted, mut slashes) = (false, 0);
    for character in line.chars() {
        if character == '\\' {
            slashes += 1;
            word.get_or_insert_default();
            continue;
        }
        let current = if slashes > 0 || character == '"' || quoted || !character.is_whitespace() {
            Some(word.get_or_insert_default())
        } else {
            None
        };
        if let Some(current) = current {
            let halved = if character == '"' { slashes / 2 } else { slashes };
            current.extend(std::iter::repeat_n('\\', halved));
            match character {
                '"' if slashes % 2 == 1 => current.push('"'),
                '"' => quoted = !quoted,
                blank if blank.is_whitespace() && !quoted => words.extend(word.take()),
                other => current.push(other),
            }
        } else {
            words.extend(word.take());
        }
        slashes = 0;
    }
    if let Some(mut last) = word {
        last.extend(std::iter::repeat_n('\\', slashes));
        words.push(last);
    }
    words
}
