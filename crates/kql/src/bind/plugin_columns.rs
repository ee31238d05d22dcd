//! The plugins that have fixed columns: how many arguments each takes, and what comes out. Deliberately absent: plugins
//! whose columns come with the data (`unpack`), and what any of them computes (`query`).

use super::naming::Names;
use super::source::field;
use crate::plan::{Expr, ExprKind, Field, PluginArg};
use crate::types::{Type, Value};

/// What a plugin was called with.
pub(super) struct Given<'a> {
    pub(super) args: &'a [PluginArg],
    pub(super) input: &'a [Field],
}

type Columns = Result<Vec<Field>, String>;

/// A plugin.
pub(super) struct Plugin {
    name: &'static str,
    pub(super) least: usize,
    pub(super) most: usize,
    /// The columns that it gives, or what is wrong with its arguments.
    pub(super) columns: fn(&Given<'_>) -> Columns,
}

/// As many arguments as anyone would write.
const MANY: usize = 64;

static PLUGINS: &[Plugin] = &[
    plugin("active_users_count", 8, MANY, active_users_count),
    plugin("activity_counts_metrics", 5, MANY, activity_counts_metrics),
    plugin("activity_engagement", 4, MANY, activity_engagement),
    plugin("activity_metrics", 3, MANY, activity_metrics),
    plugin("autocluster", 0, MANY, segments),
    plugin("basket", 0, MANY, segments),
    plugin("dcount_intersect", 2, 16, dcount_intersect),
    plugin("diffpatterns", 3, MANY, diffpatterns),
    plugin("funnel_sequence", 8, 8, funnel_sequence),
    plugin("funnel_sequence_completion", 8, 8, funnel_sequence_completion),
    plugin("identity", 0, 0, identity),
    plugin("ipv4_lookup", 3, MANY, lookup),
    plugin("ipv6_lookup", 3, 4, lookup),
    plugin("narrow", 0, 0, narrow),
    plugin("new_activity_metrics", 5, MANY, new_activity_metrics),
    plugin("rolling_percentile", 5, MANY, rolling_percentile),
    plugin("rows_near", 2, 3, identity),
    plugin("schema_merge", 0, 1, schema_merge),
    plugin("sequence_detect", 4, MANY, sequence_detect),
    plugin("session_count", 6, MANY, session_count),
    plugin("sliding_window_counts", 6, MANY, sliding_window_counts),
];

const fn plugin(
    name: &'static str,
    least: usize,
    most: usize,
    columns: fn(&Given<'_>) -> Columns,
) -> Plugin {
    Plugin { name, least, most, columns }
}

impl Plugin {
    /// How many arguments it takes, in words.
    pub(super) fn expected(&self) -> String {
        match (self.least, self.most) {
            (least, most) if least == most => format!("function expects {least} argument(s)."),
            (least, MANY) => format!("function expects at least {least} argument(s)."),
            (least, most) => format!("function expects {least} to {most} arguments."),
        }
    }
}

/// The plugin called `name`.
pub(super) fn find(name: &str) -> Option<&'static Plugin> {
    PLUGINS.iter().find(|plugin| plugin.name == name)
}

/// The names of all of them.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PLUGINS.iter().map(|plugin| plugin.name)
}

impl Given<'_> {
    fn expr(&self, at: usize) -> Option<&Expr> {
        match self.args.get(at) {
            Some(PluginArg::Scalar(_, expr)) => Some(expr),
            _ => None,
        }
    }

    /// The column of the input that an argument is.
    fn column(&self, at: usize, what: &str) -> Result<Field, String> {
        self.maybe_column(at)
            .cloned()
            .ok_or_else(|| format!("argument {} ({what}) must be a column.", at + 1))
    }

    fn maybe_column(&self, at: usize) -> Option<&Field> {
        match self.expr(at)?.kind {
            ExprKind::Column(column) => self.input.get(column),
            _ => None,
        }
    }

    /// The columns that the arguments from `from` on are.
    fn dimensions(&self, from: usize) -> Result<Vec<Field>, String> {
        (from..self.args.len()).map(|at| self.column(at, "dimension")).collect()
    }

    fn constant(&self, at: usize, what: &str) -> Result<&Value, String> {
        match self.expr(at).map(|expr| &expr.kind) {
            Some(ExprKind::Literal(value)) => Ok(value),
            _ => Err(format!("argument {} ({what}) must be a constant.", at + 1)),
        }
    }

    /// The timeline (second argument), the dimensions from `from` on, then `added`.
    fn over_time(&self, from: usize, added: &[(&str, Type)]) -> Columns {
        self.column(0, "id")?;
        let mut fields = vec![self.column(1, "timeline")?];
        fields.extend(self.dimensions(from)?);
        fields.extend(added.iter().map(|(name, ty)| field(name, *ty)));
        Ok(fields)
    }
}

