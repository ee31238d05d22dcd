//! Calls of built-in scalar functions: the overload that fits best, conversions of the arguments, the type of the answer.
//! Deliberately absent: the functions themselves (the catalog has their signatures), and those that the binder treats in a
//! way of its own (`special`).

use super::binder::{Binder, Row, call, convert, literal, mistake};
use super::fold::fold;
use super::naming::name_text;
use super::scope::{Bindable, Variable};
use super::types::{common, wider};
use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::nearest;
use crate::plan::{Expr, ExprKind};
use crate::signature::{Param, ParamKind, Returns, Signature};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Args, NameRef};
use crate::types::{Type, Value};

impl Binder<'_> {
    /// `f(…)`: a function of the query, one that the binder knows, one of the catalog, or one of the workspace.
    pub(super) fn call_value(&mut self, node: Node<'_>, row: Option<Row<'_>>) -> Bindable {
        let name = node.child(NameRef).map(name_text).unwrap_or_default();
        match self.variable(node, &name) {
            Some(Variable::Function(function)) => {
                let arguments = self.arguments(node, row);
                return self.call_function(&function, node, arguments);
            }
            // Microsoft's binder lets `x()` stand for a variable `x`.
            Some(Variable::Value(value)) if node.child(Args).is_some_and(no_arguments) => {
                return value;
            }
            _ => {}
        }
        if let Some(value) = self.special_call(&name, node, row) {
            return value;
        }
        if let Some(signature) = self.catalog.function(&name).copied() {
            self.expect_serialized(signature.name, node);
            return Bindable::Scalar(self.builtin(&signature, &name, node, row));
        }
        if let Some(function) = self.stored(&name) {
            let arguments = self.arguments(node, row);
            return self.call_function(&function, node, arguments);
        }
        if let Some(signature) = self.scalar_signature(&name) {
            self.unavailable("function", node, &name);
            return Bindable::Scalar(self.builtin(&signature, &name, node, row));
        }
        self.unknown_function(node, &name);
        Bindable::Scalar(mistake())
    }

    fn unknown_function(&mut self, node: Node<'_>, name: &str) {
        if self.aggregate_signature(name).is_some() {
            let message =
                format!("The aggregate function '{name}' is not allowed in this context.");
            self.error(Code::WrongType, node, message);
            return;
        }
        if super::known::is_known(name) {
            let message = format!("'{name}()' is not available in this workspace.");
            self.error(Code::Unsupported, node, message);
            return;
        }
        let functions = self.catalog.functions();
        let names = self.scope.names();
        let candidates = functions.iter().map(String::as_str).chain(names);
        let hint = nearest(name, candidates).map(|name| format!("did you mean '{name}'?"));
        let span = node.child(NameRef).map_or_else(|| node.span(), Node::span);
        let message = format!("Unknown function: '{name}'.");
        self.report(Diagnostic::error(Code::UnknownFunction, span, message).with_hint(hint));
    }

    pub(super) fn builtin(
        &mut self,
        signature: &Signature,
        written: &str,
        node: Node<'_>,
        row: Option<Row<'_>>,
    ) -> Expr {
        let nodes: Vec<Node<'_>> = node.child(Args).into_iter().flat_map(Node::nodes).collect();
        let args: Vec<Expr> = nodes.iter().map(|arg| self.scalar(*arg, row)).collect();
        if signature.name == "coalesce" && args.iter().any(|arg| arg.ty == Type::Dynamic) {
            self.expect_dynamic(&nodes, &args);
        }
        self.choose(signature, written, node, args)
    }

    /// A `dynamic` value among the choices of `coalesce` demands that all are.
    fn expect_dynamic(&mut self, nodes: &[Node<'_>], args: &[Expr]) {
        for (node, arg) in nodes.iter().zip(args) {
            if !matches!(arg.ty, Type::Dynamic | Type::Error) {
                self.error(Code::WrongType, *node, "The expression must have the type dynamic.");
            }
        }
    }

    /// The call with the overload that fits best.
    pub(super) fn choose(
        &mut self,
        signature: &Signature,
        written: &str,
        node: Node<'_>,
        args: Vec<Expr>,
    ) -> Expr {
        let Some(chosen) = self.overload(signature, written, node, &args) else {
            return mistake();
        };
        let (params, returns) = chosen;
        let common = common_type(&params, &args);
        let args: Vec<Expr> = args
            .into_iter()
            .zip(&params)
            .map(|(arg, param)| adapt(arg, param.kind, common))
            .collect();
        let ty = return_type(returns, &args, common);
        fold(call(signature.name, args, ty))
    }

    /// Parameters and answer of the best overload; a diagnostic if none fits.
    pub(super) fn overload(
        &mut self,
        signature: &Signature,
        written: &str,
        node: Node<'_>,
        args: &[Expr],
    ) -> Option<(Vec<Param>, Returns)> {
        let mut best: Option<(u32, Vec<Param>, Returns)> = None;
        let mut nearest: Option<Vec<Param>> = None;
        for overload in signature.overloads {
            let Some(params) = overload.spread(args.len()) else { continue };
            let cost: Option<u32> =
                args.iter().zip(&params).map(|(arg, param)| fit(arg.ty, param.kind)).sum();
            match cost {
                Some(cost) if best.as_ref().is_none_or(|(least, ..)| cost < *least) => {
                    best = Some((cost, params, overload.returns));
                }
                Some(_) => {}
                None => nearest = nearest.or(Some(params)),
            }
        }
        if let Some((_, params, returns)) = best {
            return Some((params, returns));
        }
        match nearest {
            Some(params) => self.wrong_argument(node, args, &params),
            None => {
                let message = format!("{written}(): {}", expected_arguments(signature));
                self.error(Code::Arity, node, message);
            }
        }
        None
    }

    fn wrong_argument(&mut self, node: Node<'_>, args: &[Expr], params: &[Param]) {
        let nodes: Vec<Node<'_>> = node.child(Args).into_iter().flat_map(Node::nodes).collect();
        for (at, (arg, param)) in args.iter().zip(params).enumerate() {
            if fit(arg.ty, param.kind).is_none() {
                let place = nodes.get(at).copied().unwrap_or(node);
                self.error(Code::WrongType, place, expected(param.kind));
            }
        }
    }
}

