//! Reads a workbook of Microsoft Sentinel as a dashboard: its gallery form, or a template of Azure Resource Manager that
//! carries it as a text. What we have no place for is named, not dropped in silence.
//! Deliberately absent: writing workbooks, and running their queries; they are taken over as they stand.

use serde_json::Value;

use crate::dashboards::{Dashboard, Parameter, Tile};

/// How deep groups may lie in one another.
const GROUP_DEPTH_MAX: usize = 8;
/// Items of one workbook that are looked at.
const ITEMS_MAX: usize = 1_000;
/// Rows of a tile of text, and of any other.
const TEXT_ROWS: u32 = 3;
const QUERY_ROWS: u32 = 8;
/// Columns of our grid; a workbook counts in percent.
const GRID_COLUMNS: u32 = 24;

/// The dashboard and what could not be taken over; `None` if it is no workbook.
pub(crate) fn read(value: &Value) -> Option<(Dashboard, Vec<String>)> {
    let (title, workbook) = found(value)?;
    let mut reader = Reader { title, ..Reader::default() };
    reader.items(workbook.get("items")?, 0);
    let title = if reader.title.is_empty() { "Imported workbook".into() } else { reader.title };
    let dashboard = Dashboard {
        title,
        about: "Imported from a workbook of Microsoft Sentinel.".into(),
        refresh_seconds: None,
        timespan: reader.timespan.unwrap_or_else(|| "P1D".into()),
        parameters: reader.parameters,
        tiles: reader.tiles,
    };
    Some((dashboard, reader.notes))
}

/// The workbook in its two forms, with its name if that is told.
fn found(value: &Value) -> Option<(String, Value)> {
    if value.get("version").is_some_and(|version| text(version).starts_with("Notebook/")) {
        return Some((String::new(), value.clone()));
    }
    let resources = value.get("resources")?.as_array()?;
    resources.iter().find_map(|resource| {
        let properties = resource.get("properties")?;
        let serialized = properties.get("serializedData")?.as_str()?;
        let workbook = serde_json::from_str(serialized).ok()?;
        let name = properties.get("displayName").map(text).unwrap_or_default();
        // A template's expression is no name.
        let name = if name.starts_with('[') { String::new() } else { name };
        Some((name, workbook))
    })
}

#[derive(Default)]
struct Reader {
    title: String,
    timespan: Option<String>,
    parameters: Vec<Parameter>,
    tiles: Vec<Tile>,
    notes: Vec<String>,
    /// Where the next tile goes.
    x: u32,
    y: u32,
    /// Rows of the line that is being filled.
    rows: u32,
    seen: usize,
}

impl Reader {
    fn items(&mut self, items: &Value, depth: usize) {
        for item in items.as_array().into_iter().flatten() {
            self.seen += 1;
            if self.seen > ITEMS_MAX {
                self.note(format!("only the first {ITEMS_MAX} items are taken over"));
                return;
            }
            self.item(item, depth);
        }
    }

    fn item(&mut self, item: &Value, depth: usize) {
        let content = item.get("content").unwrap_or(&Value::Null);
        let name = item.get("name").map(text).unwrap_or_default();
        if item.get("conditionalVisibility").is_some()
            || item.get("conditionalVisibilities").is_some()
        {
            self.note(format!("`{name}` is shown always, not only under its condition"));
        }
        match item.get("type").and_then(Value::as_i64) {
            Some(1) => self.text(item, content),
            Some(3) => self.query(item, content, &name),
            Some(9) => self.parameters(content),
            Some(12) if depth < GROUP_DEPTH_MAX => {
                if let Some(items) = content.get("items") {
                    self.items(items, depth + 1);
                } else {
                    self.note(format!("the group `{name}` stands in another file"));
                }
            }
            Some(12) => self.note(format!("the group `{name}` lies too deep")),
            Some(10) => self.note(format!("the metrics `{name}` are Azure's own")),
            Some(11) => self.note(format!(
                "the links `{name}` are left out; tabs are shown one below the other"
            )),
            _ => self.note(format!("`{name}` is of a kind that is not known")),
        }
    }