fn identity(given: &Given<'_>) -> Columns {
    Ok(given.input.to_vec())
}

fn narrow(_: &Given<'_>) -> Columns {
    Ok(vec![field("Row", Type::Long), field("Column", Type::String), field("Value", Type::String)])
}

fn segments(given: &Given<'_>) -> Columns {
    let mut fields = vec![
        field("SegmentId", Type::Long),
        field("Count", Type::Long),
        field("Percent", Type::Real),
    ];
    // The column of weights says how much a row counts, and is no dimension.
    fields.extend(
        given
            .input
            .iter()
            .filter(|column| given.maybe_column(1).is_none_or(|weight| weight != *column))
            .cloned(),
    );
    Ok(fields)
}

fn diffpatterns(given: &Given<'_>) -> Columns {
    let split = given.column(0, "split column")?;
    let mut fields = vec![
        field("SegmentId", Type::Long),
        field("CountA", Type::Long),
        field("CountB", Type::Long),
        field("PercentA", Type::Real),
        field("PercentB", Type::Real),
        field("PercentDiffAB", Type::Real),
    ];
    fields.extend(
        given
            .input
            .iter()
            .filter(|column| **column != split)
            .filter(|column| given.maybe_column(3).is_none_or(|weight| weight != *column))
            .cloned(),
    );
    Ok(fields)
}

/// The input's columns, then those of the looked-up table but for the extra keys.
fn lookup(given: &Given<'_>) -> Columns {
    let Some(PluginArg::Table(table)) = given.args.first() else {
        return Err("the first argument must be a table.".to_string());
    };
    given.column(1, "address")?;
    let extra: Vec<&str> = (3..given.args.len())
        .filter_map(|at| given.maybe_column(at))
        .map(|field| field.name.as_str())
        .collect();
    let mut names = Names::of(given.input);
    let mut fields = given.input.to_vec();
    for field in table.fields.iter().filter(|field| !extra.contains(&field.name.as_str())) {
        fields.push(Field { name: names.derive(&field.name), ty: field.ty });
    }
    Ok(fields)
}

fn dcount_intersect(given: &Given<'_>) -> Columns {
    let added = (0..given.args.len()).map(|at| field(&format!("s{at}"), Type::Long));
    Ok(given.input.iter().cloned().chain(added).collect())
}

fn schema_merge(_: &Given<'_>) -> Columns {
    Ok(vec![
        field("ColumnName", Type::String),
        field("ColumnOrdinal", Type::Long),
        field("DataType", Type::String),
        field("ColumnType", Type::String),
    ])
}

fn active_users_count(given: &Given<'_>) -> Columns {
    given.over_time(8, &[("dcount", Type::Long)])
}

fn activity_counts_metrics(given: &Given<'_>) -> Columns {
    given.over_time(
        5,
        &[
            ("count", Type::Long),
            ("dcount", Type::Long),
            ("new_dcount", Type::Long),
            ("aggregated_dcount", Type::Long),
        ],
    )
}

/// Whether start and end of the analysis are given: without them, what follows the windows are columns already.
fn has_bounds(given: &Given<'_>, windows: usize) -> bool {
    given.args.len() >= 4 + windows
        && (2..4 + windows).all(|at| given.expr(at).is_some() && given.maybe_column(at).is_none())
}