fn no_arguments(args: Node<'_>) -> bool {
    args.nodes().next().is_none()
}

/// How well a type fits a parameter: 0 is exactly, `None` not at all.
fn fit(ty: Type, kind: ParamKind) -> Option<u32> {
    use ParamKind::{
        Common, Exactly, Integer, Literal, NotDynamic, Number, Orderable, Scalar, StringOrDynamic,
        Summable, TypeName,
    };
    if ty == Type::Error {
        return Some(1);
    }
    let dynamic = || (ty == Type::Dynamic).then_some(5);
    match kind {
        Scalar | Literal | Common | TypeName => Some(2),
        NotDynamic | Orderable => (ty != Type::Dynamic).then_some(1).or(Some(5)),
        Number => ty.is_number().then_some(1).or_else(dynamic),
        Integer => matches!(ty, Type::Int | Type::Long).then_some(1).or_else(dynamic),
        Summable => (ty.is_number() || matches!(ty, Type::DateTime | Type::TimeSpan))
            .then_some(1)
            .or_else(dynamic),
        StringOrDynamic => matches!(ty, Type::String | Type::Dynamic).then_some(1),
        Exactly(wanted) if wanted == ty => Some(0),
        Exactly(wanted) if wanted.is_number() && ty.is_number() => {
            // Widening is cheap; narrowing (`real` where `long` is wanted) is what the language does for literals.
            if wider(wanted, ty) == wanted { Some(1) } else { Some(4) }
        }
        Exactly(Type::Bool) if matches!(ty, Type::Int | Type::Long) => Some(4),
        Exactly(Type::Dynamic) => (ty == Type::String).then_some(4),
        Exactly(_) => dynamic(),
    }
}

/// An argument as its parameter wants it.
fn adapt(arg: Expr, kind: ParamKind, common: Type) -> Expr {
    match kind {
        ParamKind::Exactly(ty) => convert(arg, ty),
        ParamKind::Integer => convert(arg, Type::Long),
        ParamKind::Number | ParamKind::Summable if arg.ty == Type::Dynamic => {
            convert(arg, Type::Real)
        }
        ParamKind::Common => convert(arg, common),
        _ => arg,
    }
}

fn common_type(params: &[Param], args: &[Expr]) -> Type {
    let those = params.iter().zip(args).filter(|(param, _)| param.kind == ParamKind::Common);
    common(those.map(|(_, arg)| arg.ty))
}

/// The type of a call with these (adapted) arguments.
pub(super) fn return_type(returns: Returns, args: &[Expr], common: Type) -> Type {
    let ty = |at: usize| args.get(at).map_or(Type::Error, |arg| arg.ty);
    match returns {
        Returns::Type(ty) => ty,
        Returns::Argument(at) => ty(at),
        Returns::Promoted => match ty(0) {
            Type::Int => Type::Long,
            other => other,
        },
        Returns::Common => common,
        Returns::Widest => match ty(0) {
            first if first.is_number() => {
                let numbers = args.iter().map(|arg| arg.ty).filter(|ty| ty.is_number());
                numbers.fold(first, wider)
            }
            first => first,
        },
        Returns::TypeArgument(at, default) => match args.get(at).map(|arg| &arg.kind) {
            Some(ExprKind::Literal(Value::String(name))) => Type::named(name).unwrap_or(default),
            _ => default,
        },
        Returns::Rule(rule) => rule(&args.iter().map(|arg| arg.ty).collect::<Vec<_>>()),
    }
}

/// What a parameter wants, in Microsoft's words.
fn expected(kind: ParamKind) -> String {
    match kind {
        ParamKind::Exactly(ty) => format!("A value of type {} expected.", ty.name()),
        ParamKind::Number => "The expression value must be a number.".into(),
        ParamKind::Integer => "The expression value must be an integer.".into(),
        ParamKind::Summable => {
            "The argument value must be summable: a number, timespan or datetime.".into()
        }
        ParamKind::Orderable | ParamKind::NotDynamic => {
            "The argument value must be orderable: a number, timespan, datetime, string or boolean."
                .into()
        }
        ParamKind::StringOrDynamic => "A value of type string or dynamic expected.".into(),
        ParamKind::TypeName => "A type expected: typeof(…).".into(),
        ParamKind::Scalar | ParamKind::Common | ParamKind::Literal => {
            "Scalar value expected.".into()
        }
    }
}

/// `function expects 2 argument(s)`, over all overloads.
fn expected_arguments(signature: &Signature) -> String {
    let arities: Vec<_> = signature.overloads.iter().map(|overload| overload.arity()).collect();
    let min = arities.iter().map(|(min, _)| *min).min().unwrap_or(0);
    let max = arities.iter().try_fold(0, |most, (_, max)| max.map(|max| most.max(max)));
    match max {
        Some(max) if max == min => format!("function expects {min} argument(s)."),
        Some(max) => format!("function expects {min} to {max} arguments."),
        None => format!("function expects at least {min} argument(s)."),
    }
}

/// The text that a constant argument holds.
pub(super) fn constant_text(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Literal(Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}

/// A text as an expression.
pub(super) fn text(value: &str) -> Expr {
    literal(Value::String(value.to_string()))
}