    fn text(&mut self, item: &Value, content: &Value) {
        let written = content.get("json").map(text).unwrap_or_default();
        if self.title.is_empty()
            && let Some(heading) = written.lines().find_map(|line| line.strip_prefix('#'))
        {
            self.title = heading.trim_start_matches('#').trim().to_owned();
        }
        self.place(item, TEXT_ROWS, |id| Tile {
            kind: "markdown".into(),
            text: Some(written.clone()),
            ..empty(id)
        });
    }

    fn query(&mut self, item: &Value, content: &Value, name: &str) {
        let query = content.get("query").map(text).unwrap_or_default();
        // 0 asks logs; the others ask Azure itself.
        if content.get("queryType").and_then(Value::as_i64).unwrap_or(0) != 0 {
            self.note(format!("`{name}` asks something else than logs"));
            return;
        }
        if query.trim().is_empty() {
            self.note(format!("`{name}` has no query"));
            return;
        }
        let written = content.get("visualization").map(text).unwrap_or_default();
        let kind = kind(&written);
        if kind.is_none() && !written.is_empty() {
            self.note(format!("`{name}` is shown as a table, not as `{written}`"));
        }
        let title = content.get("title").map(text).filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| name.to_owned());
        self.place(item, QUERY_ROWS, |id| Tile {
            title: title.clone(),
            query: query.clone(),
            kind: kind.unwrap_or("table").to_owned(),
            ..empty(id)
        });
    }

    fn parameters(&mut self, content: &Value) {
        for written in content.get("parameters").and_then(Value::as_array).into_iter().flatten() {
            let name = written.get("name").map(text).unwrap_or_default();
            let usable = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(usable) {
                self.note(format!("`{name}` cannot be a parameter's name"));
                continue;
            }
            let duration = written.pointer("/value/durationMs").and_then(Value::as_u64);
            let kind = match written.get("type").and_then(Value::as_i64) {
                Some(1) => "free",
                Some(2) => "choice",
                Some(4) => "time",
                _ => {
                    self.note(format!("the parameter `{name}` is of a kind that we do not have"));
                    continue;
                }
            };
            if kind == "time" {
                self.timespan =
                    duration.map(|ms| format!("PT{}S", ms / 1_000)).or(self.timespan.take());
            }
            let values = written.get("jsonData").and_then(Value::as_str);
            let values = values.and_then(|json| serde_json::from_str::<Vec<Value>>(json).ok());
            let label = written.get("label").map(text).filter(|label| !label.is_empty());
            self.parameters.push(Parameter {
                label: label.unwrap_or_else(|| name.clone()),
                name,
                kind: kind.to_owned(),
                default: written
                    .get("value")
                    .filter(|_| kind != "time")
                    .map(chosen)
                    .unwrap_or_default(),
                query: written.get("query").map(text).filter(|query| !query.trim().is_empty()),
                values: values.map(|all| all.into_iter().map(choice).collect()),
            });
        }
    }

    /// Puts a tile behind the one before, or into the next line if there is no room.
    fn place(&mut self, item: &Value, h: u32, made: impl Fn(String) -> Tile) {
        let percent = item.get("customWidth").and_then(|width| match width {
            Value::String(text) => text.trim().parse::<u32>().ok(),
            other => other.as_u64().and_then(|width| u32::try_from(width).ok()),
        });
        let w = (percent.unwrap_or(100).clamp(1, 100) * GRID_COLUMNS).div_ceil(100).max(4);
        // Widths of thirds and quarters are rounded up; a line is a little more than full then.
        let w = w.min(GRID_COLUMNS);
        if self.x + w > GRID_COLUMNS {
            (self.x, self.y, self.rows) = (0, self.y + self.rows, 0);
        }
        let tile = made(format!("tile-{}", self.tiles.len() + 1));
        self.tiles.push(Tile { x: self.x, y: self.y, w, h, ..tile });
        self.x += w;
        self.rows = self.rows.max(h);
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

fn empty(id: String) -> Tile {
    Tile {
        id,
        title: String::new(),
        x: 0,
        y: 0,
        w: GRID_COLUMNS,
        h: QUERY_ROWS,
        query: String::new(),
        kind: String::new(),
        text: None,
        options: None,
    }
}

/// Our kind of picture for theirs.
fn kind(written: &str) -> Option<&'static str> {
    Some(match written {
        "table" => "table",
        "timechart" | "linechart" => "timechart",
        "barchart" | "unstackedbar" => "barchart",
        "categoricalbar" | "columnchart" => "columnchart",
        "areachart" | "area" => "areachart",
        "piechart" => "piechart",
        "scatterchart" => "scatterchart",
        "tiles" | "stat" | "card" => "card",
        _ => return None,
    })
}