fn activity_engagement(given: &Given<'_>) -> Columns {
    given.over_time(
        if has_bounds(given, 2) { 6 } else { 4 },
        &[
            ("dcount_activities_inner", Type::Long),
            ("dcount_activities_outer", Type::Long),
            ("activity_ratio", Type::Real),
        ],
    )
}

fn activity_metrics(given: &Given<'_>) -> Columns {
    given.over_time(
        if has_bounds(given, 1) { 5 } else { 3 },
        &[
            ("dcount_values", Type::Long),
            ("dcount_newvalues", Type::Long),
            ("retention_rate", Type::Real),
            ("churn_rate", Type::Real),
        ],
    )
}

fn new_activity_metrics(given: &Given<'_>) -> Columns {
    given.column(0, "id")?;
    let timeline = given.column(1, "timeline")?;
    let mut fields = vec![
        field(&format!("from_{}", timeline.name), timeline.ty),
        field(&format!("to_{}", timeline.name), timeline.ty),
    ];
    // A cohort may stand in front of the dimensions, a table of ids known before after them.
    fields.extend((5..given.args.len()).filter_map(|at| given.maybe_column(at).cloned()));
    for (name, ty) in [
        ("dcount_new_values", Type::Long),
        ("dcount_retained_values", Type::Long),
        ("dcount_churn_values", Type::Long),
        ("retention_rate", Type::Real),
        ("churn_rate", Type::Real),
    ] {
        fields.push(field(name, ty));
    }
    Ok(fields)
}

fn rolling_percentile(given: &Given<'_>) -> Columns {
    let value = given.column(0, "value")?;
    let percentile = number_text(given.constant(1, "percentile")?);
    let mut fields = vec![given.column(2, "index")?];
    let bins = number_text(given.constant(4, "bins per window")?);
    fields.extend(given.dimensions(5)?);
    let name = format!("rolling_{bins}_percentile_{}_{percentile}", value.name);
    fields.push(field(&name, value.ty));
    Ok(fields)
}

/// A number as it stands in a column's name.
fn number_text(value: &Value) -> String {
    match value {
        Value::Int(value) => value.to_string(),
        Value::Long(value) => value.to_string(),
        Value::Real(value) => value.to_string(),
        _ => String::new(),
    }
}

fn session_count(given: &Given<'_>) -> Columns {
    given.over_time(6, &[("count_sessions", Type::Long)])
}

fn sliding_window_counts(given: &Given<'_>) -> Columns {
    given.over_time(6, &[("Count", Type::Long), ("Dcount", Type::Long)])
}

/// The dimensions, the time of each step, and how long all took.
fn sequence_detect(given: &Given<'_>) -> Columns {
    let timeline = given.column(0, "timeline")?;
    let (mut dimensions, mut steps) = (Vec::new(), Vec::new());
    for at in 3..given.args.len() {
        match (&given.args[at], given.expr(at)) {
            (PluginArg::Scalar(name, _), Some(expr))
                if expr.ty == Type::Bool && given.maybe_column(at).is_none() =>
            {
                let name = name.clone().unwrap_or_else(|| format!("Expr{}", steps.len() + 1));
                steps.push(field(&format!("{name}_{}", timeline.name), timeline.ty));
            }
            _ => dimensions.push(given.column(at, "dimension")?),
        }
    }
    if steps.is_empty() {
        return Err("at least one condition is needed after the two spans.".to_string());
    }
    dimensions.extend(steps);
    let span = if timeline.ty == Type::DateTime { Type::TimeSpan } else { timeline.ty };
    dimensions.push(field("Duration", span));
    Ok(dimensions)
}

fn funnel_sequence(given: &Given<'_>) -> Columns {
    given.column(0, "id")?;
    let state = given.column(6, "state")?;
    Ok(vec![
        given.column(1, "timeline")?,
        field("prev", state.ty),
        field("next", state.ty),
        field("dcount", Type::Long),
        field("samples", Type::Dynamic),
    ])
}

fn funnel_sequence_completion(given: &Given<'_>) -> Columns {
    given.column(0, "id")?;
    let state = given.column(5, "state")?;
    Ok(vec![
        given.column(1, "timeline")?,
        field(&state.name, Type::String),
        field("Period", Type::TimeSpan),
        field("dcount", Type::Long),
    ])
}
