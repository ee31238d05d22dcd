//! What is wrong with a query, as a person reads it: code and message, the line, a caret under the place, the hint.
//! Deliberately absent: what is wrong.

use kql::{Diagnostic, Severity};

/// The longest piece of a line that is shown, in characters; longer lines are cut around the place.
const LINE_MAX: usize = 120;

/// The diagnostic with its place in `text`, which is called `name`.
pub(super) fn told(name: &str, text: &str, diagnostic: &Diagnostic) -> String {
    let kind = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let start = floor(text, diagnostic.span.start);
    let end = floor(text, diagnostic.span.end).max(start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let number = text[..start].matches('\n').count() + 1;
    let before: Vec<char> = shown(&text[line_start..start]);
    let marked = shown(&text[start..end.min(line_end)]).len().max(1);
    let line = shown(text[line_start..line_end].trim_end_matches('\r'));
    let column = before.len();
    let cut = (column + marked.min(LINE_MAX / 2)).saturating_sub(LINE_MAX);
    let piece: String = line.iter().skip(cut).take(LINE_MAX).collect();
    let carets = "^".repeat(marked.min(LINE_MAX.saturating_sub(column - cut)).max(1));
    let margin = " ".repeat(number.to_string().len());
    let mut told = format!(
        "{kind}[{}]: {}\n{margin}--> {name}:{number}:{}\n{margin} |\n{number} | {piece}\n{margin} | {}{carets}\n",
        diagnostic.code.name(),
        diagnostic.message,
        column + 1,
        " ".repeat(column - cut),
    );
    if let Some(hint) = &diagnostic.hint {
        told.push_str(&format!("{margin} = hint: {hint}\n"));
    }
    told
}

/// A tab is one blank, so that the caret stands right.
fn shown(text: &str) -> Vec<char> {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The start of the character at `at`, or the end of the text.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use kql::Code;

    use super::*;

    #[test]
    fn the_place_is_marked_below_its_line() {
        let text = "T\n|\twhere Usr == 'ä'";
        let wrong = Diagnostic::error(Code::Unresolved, 10..13, "no 'Usr'")
            .with_hint(Some("did you mean 'User'?".into()));
        let expected = "error[SEM0100]: no 'Usr'\n --> a.kql:2:9\n  |\n2 | | where Usr == 'ä'\n  |         ^^^\n  = hint: did you mean 'User'?\n";
        assert_eq!(told("a.kql", text, &wrong), expected);
    }

    #[test]
    fn the_end_of_the_text_and_long_lines_are_places_too() {
        let end = Diagnostic::error(Code::Syntax, 3..3, "Missing expression");
        assert!(told("a", "T |", &end).ends_with("1 | T |\n  |    ^\n"));
        let text = format!("{}x{}", " ".repeat(500), "y".repeat(500));
        let far = Diagnostic::error(Code::Syntax, 500..1001, "far");
        for line in told("a", &text, &far).lines() {
            assert!(line.chars().count() <= LINE_MAX + 8, "{line}");
        }
    }
}
