//! Measures the binder on a file of queries against what another binder says of them:
//! `binding QUERIES.jsonl VERDICTS.jsonl SCHEMA.json SYMBOLS.json [--list N]`. Signatures are made from the symbols' names
//! alone, so arguments go unchecked. Deliberately absent: the engine's own signatures (`query` has them).

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use kql::catalog::{Catalog, StoredFunction};
use kql::plan::Field;
use kql::signature::{Overload, Param, ParamKind, Returns, Signature};
use kql::types::Type;
use serde_json::Value;

struct Workspace {
    tables: BTreeMap<String, Vec<Field>>,
    functions: HashMap<String, Signature>,
    aggregates: HashMap<String, Signature>,
}

impl Catalog for Workspace {
    fn table(&self, name: &str) -> Option<Vec<Field>> {
        self.tables.get(name).cloned()
    }
    fn tables(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }
    fn function(&self, name: &str) -> Option<&Signature> {
        self.functions.get(name)
    }
    fn aggregate(&self, name: &str) -> Option<&Signature> {
        self.aggregates.get(name)
    }
    fn stored_function(&self, _: &str) -> Option<StoredFunction> {
        None
    }
    fn functions(&self) -> Vec<String> {
        self.functions.keys().cloned().collect()
    }
}

fn fields(text: &str) -> Vec<Field> {
    text.trim_matches(['(', ')'])
        .split(", ")
        .filter_map(|part| {
            let (name, ty) = part.rsplit_once(':')?;
            let name = name.trim_matches(['[', ']', '\'', '"']).to_string();
            Some(Field { name, ty: Type::named(ty)? })
        })
        .collect()
}

fn returns(name: &str, ret: &str, params: &[String]) -> Returns {
    let by_type = params.iter().position(|p| p.contains(":Type"));
    match (name, ret) {
        ("extract" | "extractjson" | "extract_json", _) => {
            Returns::TypeArgument(if name == "extract" { 3 } else { 2 }, Type::String)
        }
        ("range", _) | ("pack_array", _) => Returns::Type(Type::Dynamic),
        ("prev" | "next", _) => Returns::Argument(0),
        ("abs", _) => Returns::Rule(|types| match types.first() {
            Some(Type::Int) => Type::Long,
            Some(ty) => *ty,
            None => Type::Error,
        }),
        ("round", _) => Returns::Rule(|types| match types.first() {
            Some(Type::Decimal) => Type::Decimal,
            _ => Type::Real,
        }),
        ("bin" | "floor" | "bin_at", _) => Returns::Rule(|types| match types {
            [first, ..] if !first.is_number() => *first,
            [Type::Int | Type::Long, Type::Int | Type::Long, ..] => Type::Long,
            [Type::Decimal, ..] => Type::Decimal,
            _ => Type::Real,
        }),
        (
            "parse_json"
            | "parsejson"
            | "todynamic"
            | "toobject"
            | "parse_url"
            | "parse_urlquery"
            | "parse_path"
            | "parse_user_agent"
            | "bag_pack"
            | "pack"
            | "pack_dictionary"
            | "parseurl"
            | "series_stats_dynamic"
            | "geo_info_from_ip_address",
            _,
        ) => Returns::Type(Type::Dynamic),
        ("avg" | "avgif", _) => Returns::Rule(|types| match types.first() {
            Some(Type::Int | Type::Long) => Type::Real,
            Some(ty) => *ty,
            None => Type::Error,
        }),
        ("rand", _) => Returns::Type(Type::Real),
        ("percentile" | "percentilew", _) => Returns::Argument(0),
        (_, "ReturnTypeKind.Parameter0") => Returns::Argument(0),
        (_, "ReturnTypeKind.Parameter1") => Returns::Argument(1),
        (_, "ReturnTypeKind.Parameter0Promoted") => Returns::Promoted,
        (_, "ReturnTypeKind.CommonNonDynamic" | "ReturnTypeKind.Common") => Returns::Common,
        (_, "ReturnTypeKind.Widest") => Returns::Widest,
        (_, ret) => match ret.strip_prefix("ScalarTypes.") {
            Some("GeoShape") | None => by_type.map_or(Returns::Type(Type::Dynamic), |at| {
                Returns::TypeArgument(at, Type::Dynamic)
            }),
            Some(ty) => Returns::Type(Type::named(&ty.to_lowercase()).unwrap_or(Type::Dynamic)),
        },
    }
}

const COMMON: [Param; 1] = [Param::new("value", ParamKind::Common)];
const ANY: [Param; 1] = [Param::new("value", ParamKind::Scalar)];
const WHEN: [Param; 2] = [
    Param::new("predicate", ParamKind::Exactly(Type::Bool)),
    Param::new("then", ParamKind::Common),
];
static CASE: [Overload; 1] = [Overload::of(&[], Returns::Common).repeating(&WHEN, 1).tail(&COMMON)];

