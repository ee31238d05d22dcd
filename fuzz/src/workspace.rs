//! Tables and functions for queries from nowhere: every type of column, a function for each kind of parameter and answer.
//! Deliberately absent: the engine's own list of functions.

use kql::catalog::{Catalog, StoredFunction};
use kql::plan::{Field, Fields};
use kql::signature::{Overload, Param, ParamKind, Returns, Signature};
use kql::types::Type;

/// A small workspace.
pub(crate) struct Workspace;

const ANY: Param = Param::new("value", ParamKind::Scalar);
const TEXT: Param = Param::new("text", ParamKind::Exactly(Type::String));
const BOOL: Param = Param::new("predicate", ParamKind::Exactly(Type::Bool));
const WHEN: [Param; 2] = [BOOL, Param::new("then", ParamKind::Common)];
const COMMON: [Param; 1] = [Param::new("value", ParamKind::Common)];

macro_rules! one {
    ($name:literal, $params:expr, $returns:expr) => {{
        const OVERLOADS: [Overload; 1] = [Overload::of(&$params, $returns)];
        Signature::new($name, &OVERLOADS, "")
    }};
}

const CASE: [Overload; 1] = [Overload::of(&[], Returns::Common).repeating(&WHEN, 1).tail(&COMMON)];
const SOME: [Overload; 1] = [Overload::of(&[], Returns::Common).repeating(&COMMON, 1)];
const TEXTS: [Overload; 1] = [Overload::of(&[], Returns::Type(Type::String)).repeating(&[ANY], 1)];
const PACK: [Overload; 1] = [Overload::of(&[], Returns::Type(Type::Dynamic)).repeating(&[ANY], 0)];

static FUNCTIONS: [Signature; 14] = [
    one!("tostring", [ANY], Returns::Type(Type::String)),
    one!("tolong", [ANY], Returns::Type(Type::Long)),
    one!("todouble", [ANY], Returns::Type(Type::Real)),
    one!("todatetime", [ANY], Returns::Type(Type::DateTime)),
    one!("strlen", [Param::new("text", ParamKind::StringOrDynamic)], Returns::Type(Type::Long)),
    one!("isnotempty", [ANY], Returns::Type(Type::Bool)),
    one!("parse_json", [ANY], Returns::Type(Type::Dynamic)),
    one!("split", [TEXT, TEXT], Returns::Type(Type::Dynamic)),
    one!("bin", [Param::new("value", ParamKind::Summable), ANY], Returns::Widest),
    one!(
        "startofday",
        [Param::new("at", ParamKind::Exactly(Type::DateTime))],
        Returns::Argument(0)
    ),
    Signature::new("iff", &CASE, ""),
    Signature::new("coalesce", &SOME, ""),
    Signature::new("strcat", &TEXTS, ""),
    Signature::new("pack_array", &PACK, ""),
];

static COUNT: [Overload; 1] = [Overload::of(&[], Returns::Type(Type::Long))];

static AGGREGATES: [Signature; 9] = [
    Signature::new("count", &COUNT, ""),
    one!("countif", [BOOL], Returns::Type(Type::Long)),
    one!("dcount", [ANY], Returns::Type(Type::Long)),
    one!("sum", [Param::new("value", ParamKind::Summable)], Returns::Promoted),
    one!("max", [ANY], Returns::Argument(0)),
    one!("make_set", [ANY], Returns::Type(Type::Dynamic)),
    one!("arg_max", [ANY], Returns::Argument(0)),
    one!("take_any", [ANY], Returns::Argument(0)),
    one!("percentiles", [ANY, ANY], Returns::Argument(0)),
];

fn fields(columns: &[(&str, Type)]) -> Fields {
    columns.iter().map(|(name, ty)| Field { name: (*name).into(), ty: *ty }).collect()
}

impl Catalog for Workspace {
    fn table(&self, name: &str) -> Option<Fields> {
        use Type::{Bool, DateTime, Decimal, Dynamic, Guid, Int, Long, Real, String, TimeSpan};
        Some(match name {
            "SignIns" => fields(&[
                ("TimeGenerated", DateTime),
                ("User", String),
                ("Failures", Long),
                ("Details", Dynamic),
            ]),
            "SignInsOld" => {
                fields(&[("TimeGenerated", DateTime), ("User", String), ("Failures", Int)])
            }
            "People" => fields(&[("User", String), ("Office", String)]),
            "Types" => fields(&[
                ("B", Bool),
                ("I", Int),
                ("R", Real),
                ("D", Decimal),
                ("S", TimeSpan),
                ("G", Guid),
                ("a b", String),
            ]),
            _ => return None,
        })
    }

    fn tables(&self) -> Vec<String> {
        ["People", "SignIns", "SignInsOld", "Types"].map(str::to_owned).to_vec()
    }

    fn function(&self, name: &str) -> Option<&Signature> {
        FUNCTIONS.iter().find(|signature| signature.name == name)
    }

    fn aggregate(&self, name: &str) -> Option<&Signature> {
        AGGREGATES.iter().find(|signature| signature.name == name)
    }

    fn stored_function(&self, name: &str) -> Option<StoredFunction> {
        let (parameters, body) = match name {
            "Failed" => ("(least:long=3)", "SignIns | where Failures >= least"),
            "Broken" => ("(", "SignIns | where ("),
            "Endless" => ("", "Endless | take 1"),
            _ => return None,
        };
        Some(StoredFunction { parameters: parameters.into(), body: body.into() })
    }

    fn watchlist(&self, name: &str) -> Option<Fields> {
        (name == "Names").then(|| fields(&[("SearchKey", Type::String), ("Name", Type::String)]))
    }

    fn functions(&self) -> Vec<String> {
        FUNCTIONS.iter().chain(&AGGREGATES).map(|signature| signature.name.to_owned()).collect()
    }
}