/// `{"value":…,"label":…}` or a bare value.
fn choice(written: Value) -> String {
    match &written {
        Value::Object(fields) => fields.get("value").map(chosen).unwrap_or_default(),
        bare => chosen(bare),
    }
}

/// What is chosen as a text; a list or an object is nothing that we could choose.
fn chosen(value: &Value) -> String {
    match value {
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => text(value),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn workbook() -> Value {
        json!({"version": "Notebook/1.0", "items": [
            {"type": 1, "content": {"json": "## Sign-ins\nWho came in."}, "name": "heading"},
            {"type": 9, "content": {"parameters": [
                {"name": "Range", "type": 4, "value": {"durationMs": 3_600_000}},
                {"name": "App", "label": "Application", "type": 2, "query": "T | distinct App",
                 "jsonData": "[{\"value\":\"a\",\"label\":\"A\"},\"b\"]"},
                {"name": "Workspace", "type": 5}
            ]}},
            {"type": 12, "name": "group", "content": {"items": [
                {"type": 3, "name": "one", "customWidth": "50", "content":
                    {"query": "T | summarize count() by bin(TimeGenerated, {Range:grain})",
                     "queryType": 0, "title": "Over time", "visualization": "timechart"}},
                {"type": 3, "name": "two", "customWidth": 50, "content":
                    {"query": "T | take 10", "visualization": "map"},
                 "conditionalVisibility": {"parameterName": "App"}},
                {"type": 3, "name": "arg", "content": {"query": "resources", "queryType": 1}}
            ]}},
            {"type": 11, "name": "tabs", "content": {}}
        ]})
    }

    #[test]
    fn a_workbook_becomes_a_dashboard_and_what_is_lost_is_named() {
        let (dashboard, notes) = read(&workbook()).unwrap();
        assert_eq!(dashboard.title, "Sign-ins");
        assert_eq!(dashboard.timespan, "PT3600S");
        let placed: Vec<_> = dashboard
            .tiles
            .iter()
            .map(|tile| (tile.kind.as_str(), tile.title.as_str(), tile.x, tile.y, tile.w))
            .collect();
        assert_eq!(
            placed,
            [
                ("markdown", "", 0, 0, 24),
                ("timechart", "Over time", 0, 3, 12),
                ("table", "two", 12, 3, 12)
            ]
        );
        let [range, app] = &dashboard.parameters[..] else { panic!("{:?}", dashboard.parameters) };
        assert_eq!((range.name.as_str(), range.kind.as_str()), ("Range", "time"));
        assert_eq!(app.values, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(
            notes,
            [
                "the parameter `Workspace` is of a kind that we do not have",
                "`two` is shown always, not only under its condition",
                "`two` is shown as a table, not as `map`",
                "`arg` asks something else than logs",
                "the links `tabs` are left out; tabs are shown one below the other",
            ]
        );
    }

    #[test]
    fn a_template_carries_it_as_a_text() {
        let template = json!({"resources": [
            {"type": "other"},
            {"type": "microsoft.insights/workbooks", "properties":
                {"displayName": "Auth0", "serializedData": workbook().to_string()}}
        ]});
        assert_eq!(read(&template).unwrap().0.title, "Auth0");
    }

    #[test]
    fn what_is_no_workbook_is_not_read_and_what_is_deep_has_an_end() {
        for value in
            [json!(null), json!([]), json!({"title": "x", "tiles": []}), json!({"resources": []})]
        {
            assert!(read(&value).is_none(), "{value}");
        }
        let mut items = json!([{"type": 1, "content": {"json": "deep"}}]);
        for _ in 0..20 {
            items = json!([{"type": 12, "name": "g", "content": {"items": items}}]);
        }
        let (dashboard, notes) = read(&json!({"version": "Notebook/1.0", "items": items})).unwrap();
        assert!(dashboard.tiles.is_empty());
        assert_eq!(notes, ["the group `g` lies too deep"]);
    }
}
