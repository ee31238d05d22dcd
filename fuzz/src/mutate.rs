//! Inputs from a seed: a text or body of the corpus, cut, doubled, mixed with others and sprinkled with pieces that readers
//! treat in a way of their own. Deliberately absent: coverage as a guide; `cargo fuzz` has that.

/// How long an input becomes, in bytes.
const INPUT_BYTES_MAX: usize = 16 * 1024;
/// How often a piece is repeated, at most.
const REPEATS_MAX: usize = 300;

/// Pieces of queries and bodies.
const PIECES: &[&str] = &[
    "|",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ":",
    ".",
    "..",
    "=",
    "==",
    "=>",
    "'",
    "\"",
    "@'",
    "```",
    "\\",
    "//",
    "\n",
    "\r\n",
    "\0",
    "\u{e9}",
    "\u{1f511}",
    "\u{feff}",
    "let x = ",
    "print ",
    "union ",
    "union * ",
    "where ",
    "extend ",
    "project ",
    "summarize ",
    " by ",
    "join ",
    " on ",
    " in ",
    "!in~",
    "has_any",
    "between",
    "and",
    "or",
    "not(",
    "-",
    "*",
    "1e308",
    "9223372036854775807",
    "-9223372036854775808",
    "0x",
    "1d",
    "datetime(",
    "dynamic(",
    "typeof(long)",
    "mv-expand ",
    "mv-apply ",
    "make-series ",
    "parse ",
    " with ",
    "evaluate bag_unpack(",
    "search ",
    "find ",
    "toscalar(",
    "materialize(",
    "fork (",
    "scan with (",
    "invoke f()",
    "SignIns",
    "People",
    "Details.a[0]",
    "User",
    "Failures",
    "null",
    "true",
    "{\"data\":",
    "\"log_id\":",
    "[[",
    "]]",
    "\u{1f}\u{8b}\u{8}",
    "Z",
    "P1D",
];

/// Numbers from a seed (SplitMix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    fn pick<'t, T: ?Sized>(&mut self, all: &'t [&'t T]) -> Option<&'t T> {
        all.get(self.below(all.len())).copied()
    }
}

/// An input made of the corpus.
#[must_use]
pub fn mutate(corpus: &[&[u8]], random: &mut Random) -> Vec<u8> {
    let mut bytes = random.pick(corpus).unwrap_or_default().to_vec();
    for _ in 0..=random.below(8) {
        step(&mut bytes, corpus, random);
    }
    bytes.truncate(INPUT_BYTES_MAX);
    bytes
}

fn step(bytes: &mut Vec<u8>, corpus: &[&[u8]], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = at + random.below((bytes.len() - at).min(64) + 1);
    match random.below(8) {
        0 => drop(bytes.drain(at..end)),
        1 => bytes.truncate(at),
        2 => {
            let copy = bytes[at..end].to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, copy);
        }
        3 => {
            let byte = u8::try_from(random.below(256)).unwrap_or_default();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        4 => {
            let other = random.pick(corpus).unwrap_or_default();
            let from = random.below(other.len() + 1);
            let until = from + random.below(other.len() - from + 1);
            bytes.splice(at..at, other[from..until].iter().copied());
        }
        5 => {
            let piece = random.pick(PIECES).unwrap_or_default();
            bytes.splice(at..at, piece.repeat(random.below(REPEATS_MAX)).into_bytes());
        }
        _ => {
            let piece = random.pick(PIECES).unwrap_or_default();
            bytes.splice(at..end.min(at + piece.len()), piece.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, mutate};

    #[test]
    fn a_seed_gives_the_same_inputs_again() {
        let corpus: &[&[u8]] = &[b"SignIns | where User == 'a'", b"print 1"];
        let inputs = |seed| {
            let mut random = Random::new(seed);
            (0..50).map(|_| mutate(corpus, &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(inputs(7), inputs(7));
        assert_ne!(inputs(7), inputs(8));
    }
}
