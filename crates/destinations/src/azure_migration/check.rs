//! Whether a data collection rule that is there takes what we send: its stream's columns beside ours, and where its data
//! flows lead.
//! Deliberately absent: reading the file, and running its transformation.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::Plan;

/// The largest rule that is read, in bytes.
pub const DCR_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What is not as it should be. `Display` is a sentence without its final dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The text is not a rule.
    NotARule(String),
    /// The rule declares no stream of the name that we send to.
    NoStream {
        /// The one that we send to.
        wanted: String,
        /// Those that it declares.
        declared: Vec<String>,
    },
    /// We send a column that the stream does not declare: Azure drops it without a word.
    Missing {
        /// Its name.
        name: String,
        /// The type that it should have.
        kind: String,
    },
    /// A column is declared with another type than that of what we send.
    OtherType {
        /// Its name.
        name: String,
        /// The type of what we send.
        sent: String,
        /// The type that is declared.
        declared: String,
    },
    /// The stream declares a column that we never send: it stays empty.
    Superfluous(String),
    /// A name is declared in another case than ours: names are compared letter by letter.
    OtherCase {
        /// Our name.
        sent: String,
        /// Theirs.
        declared: String,
    },
    /// No data flow takes the stream anywhere.
    NoFlow(String),
    /// A data flow leads to another table.
    OtherTable {
        /// Where to.
        output: String,
        /// Where it should.
        wanted: String,
    },
}

impl Finding {
    /// Whether events or fields are lost while it stands.
    #[must_use]
    pub fn loses(&self) -> bool {
        !matches!(self, Self::Superfluous(_) | Self::OtherTable { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARule(why) => write!(f, "this is not a data collection rule: {why}"),
            Self::NoStream { wanted, declared } if declared.is_empty() => {
                write!(f, "the rule declares no stream; declare {wanted}")
            }
            Self::NoStream { wanted, declared } => write!(
                f,
                "the rule does not declare {wanted} but {}; declare it, or name another under `streams` of the destination",
                declared.join(", ")
            ),
            Self::Missing { name, kind } => {
                write!(f, "missing: {name} ({kind}); what is sent of it is dropped without a word")
            }
            Self::OtherType { name, sent, declared } => write!(
                f,
                "of another type: {name} is declared as {declared}, {sent} is sent; what cannot be converted becomes null"
            ),
            Self::Superfluous(name) => {
                write!(f, "superfluous: {name} is never sent and stays empty")
            }
            Self::OtherCase { sent, declared } => {
                write!(
                    f,
                    "of another case: {declared} is declared, {sent} is sent, and letters count"
                )
            }
            Self::NoFlow(stream) => write!(f, "no data flow takes {stream} anywhere"),
            Self::OtherTable { output, wanted } => {
                write!(f, "{output} gets the events, not {wanted}")
            }
        }
    }
}

/// Compares a rule (as Azure shows it: with `properties`, or these alone, or within a template's `resources`) with what
/// the plan sends. Nothing found: the rule takes everything.
#[must_use]
pub fn check(plan: &Plan, rule: &Value) -> Vec<Finding> {
    let Some(properties) = properties(rule) else {
        return vec![Finding::NotARule("it has no `streamDeclarations`".to_owned())];
    };
    let Some(streams) = properties["streamDeclarations"].as_object() else {
        return vec![Finding::NotARule("`streamDeclarations` is not an object".to_owned())];
    };
    let Some(stream) = streams.get(&plan.stream) else {
        return vec![Finding::NoStream {
            wanted: plan.stream.clone(),
            declared: streams.keys().cloned().collect(),
        }];
    };
    let mut findings = compare(plan, stream);
    findings.extend(flows(plan, properties));
    findings
}

fn properties(rule: &Value) -> Option<&Value> {
    let own = [rule, &rule["properties"]];
    let in_template =
        rule["resources"].as_array().into_iter().flatten().map(|it| &it["properties"]);
    own.into_iter().chain(in_template).find(|it| it.get("streamDeclarations").is_some())
}

fn compare(plan: &Plan, stream: &Value) -> Vec<Finding> {
    let empty = Vec::new();
    let columns = stream["columns"].as_array().unwrap_or(&empty);
    let declared: BTreeMap<&str, &str> = columns
        .iter()
        .filter_map(|column| Some((column["name"].as_str()?, column["type"].as_str()?)))
        .collect();
    let mut findings = Vec::new();
    for column in &plan.stream_columns {
        let name = column.name.to_owned();
        match declared.get(column.name) {
            Some(kind) if is_same_type(kind, column.kind) => {}
            Some(kind) => findings.push(Finding::OtherType {
                name,
                sent: column.kind.to_owned(),
                declared: (*kind).to_owned(),
            }),
            None => match declared.keys().find(|it| it.eq_ignore_ascii_case(column.name)) {
                Some(other) => {
                    findings.push(Finding::OtherCase { sent: name, declared: (*other).to_owned() })
                }
                None => findings.push(Finding::Missing { name, kind: column.kind.to_owned() }),
            },
        }
    }
    let is_sent = |name: &str| {
        // `RawEvent` is sent where the destination says `raw_event: true`.
        name == "RawEvent"
            || plan.stream_columns.iter().any(|it| it.name.eq_ignore_ascii_case(name))
    };
    let superfluous = declared.keys().filter(|name| !is_sent(name));
    findings.extend(superfluous.map(|name| Finding::Superfluous((*name).to_owned())));
    findings
}

/// Types as Azure writes them: in any case, some under two names.
fn is_same_type(declared: &str, sent: &str) -> bool {
    let plain = |kind: &str| match kind.to_ascii_lowercase().as_str() {
        "bool" => "boolean".to_owned(),
        "double" => "real".to_owned(),
        other => other.to_owned(),
    };
    plain(declared) == plain(sent)
}

fn flows(plan: &Plan, properties: &Value) -> Vec<Finding> {
    let empty = Vec::new();
    let flows = properties["dataFlows"].as_array().unwrap_or(&empty);
    let takes = |flow: &&Value| {
        let streams = flow["streams"].as_array();
        streams.is_some_and(|streams| streams.iter().any(|it| it.as_str() == Some(&plan.stream)))
    };
    let own: Vec<&Value> = flows.iter().filter(takes).collect();
    if own.is_empty() {
        return vec![Finding::NoFlow(plan.stream.clone())];
    }
    let wanted = plan.output_stream();
    // A flow without an output stream leads to the table of the stream's own name.
    let outputs = own.iter().map(|flow| flow["outputStream"].as_str().unwrap_or(&plan.stream));
    let outputs: Vec<&str> = outputs.collect();
    if outputs.iter().any(|output| *output == wanted) {
        return Vec::new();
    }
    let other =
        |output: &str| Finding::OtherTable { output: output.to_owned(), wanted: wanted.clone() };
    outputs.into_iter().map(other).collect()
}
