//! A small workspace for tests: two tables of sign-ins, one of people, a few functions. Deliberately absent: the engine's
//! own list of functions, whose tests are the engine's.

use kql::catalog::{Catalog, StoredFunction};
use kql::plan::{Field, Fields};
use kql::signature::{Overload, Param, ParamKind, Returns, Signature};
use kql::types::Type;

pub(crate) struct Workspace;

const ANY: Param = Param::new("value", ParamKind::Scalar);
const TEXT: Param = Param::new("text", ParamKind::Exactly(Type::String));
const COMMON: [Param; 1] = [Param::new("value", ParamKind::Common)];
const PREDICATE: Param = Param::new("predicate", ParamKind::Exactly(Type::Bool));
const WHEN: [Param; 2] = [PREDICATE, Param::new("then", ParamKind::Common)];
const ROUND_TO: [Param; 2] =
    [Param::new("value", ParamKind::Summable), Param::new("roundTo", ParamKind::Scalar)];

macro_rules! one {
    ($name:literal, $params:expr, $returns:expr) => {{
        const OVERLOADS: [Overload; 1] = [Overload::of(&$params, $returns)];
        Signature::new($name, &OVERLOADS, "")
    }};
}

const CASE: [Overload; 1] = [Overload::of(&[], Returns::Common).repeating(&WHEN, 1).tail(&COMMON)];
const STRCAT: [Overload; 1] = [Overload::of(&[], Returns::Type(Type::String)).repeating(&[ANY], 1)];

static FUNCTIONS: [Signature; 10] = [
    one!("tostring", [ANY], Returns::Type(Type::String)),
    one!("tolong", [ANY], Returns::Type(Type::Long)),
    one!("strlen", [Param::new("text", ParamKind::StringOrDynamic)], Returns::Type(Type::Long)),
    one!("tolower", [ANY], Returns::Type(Type::String)),
    one!("isnotempty", [ANY], Returns::Type(Type::Bool)),
    one!("parse_json", [ANY], Returns::Type(Type::Dynamic)),
    one!("split", [ANY, TEXT], Returns::Type(Type::Dynamic)),
    one!("bin", ROUND_TO, Returns::Widest),
    Signature::new("iff", &CASE, ""),
    Signature::new("strcat", &STRCAT, ""),
];

static COUNT: [Overload; 1] = [Overload::of(&[], Returns::Type(Type::Long))];

static AGGREGATES: [Signature; 7] = [
    Signature::new("count", &COUNT, ""),
    one!("countif", [PREDICATE], Returns::Type(Type::Long)),
    one!("dcount", [ANY], Returns::Type(Type::Long)),
    one!("sum", [Param::new("value", ParamKind::Summable)], Returns::Promoted),
    one!("max", [ANY], Returns::Argument(0)),
    one!("make_set", [ANY], Returns::Type(Type::Dynamic)),
    one!("arg_max", [ANY], Returns::Argument(0)),
];

fn fields(columns: &[(&str, Type)]) -> Fields {
    columns.iter().map(|(name, ty)| Field { name: (*name).into(), ty: *ty }).collect()
}

impl Catalog for Workspace {
    fn table(&self, name: &str) -> Option<Fields> {
        use Type::{DateTime, Dynamic, Int, Long, String};
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
            _ => return None,
        })
    }

    fn tables(&self) -> Vec<String> {
        ["People", "SignIns", "SignInsOld"].map(str::to_string).to_vec()
    }

    fn function(&self, name: &str) -> Option<&Signature> {
        FUNCTIONS.iter().find(|signature| signature.name == name)
    }

    fn aggregate(&self, name: &str) -> Option<&Signature> {
        AGGREGATES.iter().find(|signature| signature.name == name)
    }

    fn stored_function(&self, name: &str) -> Option<StoredFunction> {
        let (parameters, body) = match name {
            "Failed" => (
                "(least:long=3, off:bool=false)",
                "SignIns | where not(off) | where Failures >= least",
            ),
            "Broken" => ("", "SignIns | where Nope == 1"),
            "Endless" => ("", "Endless | take 1"),
            _ => return None,
        };
        Some(StoredFunction { parameters: parameters.into(), body: body.into() })
    }

    fn functions(&self) -> Vec<String> {
        let all = FUNCTIONS.iter().chain(&AGGREGATES);
        all.map(|signature| signature.name.to_string()).chain(["Failed".to_string()]).collect()
    }
}