fn signatures(symbols: &Value) -> HashMap<String, Signature> {
    let mut found = HashMap::new();
    for (name, symbol) in symbols.as_object().into_iter().flatten() {
        let params: Vec<String> = symbol["params"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|p| p.as_str().map(str::to_string))
            .collect();
        let returns = returns(name, symbol["ret"].as_str().unwrap_or_default(), &params);
        let any: &'static [Param] = match returns {
            Returns::Common => &COMMON,
            _ => &ANY,
        };
        let overloads: &'static [Overload] = match name.as_str() {
            "iff" | "iif" | "case" => &CASE,
            _ => Box::leak(Box::new([Overload::of(&[], returns).repeating(any, 0)])),
        };
        let canonical = match name.as_str() {
            "argmax" => "arg_max",
            "argmin" => "arg_min",
            "any" => "take_any",
            other => other,
        };
        let canonical: &'static str = Box::leak(canonical.to_string().into_boxed_str());
        let signature = Signature::new(canonical, overloads, "").with_columns(columns(name));
        found.insert(name.clone(), signature);
    }
    found
}

fn columns(name: &str) -> &'static [(&'static str, Type)] {
    use Type::{Dynamic, Long, Real};
    match name {
        "series_decompose_anomalies" => {
            &[("ad_flag", Dynamic), ("ad_score", Dynamic), ("baseline", Dynamic)]
        }
        "series_stats" => &[
            ("min", Real),
            ("min_idx", Long),
            ("max", Real),
            ("max_idx", Long),
            ("avg", Real),
            ("stdev", Real),
            ("variance", Real),
        ],
        "series_fit_line" => &[
            ("rsquare", Real),
            ("slope", Real),
            ("variance", Real),
            ("rvariance", Real),
            ("interception", Real),
            ("line_fit", Dynamic),
        ],
        "series_decompose" | "series_decompose_forecast" => &[
            ("baseline", Dynamic),
            ("seasonal", Dynamic),
            ("trend", Dynamic),
            ("residual", Dynamic),
        ],
        "series_fit_2lines" => &[
            ("rsquare", Real),
            ("split_idx", Long),
            ("variance", Real),
            ("rvariance", Real),
            ("line_fit", Dynamic),
            ("right_rsquare", Real),
            ("right_slope", Real),
            ("right_interception", Real),
            ("right_variance", Real),
            ("right_rvariance", Real),
            ("left_rsquare", Real),
            ("left_slope", Real),
            ("left_interception", Real),
            ("left_variance", Real),
            ("left_rvariance", Real),
        ],
        "series_periods_detect" => &[("periods", Dynamic), ("scores", Dynamic)],
        _ => &[],
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let read = |at: usize| std::fs::read_to_string(args.get(at).map_or("", String::as_str));
    let list = args.iter().position(|arg| arg == "--list");
    let list: usize = list.and_then(|at| args.get(at + 1)?.parse().ok()).unwrap_or(0);
    let schema: Value = serde_json::from_str(&read(2)?)?;
    let symbols: Value = serde_json::from_str(&read(3)?)?;
    let workspace = Workspace {
        tables: schema["tables"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, text)| (name.clone(), fields(text.as_str().unwrap_or_default())))
            .collect(),
        functions: signatures(&symbols["functions"]),
        aggregates: signatures(&symbols["aggregates"]),
    };
    let mut queries = HashMap::new();
    for line in read(0)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        queries
            .insert(row["id"].to_string(), row["query"].as_str().unwrap_or_default().to_string());
    }
    let mut out = std::io::stdout().lock();
    let (mut accepted, mut bound, mut same, mut refused, mut refused_too) = (0, 0, 0, 0, 0);
    let mut times = Vec::new();
    let mut shown = 0;
    for line in read(1)?.lines() {
        let verdict: Value = serde_json::from_str(line)?;
        let Some(text) = queries.get(&verdict["id"].to_string()) else { continue };
        let options = kql::BindOptions { now: 638_000_000_000_000_000, ..Default::default() };
        let start = Instant::now();
        let result = kql::bind(text, &workspace, &options);
        times.push((start.elapsed(), verdict["id"].to_string()));
        if verdict["ok"] != true {
            refused += 1;
            refused_too += i32::from(!result.is_clean());
            continue;
        }
        accepted += 1;
        if let Some(first) = result.diagnostics.first() {
            if shown < list {
                shown += 1;
                let at = text.get(first.span.clone()).unwrap_or("");
                let at: String = at.chars().take(90).collect();
                writeln!(
                    out,
                    "{} {} {} ^ {at:?}",
                    verdict["id"],
                    first.code.name(),
                    first.message
                )?;
            }
            continue;
        }
        bound += 1;
        let want: Vec<String> = verdict["columns"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|c| {
                format!("{}:{}", c["name"].as_str().unwrap_or(""), c["type"].as_str().unwrap_or(""))
            })
            .collect();
        let got: Vec<String> = result.statements.last().map_or_else(Vec::new, |statement| {
            statement.plan.fields.iter().map(|f| format!("{}:{}", f.name, f.ty.name())).collect()
        });
        if want == got || want.is_empty() || want.iter().any(|w| w.ends_with(":unknown")) {
            same += 1;
        } else if shown < list {
            shown += 1;
            let extra: Vec<&String> = got.iter().filter(|g| !want.contains(g)).collect();
            let less: Vec<&String> = want.iter().filter(|w| !got.contains(w)).collect();
            writeln!(out, "{} columns: got {extra:?} want {less:?}", verdict["id"])?;
        }
    }
    times.sort();
    writeln!(
        out,
        "{bound} of {accepted} accepted as the other binder does, {same} with its columns"
    )?;
    writeln!(out, "{refused_too} of {refused} refused as the other binder does")?;
    writeln!(out, "median {:?}, slowest {:?}", times[times.len() / 2], times.last())?;
    Ok(())
}
