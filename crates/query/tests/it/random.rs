//! Queries by chance, made of the tables of functions and operators over small tables with awkward values: whatever comes
//! out, the engine neither panics nor hangs, and what it refuses it refuses in words. The chance has a seed: `SEED=7` takes
//! another one, `QUERIES=10000` tries more. Deliberately absent: whether answers are right (`cases`, `properties`).

use std::sync::Arc;
use std::time::Duration;

use kql::plan::Field;
use kql::signature::{Overload, ParamKind, Returns, Signature};
use kql::types::Type;
use model::QueryErrorKind;
use serde_json::{Value, json};

use crate::support::{Memory, ask, engine};

/// How many queries are tried.
const QUERIES: u64 = 400;
/// How long any of them may take, on a busy machine and without optimisation.
const TIME_MAX: Duration = Duration::from_secs(120);
/// How deep expressions nest.
const DEPTH_MAX: usize = 3;

const TYPES: [Type; 10] = [
    Type::Bool,
    Type::Int,
    Type::Long,
    Type::Real,
    Type::Decimal,
    Type::String,
    Type::DateTime,
    Type::TimeSpan,
    Type::Guid,
    Type::Dynamic,
];

/// Numbers by chance: the same ones for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(sides.max(1)).expect("small"))
            .expect("small")
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

