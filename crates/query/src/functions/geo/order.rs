//! The order in which Microsoft's engine lists cells: that of its hash tables. The language promises none, but queries that
//! take the first cell, and unions of cells, show it; so it is kept. Deliberately absent: lists that have an order of their
//! own (children, rings).

/// The sizes that a table grows to.
const SIZES: &[usize] = &[
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    103, 109, 113, 127, 137, 139, 149, 157, 167, 179, 193, 199, 211, 227, 241, 257, 277, 293, 313,
    337, 359, 383, 409, 439, 467, 503, 541, 577, 619, 661, 709, 761, 823, 887, 953, 1031, 1109,
    1193, 1289, 1381, 1493, 1613, 1741, 1879, 2029, 2179, 2357, 2549, 2753, 2971, 3209, 3469, 3739,
    4027, 4349, 4703, 5087, 5503, 5953, 6427, 6949, 7517, 8123, 8783, 9497, 10_273, 11_113, 12_011,
    12_983, 14_033, 15_173, 16_411, 17_749, 19_183, 20_753, 22_447, 24_281, 26_267, 28_411, 30_727,
    33_223, 35_933, 38_873, 42_043, 45_481, 49_201, 53_201, 57_557, 62_233, 67_307,
];

/// The names in the order of a table that they were put into one after the other: what comes into an empty slot goes to
/// the front of all, what comes into another to the front of that slot.
pub(super) fn as_listed(names: Vec<String>) -> Vec<String> {
    let wanted = names.len();
    let Some(size) = SIZES.iter().find(|size| **size >= wanted) else { return names };
    let mut slots: Vec<Vec<String>> = vec![Vec::new(); *size];
    let mut used: Vec<usize> = Vec::new();
    for name in names {
        let slot = slot(&name, *size);
        if slots[slot].is_empty() {
            used.push(slot);
        }
        slots[slot].push(name);
    }
    let listed = used.into_iter().rev();
    listed.flat_map(|slot| std::mem::take(&mut slots[slot]).into_iter().rev()).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a remainder of a table's size")]
fn slot(name: &str, size: usize) -> usize {
    (hash(name.as_bytes()) % size as u64) as usize
}

/// `MurmurHash64A`, with the seed of the GNU C++ library.
fn hash(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;
    const SEED: u64 = 0xc70f_6907;
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let mix = |value: u64| value ^ (value >> 47);
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    for chunk in bytes.chunks(8) {
        if chunk.len() == 8 {
            hash ^= mix(word(chunk).wrapping_mul(FACTOR)).wrapping_mul(FACTOR);
        } else {
            hash ^= word(chunk);
        }
        hash = hash.wrapping_mul(FACTOR);
    }
    mix(mix(hash).wrapping_mul(FACTOR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_listed_once() {
        let names: Vec<String> = (0..1000).map(|at| format!("cell{at}")).collect();
        let mut listed = as_listed(names.clone());
        assert_ne!(listed, names);
        let mut expected = names;
        listed.sort();
        expected.sort();
        assert_eq!(listed, expected);
    }
}
