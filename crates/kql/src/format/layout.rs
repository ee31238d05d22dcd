//! A flat list of texts and possible breaks → lines. A group whose content fits on the line is printed flat, otherwise every
//! possible break directly in it becomes a line end. Deliberately absent: KQL (`shapes` decides where breaks may be).

use super::WIDTH;

/// Spaces of one level.
const INDENT: usize = 4;
/// How many items behind a group are looked at for what must stay on its line. Brackets and a comma are all there ever is.
const BEHIND_MAX: usize = 16;

/// A piece of the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item<'t> {
    /// A token.
    Text(&'t str),
    /// A comment or directive; it ends its line.
    Comment {
        text: &'t str,
        /// Whether it stands behind a token on the same line.
        trailing: bool,
        /// Whether an empty line is in front of it.
        blank: bool,
    },
    /// A blank that is never broken.
    Space,
    /// A blank, or a line end in a broken group.
    Line,
    /// Nothing, or a line end in a broken group.
    Soft,
    /// A line end.
    Hard,
    /// A line end and an empty line.
    Blank,
    /// Start of a group.
    Open,
    /// Its end.
    Close,
    /// One level deeper from here.
    In,
    /// One level back.
    Out,
}

/// Width of a group on one line; `None` if it has a line end in it.
type Width = Option<usize>;

/// What is due before the next text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Line,
    Blank,
}

/// The lines.
pub(super) fn print(items: &[Item<'_>]) -> String {
    let widths = widths(items);
    let mut printer =
        Printer { out: String::new(), column: 0, indent: 0, gap: Gap::None, level: 0 };
    let mut flat: Vec<bool> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let is_flat = flat.last().copied().unwrap_or(false);
        match *item {
            Item::Text(text) => printer.text(text),
            Item::Comment { text, trailing, blank } => printer.comment(text, trailing, blank),
            Item::Space => printer.due(Gap::Space),
            Item::Line => printer.due(if is_flat { Gap::Space } else { Gap::Line }),
            Item::Soft if is_flat => {}
            Item::Soft | Item::Hard => printer.due(Gap::Line),
            Item::Blank => printer.due(Gap::Blank),
            Item::Open => {
                let fits = widths[at]
                    .is_some_and(|width| printer.start() + width + behind(items, at) <= WIDTH);
                flat.push(is_flat || fits);
            }
            Item::Close => {
                flat.pop();
            }
            Item::In => printer.indent += 1,
            Item::Out => printer.indent = printer.indent.saturating_sub(1),
        }
    }
    if !printer.out.is_empty() {
        printer.out.push('\n');
    }
    printer.out
}

struct Printer {
    out: String,
    column: usize,
    /// Levels at the place that is printed.
    indent: usize,
    gap: Gap,
    /// Levels where the line end that is due was asked for.
    level: usize,
}

impl Printer {
    fn due(&mut self, gap: Gap) {
        if gap >= Gap::Line {
            self.level = self.indent;
        }
        self.gap = self.gap.max(gap);
    }

    /// The column in which the next text would start.
    fn start(&self) -> usize {
        match self.gap {
            Gap::None => self.column,
            Gap::Space => self.column + 1,
            Gap::Line | Gap::Blank => self.level * INDENT,
        }
    }

    fn text(&mut self, text: &str) {
        self.column = self.start();
        let gap = std::mem::replace(&mut self.gap, Gap::None);
        if self.out.is_empty() {
            self.column = 0;
        } else {
            match gap {
                Gap::None => {}
                Gap::Space => self.out.push(' '),
                Gap::Line => self.out.push('\n'),
                Gap::Blank => self.out.push_str("\n\n"),
            }
            if gap >= Gap::Line {
                self.out.extend(std::iter::repeat_n(' ', self.column));
            }
        }
        self.out.push_str(text);
        // A fenced text may have line ends in it.
        self.column = match text.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => self.column + text.chars().count(),
        };
    }

    fn comment(&mut self, text: &str, trailing: bool, blank: bool) {
        let broken = self.gap >= Gap::Line;
        let level = if broken { self.level } else { self.indent };
        let after = if trailing && broken { self.gap } else { Gap::Line };
        if trailing && !self.out.is_empty() {
            self.gap = Gap::Space;
        } else {
            self.gap = self.gap.max(if blank { Gap::Blank } else { Gap::Line });
            self.level = level;
        }
        self.text(text.trim_end());
        self.gap = after;
        self.level = level;
    }
}

/// For every `Open`, the width of what is in it.
fn widths(items: &[Item<'_>]) -> Vec<Width> {
    let mut widths = vec![None; items.len()];
    let mut open: Vec<(usize, usize, bool, bool)> = Vec::new();
    let mut total = 0;
    for (at, item) in items.iter().enumerate() {
        match *item {
            Item::Text(text) => {
                total += text.chars().count();
                // Groups around an open one with text have text themselves.
                for group in open.iter_mut().rev().take_while(|group| !group.2) {
                    group.2 = true;
                }
            }
            Item::Space | Item::Line => total += 1,
            Item::Hard | Item::Blank | Item::Comment { .. } => {
                // In front of a group's first text it does not break the group.
                for group in open.iter_mut().filter(|group| group.2) {
                    group.3 = true;
                }
            }
            Item::Open => open.push((at, total, false, false)),
            Item::Close => {
                if let Some((start, before, _, broken)) = open.pop() {
                    widths[start] = (!broken).then_some(total - before);
                }
            }
            Item::Soft | Item::In | Item::Out => {}
        }
    }
    widths
}

/// Width of what must follow the group on its line: a comma, closing brackets.
fn behind(items: &[Item<'_>], open: usize) -> usize {
    let mut depth = 0usize;
    let mut behind = items[open..].iter().skip_while(|item| {
        match item {
            Item::Open => depth += 1,
            Item::Close => depth -= 1,
            _ => {}
        }
        depth > 0
    });
    behind.next();
    let mut width = 0;
    for item in behind.take(BEHIND_MAX) {
        match item {
            Item::Text(text) => width += text.chars().count(),
            Item::Space => width += 1,
            Item::Open | Item::Close | Item::In | Item::Out => {}
            _ => break,
        }
    }
    width
}