/// Awkward values of a type.
#[expect(clippy::too_many_lines, reason = "a table: a line a literal")]
fn literals(ty: Type) -> &'static [&'static str] {
    match ty {
        Type::Bool => &["true", "false", "bool(null)"],
        Type::Int => &["int(0)", "int(-1)", "int(7)", "int(2147483647)", "int(null)"],
        Type::Long => &[
            "0",
            "1",
            "-1",
            "2",
            "3",
            "12",
            "64",
            "1000000",
            "9223372036854775807",
            "(-9223372036854775807 - 1)",
            "long(null)",
        ],
        Type::Real => &[
            "0.0",
            "-1.5",
            "0.1",
            "1e308",
            "1e-300",
            "real(nan)",
            "real(+inf)",
            "real(-inf)",
            "real(null)",
        ],
        Type::Decimal => &[
            "decimal(0)",
            "decimal(-1.50)",
            "decimal(79228162514264337593543950335)",
            "decimal(null)",
        ],
        Type::String => &[
            "''",
            "'a'",
            "'abc Abc'",
            "'é漢😀 ß'",
            "'{\"a\": [1, {\"b\": null}]}'",
            "'1.2.3.4'",
            "'10.0.0.0/8'",
            "'fe80::1'",
            "'2024-05-06T07:08:09Z'",
            "'[a-'",
            "'(.*)+x'",
            "'a=1;b=2'",
            "'%41%zz'",
            "'aGVsbG8='",
            "'yyyy-MM-dd'",
            "'\\\\u0000'",
            "'1d'",
            "'second'",
        ],
        Type::DateTime => &[
            "datetime(2024-05-06 07:08:09.1234567)",
            "datetime(0001-01-01)",
            "datetime(9999-12-31 23:59:59.9999999)",
            "datetime(1970-01-01)",
            "datetime(null)",
        ],
        Type::TimeSpan => &[
            "1d",
            "1h",
            "time(0)",
            "1tick",
            "-90m",
            "timespan(10675199.02:48:05)",
            "timespan(null)",
        ],
        Type::Guid => &["guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "guid(null)"],
        _ => &[
            "dynamic(null)",
            "dynamic([])",
            "dynamic([1, 2, 3])",
            "dynamic([1.5, null, 'a', true])",
            "dynamic({'a': 1, 'b': [1, 2]})",
            "dynamic({})",
            "dynamic('x')",
            "dynamic(7)",
            "dynamic([[0, 0], [0, 1], [1, 1], [0, 0]])",
            "dynamic([4.0, 5.0, 6.0, 1.0, 2.0])",
            "dynamic({'type': 'Point', 'coordinates': [1, 2]})",
            "dynamic({'type': 'Polygon', 'coordinates': [[[0, 0], [2, 0], [2, 2], [0, 0]]]})",
        ],
    }
}

type Columns = Vec<(String, Type)>;

struct Writer {
    dice: Dice,
    functions: Vec<&'static Signature>,
    aggregates: Vec<&'static Signature>,
    /// How many columns were named.
    names: usize,
}

impl Writer {
    fn new(seed: u64) -> Self {
        let functions =
            query::reference::functions().into_iter().map(|entry| entry.signature).collect();
        Self { dice: Dice(seed), functions, aggregates: query::reference::aggregates(), names: 0 }
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("n{}", self.names)
    }

    fn any_type(&mut self) -> Type {
        *self.dice.pick(&TYPES)
    }

    fn literal(&mut self, ty: Type) -> String {
        (*self.dice.pick(literals(ty))).to_owned()
    }

    fn scalar(&mut self, ty: Type, columns: &Columns, depth: usize) -> String {
        let own: Vec<&str> =
            columns.iter().filter(|(_, of)| *of == ty).map(|(name, _)| name.as_str()).collect();
        match self.dice.roll(if depth == 0 { 4 } else { 10 }) {
            0 => self.literal(ty),
            1..=3 if !own.is_empty() => (*self.dice.pick(&own)).to_owned(),
            1..=3 => self.literal(ty),
            4 | 5 => self.operator(ty, columns, depth - 1),
            _ => self.function(ty, columns, depth - 1),
        }
    }

    fn operator(&mut self, ty: Type, columns: &Columns, depth: usize) -> String {
        let of = |this: &mut Self, ty| this.scalar(ty, columns, depth);
        match ty {
            Type::Bool => {
                let side = self.any_type();
                let (a, b) = (of(self, side), of(self, side));
                let operators: &[&str] = match side {
                    Type::String => &[
                        "==",
                        "!=",
                        "has",
                        "!contains",
                        "startswith",
                        "=~",
                        "endswith_cs",
                        "has_cs",
                    ],
                    Type::Bool | Type::Guid | Type::Dynamic => &["==", "!="],
                    _ => &["==", "!=", "<", "<=", ">", ">="],
                };
                format!("({a} {} {b})", self.dice.pick(operators))
            }
            Type::Long | Type::Real | Type::Decimal | Type::Int => {
                let (a, b) = (of(self, ty), of(self, ty));
                format!("({a} {} {b})", self.dice.pick(&["+", "-", "*", "/", "%"]))
            }
            Type::TimeSpan => {
                let (a, b) = (of(self, Type::DateTime), of(self, Type::DateTime));
                format!("({a} - {b})")
            }
            Type::DateTime => {
                let (a, b) = (of(self, Type::DateTime), of(self, Type::TimeSpan));
                format!("({a} {} {b})", self.dice.pick(&["+", "-"]))
            }
            Type::Dynamic => {
                let base = of(self, Type::Dynamic);
                format!(
                    "parse_json({base}){}",
                    self.dice.pick(&["[0]", "[-1]", ".a", "['b']", ".b[1]"])
                )
            }
            _ => format!("iff({}, {}, {})", of(self, Type::Bool), of(self, ty), of(self, ty)),
        }
    }

    /// A call of any function that gives the type.
    fn function(&mut self, ty: Type, columns: &Columns, depth: usize) -> String {
        let fitting: Vec<(&'static Signature, &'static Overload)> = self
            .functions
            .iter()
            .flat_map(|signature| signature.overloads.iter().map(|overload| (*signature, overload)))
            .filter(|(_, overload)| matches!(overload.returns, Returns::Type(of) if of == ty))
            .collect();
        if fitting.is_empty() {
            return self.literal(ty);
        }
        let (signature, overload) = *self.dice.pick(&fitting);
        self.call(signature, overload, columns, depth)
    }

    fn call(
        &mut self,
        signature: &Signature,
        overload: &Overload,
        columns: &Columns,
        depth: usize,
    ) -> String {
        let least = overload.head.len() - overload.optional.min(overload.head.len());
        let mut kinds: Vec<ParamKind> = Vec::new();
        let head = least + self.dice.roll(overload.head.len() - least + 1);
        kinds.extend(overload.head.iter().take(head).map(|param| param.kind));
        if !overload.repeat.is_empty() {
            for _ in 0..overload.repeat_min.max(1) + self.dice.roll(2) {
                kinds.extend(overload.repeat.iter().map(|param| param.kind));
            }
        }
        kinds.extend(overload.tail.iter().map(|param| param.kind));
        let common = self.any_type();
        let args: Vec<String> =
            kinds.into_iter().map(|kind| self.argument(kind, common, columns, depth)).collect();
        format!("{}({})", signature.name, args.join(", "))
    }

    fn argument(
        &mut self,
        kind: ParamKind,
        common: Type,
        columns: &Columns,
        depth: usize,
    ) -> String {
        let ty = match kind {
            ParamKind::Exactly(ty) => ty,
            ParamKind::Common => common,
            ParamKind::Number | ParamKind::Summable => {
                *self.dice.pick(&[Type::Long, Type::Real, Type::Int, Type::Decimal])
            }
            ParamKind::Integer => Type::Long,
            ParamKind::StringOrDynamic => *self.dice.pick(&[Type::String, Type::Dynamic]),
            ParamKind::TypeName => {
                let ty = self.any_type();
                return format!("typeof({})", ty.name());
            }
            ParamKind::Literal => {
                let ty = self.any_type();
                return self.literal(ty);
            }
            ParamKind::Scalar | ParamKind::NotDynamic | ParamKind::Orderable => self.any_type(),
        };
        self.scalar(ty, columns, depth)
    }

    fn aggregate(&mut self, columns: &Columns) -> String {
        let signature = *self.dice.pick(&self.aggregates.clone());
        let overload = self.dice.pick(signature.overloads);
        self.call(signature, overload, columns, 1)
    }

    fn query(&mut self) -> String {
        self.names = 0;
        let (mut text, mut columns) = self.source();
        for _ in 0..self.dice.roll(4) + 1 {
            let step = self.step(&mut columns);
            text.push_str(" | ");
            text.push_str(&step);
        }
        text
    }

    fn source(&mut self) -> (String, Columns) {
        let named = |columns: &[(&str, Type)]| {
            columns.iter().map(|(name, ty)| ((*name).to_owned(), *ty)).collect()
        };
        match self.dice.roll(4) {
            0 => ("U".to_owned(), named(&[("I", Type::Int), ("S", Type::String)])),
            1 => ("range L from -2 to 5 step 1".to_owned(), named(&[("L", Type::Long)])),
            _ => {
                let columns = [
                    ("B", Type::Bool),
                    ("I", Type::Int),
                    ("L", Type::Long),
                    ("R", Type::Real),
                    ("S", Type::String),
                    ("At", Type::DateTime),
                    ("D", Type::Dynamic),
                ];
                ("T".to_owned(), named(&columns))
            }
        }
    }

    /// An operator over the columns, which become those of its output.
    fn step(&mut self, columns: &mut Columns) -> String {
        let ty = self.any_type();
        let value = self.scalar(ty, columns, DEPTH_MAX);
        let name = self.name();
        let any = self.dice.pick(columns).0.clone();
        match self.dice.roll(20) {
            0..=3 => {
                columns.push((name.clone(), ty));
                format!("extend {name} = {value}")
            }
            4 | 5 => format!("where {}", self.scalar(Type::Bool, columns, DEPTH_MAX)),
            6 => format!(
                "sort by {any} {}",
                self.dice.pick(&["asc", "desc nulls first", "asc nulls last"])
            ),
            7 => format!("take {}", self.dice.roll(4)),
            8 => format!("top {} by {any}", self.dice.roll(4)),
            9..=11 => {
                let (a, b) = (self.aggregate(columns), self.aggregate(columns));
                let key = self.dice.pick(columns).clone();
                *columns = vec![key.clone()];
                format!("summarize {a}, {b} by {}", key.0)
            }
            12 => {
                let key = self.dice.pick(columns).clone();
                *columns = vec![key.clone()];
                format!("distinct {}", key.0)
            }
            13 => {
                *columns = vec![(name.clone(), ty)];
                format!("project {name} = {value}")
            }
            _ => self.rarer_step((ty, &value), name, any, columns),
        }
    }

    fn rarer_step(
        &mut self,
        (ty, value): (Type, &str),
        name: String,
        any: String,
        columns: &mut Columns,
    ) -> String {
        match self.dice.roll(6) {
            0 => {
                let list = self.scalar(Type::Dynamic, columns, DEPTH_MAX);
                columns.push((name.clone(), Type::Dynamic));
                format!("mv-expand {name} = {list}")
            }
            1 => {
                let list = self.scalar(Type::Dynamic, columns, 1);
                columns.push((name.clone(), Type::Long));
                format!("mv-apply e = {list} to typeof(long) on (summarize {name} = sum(e))")
            }
            2 => {
                let kind =
                    self.dice.pick(&["inner", "leftouter", "rightanti", "fullouter", "leftsemi"]);
                *columns = vec![(any.clone(), ty)];
                format!("join kind={kind} (T | union U) on {any} | project {any}")
            }
            3 => format!(
                "union (U | where {})",
                self.scalar(Type::Bool, &vec![("S".into(), Type::String)], 2)
            ),
            4 => {
                *columns = vec![("a".into(), Type::String), ("n".into(), Type::Long)];
                let kind = self.dice.pick(&["none", "all", "unique_edges"]);
                format!(
                    "project a = tostring({value}), b = tostring({any}) | make-graph a --> b with_node_id=id | \
                     graph-match cycles={kind} (x)-[e*0..2]-(y) project a = x.id, n = array_length(map(e, b))"
                )
            }
            _ => {
                *columns = vec![("c".into(), Type::Long), (any.clone(), ty)];
                format!("top-nested 2 of {any} by c = count()")
            }
        }
    }
}

fn tables() -> Memory {
    let field = |name: &str, ty| Field { name: name.into(), ty };
    let mut tables = Memory::default();
    let all = vec![
        field("B", Type::Bool),
        field("I", Type::Int),
        field("L", Type::Long),
        field("R", Type::Real),
        field("S", Type::String),
        field("At", Type::DateTime),
        field("D", Type::Dynamic),
    ];
    let rows: [Value; 5] = [
        json!([true, 1, 2, 0.5, "one two", "2024-05-06T07:08:09Z", [1, 2]]),
        json!([false, -5, i64::MAX, -1e300, "", "2024-05-15T12:00:00Z", { "a": { "b": 1 }, "b": [] }]),
        json!([null, null, null, null, null, null, null]),
        json!([true, i32::MAX, i64::MIN, 3.0, "é漢😀", "1970-01-01T00:00:00Z", "text"]),
        json!([false, 0, 0, 0.0, "10.1.2.3", "2024-05-06T07:08:10Z", [[0.5, null], "x", { "y": 1 }]]),
    ];
    tables.add("T", all, &rows);
    let few = vec![field("I", Type::Int), field("S", Type::String)];
    tables.add("U", few, &[json!([1, "one two"]), json!([null, "x"]), json!([0, null])]);
    tables
}

fn asked(name: &str, usual: u64) -> u64 {
    std::env::vars()
        .find(|(other, _)| other == name)
        .map_or(usual, |(_, value)| value.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_query_makes_the_engine_panic_hang_or_fail_in_itself() {
    let engine = Arc::new(engine(tables()));
    let seed = asked("SEED", 1);
    let mut wrong = Vec::new();
    let mut answered = 0;
    for number in 0..asked("QUERIES", QUERIES) {
        let text = Writer::new(seed.wrapping_mul(1_000_003).wrapping_add(number)).query();
        let (engine, query) = (engine.clone(), text.clone());
        let asking = tokio::spawn(async move { ask(&engine, &query).await });
        match tokio::time::timeout(TIME_MAX, asking).await {
            Err(_) => wrong.push(format!("hangs: {text}")),
            Ok(Err(panic)) => wrong.push(format!("{panic}: {text}")),
            Ok(Ok(Err(error))) if error.kind == QueryErrorKind::Internal => {
                wrong.push(format!("{}: {text}", error.message));
            }
            Ok(Ok(Err(error))) => assert!(!error.message.is_empty(), "{text}"),
            Ok(Ok(Ok(_))) => answered += 1,
        }
    }
    assert!(wrong.is_empty(), "{} queries:\n{}", wrong.len(), wrong.join("\n"));
    assert!(answered > 0, "some queries have an answer");
}
