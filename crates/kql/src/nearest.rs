//! The name that was meant: the candidate with the fewest slips. A workspace has tens of thousands of names, so most
//! candidates are dropped by their length and their set of characters before any slip is counted.
//! Deliberately absent: meaning (`did you mean` knows spelling only).

/// Longer names get no hint: the time that comparing takes grows with the square of the length.
const NAME_CHARS_MAX: usize = 64;

/// With more slips than this it is another name, however long it is.
const SLIPS_MAX: usize = 4;

/// The name out of `candidates` that is nearest to `name`, if any is near enough to be meant.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let wanted: Vec<char> = folded(name).take(NAME_CHARS_MAX + 1).collect();
    if wanted.len() > NAME_CHARS_MAX {
        return None;
    }
    let mut allowed = (wanted.len() / 3).clamp(1, SLIPS_MAX);
    let is_ascii = name.is_ascii();
    let set = set_of(wanted.iter().copied());
    let mut best: Option<&str> = None;
    let mut row = Vec::new();
    let mut chars: Vec<char> = Vec::new();
    for candidate in candidates {
        // Where every character is a byte, the length says enough; elsewhere a character has up to four.
        let far = match is_ascii && candidate.is_ascii() {
            true => candidate.len().abs_diff(wanted.len()) > allowed,
            false => candidate.len() > 4 * (wanted.len() + allowed),
        };
        if far || candidate == name {
            continue;
        }
        chars.clear();
        chars.extend(folded(candidate));
        // One slip takes a character away, or adds one, or both.
        let other = (set ^ set_of(chars.iter().copied())).count_ones() as usize;
        if chars.len().abs_diff(wanted.len()) > allowed || other > 2 * allowed {
            continue;
        }
        let found = distance(&wanted, &chars, allowed, &mut row);
        // Of two that are equally near, the first in the alphabet.
        if let Some(found) = found
            && (found < allowed || best.is_none_or(|best| found == allowed && candidate < best))
        {
            (allowed, best) = (found, Some(candidate));
        }
    }
    best.map(str::to_owned)
}

fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase)
}

/// The characters of a name as bits; several share one.
fn set_of(chars: impl Iterator<Item = char>) -> u64 {
    chars.fold(0, |set, c| set | 1 << (u32::from(c) % 64))
}

/// How many single-character edits (Levenshtein) lie between two texts; `None` for more than `most`.
fn distance(a: &[char], b: &[char], most: usize, row: &mut Vec<usize>) -> Option<usize> {
    row.clear();
    row.extend(0..=b.len());
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut least = left;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(b) {
            let replaced = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
            least = least.min(left);
        }
        // It only grows from row to row.
        if least > most {
            return None;
        }
    }
    row.last().copied().filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::{NAME_CHARS_MAX, nearest};

    #[test]
    fn a_small_slip_finds_the_name_and_a_large_one_does_not() {
        let names = ["TimeGenerated", "UserId", "Type"];
        for (written, meant) in [
            ("TimeGenrated", Some("TimeGenerated")),
            ("userid", Some("UserId")),
            ("UserIdd", Some("UserId")),
            ("Typo", Some("Type")),
            ("Completely", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, names).as_deref(), meant, "{written}");
        }
    }

    #[test]
    fn the_nearest_comes_first_and_then_the_first_in_the_alphabet() {
        assert_eq!(
            nearest("Computer", ["Computed", "Compute", "Komputar"]),
            Some("Compute".into())
        );
        assert_eq!(nearest("User_d", ["Userid", "User_s", "Users"]), Some("User_s".into()));
        assert_eq!(nearest("Computer", ["Komputar", "computer"]), Some("computer".into()));
    }

    #[test]
    fn letters_of_any_script_count_as_one() {
        assert_eq!(nearest("Stra\u{df}e", ["STRA\u{df}A"]), Some("STRA\u{df}A".into()));
        assert_eq!(
            nearest("\u{e4}\u{f6}\u{fc}x", ["\u{e4}\u{f6}\u{fc}"]),
            Some("\u{e4}\u{f6}\u{fc}".into())
        );
    }

    #[test]
    fn a_name_at_the_limit_gets_a_hint_and_a_longer_one_none() {
        let longest = "x".repeat(NAME_CHARS_MAX);
        let meant = format!("{}y", "x".repeat(NAME_CHARS_MAX - 1));
        assert_eq!(nearest(&longest, [meant.as_str()]), Some(meant.clone()));
        assert_eq!(nearest(&format!("{longest}x"), [meant.as_str()]), None);
    }
}
