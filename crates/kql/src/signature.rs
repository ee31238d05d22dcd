//! What the binder must know of a function to check and type a call: its parameters, their overloads and the type of the
//! answer. Deliberately absent: the list of functions and what they compute (`query` has one file for each group and hands
//! the signatures in through the [`Catalog`](crate::catalog::Catalog)), and operators, which the binder types itself.

use crate::types::Type;

/// A scalar or aggregate function as the binder sees it.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    /// Canonical name: what [`ExprKind::Call`](crate::plan::ExprKind::Call) carries. An obsolete spelling finds the
    /// signature of the current name.
    pub name: &'static str,
    /// Ways to call it; the first that fits best is taken.
    pub overloads: &'static [Overload],
    /// Whether equal arguments always give an equal answer (`rand` and `new_guid` do not).
    pub deterministic: bool,
    /// For functions that give several columns in `extend` and `project` (`series_stats`): the suffix and type of each.
    /// Empty for all others. Such a call is bound as one call for each column, of the dynamic value that holds them all.
    pub columns: &'static [(&'static str, Type)],
    /// What it does, in Markdown, for completion, hover and the manual.
    pub doc: &'static str,
}

impl Signature {
    /// A deterministic function of one column.
    #[must_use]
    pub const fn new(
        name: &'static str,
        overloads: &'static [Overload],
        doc: &'static str,
    ) -> Self {
        Self { name, overloads, deterministic: true, columns: &[], doc }
    }

    /// The same function, whose answer changes from call to call.
    #[must_use]
    pub const fn volatile(mut self) -> Self {
        self.deterministic = false;
        self
    }

    /// The same function, giving these columns.
    #[must_use]
    pub const fn with_columns(mut self, columns: &'static [(&'static str, Type)]) -> Self {
        self.columns = columns;
        self
    }
}

/// One way to call a function: `head`, then `repeat` as often as needed, then `tail`.
#[derive(Debug, Clone, Copy)]
pub struct Overload {
    /// Parameters at the start.
    pub head: &'static [Param],
    /// How many of the last parameters of `head` may be left out.
    pub optional: usize,
    /// Parameters that repeat as a group: `[predicate, then]` of `case`. Empty if none do.
    pub repeat: &'static [Param],
    /// How often the group must be given at least.
    pub repeat_min: usize,
    /// Parameters at the end: `[else]` of `case`.
    pub tail: &'static [Param],
    /// The type of the answer.
    pub returns: Returns,
}

impl Overload {
    /// Exactly these parameters.
    #[must_use]
    pub const fn of(head: &'static [Param], returns: Returns) -> Self {
        Self { head, optional: 0, repeat: &[], repeat_min: 0, tail: &[], returns }
    }

    /// The last `count` of the head's parameters may be left out.
    #[must_use]
    pub const fn optional(mut self, count: usize) -> Self {
        self.optional = count;
        self
    }

    /// Then `group`, at least `min` times.
    #[must_use]
    pub const fn repeating(mut self, group: &'static [Param], min: usize) -> Self {
        self.repeat = group;
        self.repeat_min = min;
        self
    }

    /// Then these.
    #[must_use]
    pub const fn tail(mut self, tail: &'static [Param]) -> Self {
        self.tail = tail;
        self
    }

    /// The parameter for each of `count` arguments, or `None` if so many do not fit.
    #[must_use]
    pub fn spread(&self, count: usize) -> Option<Vec<Param>> {
        let required = self.head.len() - self.optional.min(self.head.len());
        if self.repeat.is_empty() {
            let head = count.checked_sub(self.tail.len())?;
            if head < required || head > self.head.len() {
                return None;
            }
            return Some([&self.head[..head], self.tail].concat());
        }
        if count <= self.head.len() && count >= required && self.repeat_min == 0 {
            return Some(self.head[..count].to_vec());
        }
        let rest = count.checked_sub(self.head.len() + self.tail.len())?;
        if rest % self.repeat.len() != 0 || rest / self.repeat.len() < self.repeat_min {
            return None;
        }
        let mut params = self.head.to_vec();
        for _ in 0..rest / self.repeat.len() {
            params.extend_from_slice(self.repeat);
        }
        params.extend_from_slice(self.tail);
        Some(params)
    }

    /// The smallest and the largest number of arguments; `None` is any number.
    #[must_use]
    pub const fn arity(&self) -> (usize, Option<usize>) {
        let min =
            self.head.len() - self.optional + self.repeat.len() * self.repeat_min + self.tail.len();
        if self.repeat.is_empty() {
            (min, Some(self.head.len() + self.tail.len()))
        } else {
            (min, None)
        }
    }
}

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param {
    /// Its name in the manual and in signature help.
    pub name: &'static str,
    /// What fits.
    pub kind: ParamKind,
}

impl Param {
    /// A parameter of that name and kind.
    #[must_use]
    pub const fn new(name: &'static str, kind: ParamKind) -> Self {
        Self { name, kind }
    }
}

/// What an argument may be. A `dynamic` argument fits wherever a scalar does: the binder converts it to the type that the
/// parameter names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// This type, or one that converts to it by itself (`int` → `long` → `real`, `decimal`; `dynamic` → any).
    Exactly(Type),
    /// Any scalar, passed as it is.
    Scalar,
    /// Any scalar but `dynamic`.
    NotDynamic,
    /// `int`, `long`, `real` or `decimal`, passed as it is (a `dynamic` becomes `real`).
    Number,
    /// `int` or `long`; passed as `long`.
    Integer,
    /// A number, `timespan` or `datetime`, passed as it is.
    Summable,
    /// Whatever can be sorted: any scalar but `dynamic`.
    Orderable,
    /// `string` or `dynamic`, passed as it is.
    StringOrDynamic,
    /// All such arguments of the call are converted to their common type.
    Common,
    /// `typeof(…)`; bound as a `string` literal that holds the type's name.
    TypeName,
    /// A constant of any type.
    Literal,
}

/// The type of a call.
#[derive(Debug, Clone, Copy)]
pub enum Returns {
    /// Always this.
    Type(Type),
    /// That of the argument with this index.
    Argument(usize),
    /// That of the first argument, with `int` becoming `long` (`sum`).
    Promoted,
    /// The common type of the `Common` parameters.
    Common,
    /// The widest of the numeric argument types, or that of the first argument if it is not a number (`bin`).
    Widest,
    /// The type that the `typeof` argument with this index names, or the given type where it is left out.
    TypeArgument(usize, Type),
    /// A rule of its own, from the types of the (converted) arguments.
    Rule(fn(&[Type]) -> Type),
}
