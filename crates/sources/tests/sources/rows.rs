//! A row that remembers what was set, and minds the rules: a column once, and by its own type.

use model::{ColumnType, EventContext, RowWriter, SourceId, TableSchema, Timestamp};
use sources::Provider;

/// The columns of one event, in the order in which they were set.
pub(crate) struct Row {
    table: &'static TableSchema,
    pub(crate) values: Vec<(usize, String)>,
    pub(crate) additional: Vec<(String, String)>,
}

/// The columns that `provider` gives an event.
pub(crate) fn row(provider: &dyn Provider, raw: &[u8], id: &str, time: Option<Timestamp>) -> Row {
    let source = SourceId {
        provider: provider.name().to_owned(),
        tenant: "acme".to_owned(),
        source: "poll".to_owned(),
    };
    let domain = Some("acme.eu.auth0.com");
    let context =
        EventContext { source: &source, domain, id, time, received: Timestamp::UNIX_EPOCH };
    let mut row = Row { table: provider.table(), values: Vec::new(), additional: Vec::new() };
    provider.columns(raw, context, &mut row);
    row
}

impl Row {
    /// `Name: value` lines in the order of the table.
    pub(crate) fn show(&self) -> String {
        let mut sorted = self.values.clone();
        sorted.sort();
        let mut lines: Vec<String> = sorted
            .iter()
            .map(|(at, value)| format!("{}: {}", self.table.columns[*at].name, on_one_line(value)))
            .collect();
        lines.extend(self.additional.iter().map(|(name, json)| format!("+ {name}: {json}")));
        lines.join("\n")
    }

    fn set(&mut self, column: usize, value: String, kinds: &[ColumnType]) {
        let known = self.table.columns[column];
        assert!(kinds.contains(&known.kind), "{} is a {:?}", known.name, known.kind);
        let is_new = self.values.iter().all(|(at, _)| *at != column);
        assert!(is_new, "{} is set twice", known.name);
        self.values.push((column, value));
    }
}

/// The text with its control characters escaped.
fn on_one_line(text: &str) -> String {
    let escaped = |it: char| match it.is_control() {
        true => it.escape_default().to_string(),
        false => it.to_string(),
    };
    text.chars().map(escaped).collect()
}

impl RowWriter for Row {
    fn bool(&mut self, column: usize, value: bool) {
        self.set(column, value.to_string(), &[ColumnType::Bool]);
    }

    fn long(&mut self, column: usize, value: i64) {
        self.set(column, value.to_string(), &[ColumnType::Long, ColumnType::Int]);
    }

    fn real(&mut self, column: usize, value: f64) {
        self.set(column, value.to_string(), &[ColumnType::Real]);
    }

    fn string(&mut self, column: usize, value: &str) {
        self.set(column, value.to_owned(), &[ColumnType::String, ColumnType::Guid]);
    }

    fn datetime(&mut self, column: usize, value: Timestamp) {
        self.set(column, value.to_string(), &[ColumnType::DateTime]);
    }

    fn dynamic(&mut self, column: usize, json: &str) {
        serde_json::from_str::<&serde_json::value::RawValue>(json).unwrap();
        self.set(column, json.to_owned(), &[ColumnType::Dynamic]);
    }

    fn additional(&mut self, name: &str, json: &str) {
        serde_json::from_str::<&serde_json::value::RawValue>(json).unwrap();
        self.additional.push((name.to_owned(), json.to_owned()));
    }
}
