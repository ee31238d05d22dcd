//! Chance from a seed. The generator is written out here (SplitMix64, the public-domain generator by Sebastiano Vigna)
//! so that a seed means the same bytes in every version of every library.
//! Deliberately absent: secrecy. Nothing that must be unguessable comes from here.

/// A stream of random numbers. Two dice of the same seed and purpose throw the same numbers.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

const INCREMENT: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes one number into another that looks unrelated.
pub(crate) const fn mix(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

impl Dice {
    /// Dice for one purpose. Each purpose has its own stream, so that a new use of chance in one place does not change
    /// what happens in another.
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let named = purpose.bytes().fold(mix(seed ^ INCREMENT), |state, byte| {
            mix(state.wrapping_add(INCREMENT) ^ u64::from(byte))
        });
        Self(named)
    }

    /// Dice for the `number`th of many alike things: an event, a session.
    pub(crate) const fn numbered(seed: u64, number: u64) -> Self {
        Self(mix(seed ^ mix(number.wrapping_add(INCREMENT))))
    }

    /// Any 64-bit number.
    pub(crate) fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(INCREMENT);
        mix(self.0)
    }

    /// A number from 0 up to, but not including, `limit`; 0 if the limit is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.any()) * u128::from(limit)) >> 64) as u64
    }

    /// An index into something of `length`.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// A number from `least` to `most`, both possible.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        least + self.below((most - least).unsigned_abs() + 1) as i64
    }

    /// A number from 0 up to, but not including, 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.any() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.index(choices.len())]
    }

    /// The index of one of `weights`, each as likely as its weight says.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u64 = weights.iter().copied().map(u64::from).sum();
        let mut thrown = self.below(total);
        for (index, weight) in weights.iter().enumerate() {
            if thrown < u64::from(*weight) {
                return index;
            }
            thrown -= u64::from(*weight);
        }
        weights.len().saturating_sub(1)
    }

    /// Appends `length` lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, length: usize, out: &mut String) {
        self.characters(b"0123456789abcdef", length, out);
    }

    /// Appends `length` letters and digits of both cases.
    pub(crate) fn letters(&mut self, length: usize, out: &mut String) {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789Qz";
        self.characters(LETTERS, length, out);
    }

    /// A text of `length` hexadecimal digits.
    pub(crate) fn hex_text(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length);
        self.hex(length, &mut text);
        text
    }

    /// A text of `length` letters and digits.
    pub(crate) fn letters_text(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length);
        self.letters(length, &mut text);
        text
    }

    /// A random UUID (version 4) as text.
    pub(crate) fn uuid(&mut self) -> String {
        let high = self.any() & 0xffff_ffff_ffff_0fff | 0x4000;
        let low = self.any() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }

    /// `alphabet` has 16 or 64 characters: 16 of them are taken from one throw, four bits (or the low bits) each.
    fn characters(&mut self, alphabet: &[u8], length: usize, out: &mut String) {
        let bits = if alphabet.len() == 64 { 6 } else { 4 };
        let mask = alphabet.len() as u64 - 1;
        let mut left = 0;
        let mut thrown = 0;
        for _ in 0..length {
            if left == 0 {
                thrown = self.any();
                left = 64 / bits;
            }
            out.push(char::from(alphabet[(thrown & mask) as usize]));
            thrown >>= bits;
            left -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_for_ever() {
        let mut dice = Dice::new(7, "test");
        assert_eq!(
            (dice.below(1000), dice.hex_text(12), dice.uuid()),
            (479, "74eaeb7436f7".to_owned(), "03bf92a5-3784-45b2-9399-0f46d74be9e0".to_owned())
        );
    }

    #[test]
    fn purposes_do_not_share_their_chance() {
        assert_ne!(Dice::new(7, "a").any(), Dice::new(7, "b").any());
        assert_ne!(Dice::new(7, "a").any(), Dice::new(8, "a").any());
    }

    #[test]
    fn weights_are_kept_to() {
        let mut dice = Dice::new(1, "weights");
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            counts[dice.weighted(&[70, 0, 30])] += 1;
        }
        assert!(counts[1] == 0 && (6_700..7_300).contains(&counts[0]), "{counts:?}");
    }

    proptest::proptest! {
        #[test]
        fn numbers_stay_within_their_bounds(seed: u64, limit in 1_u64.., least in -1000_i64..0) {
            let mut dice = Dice::new(seed, "bounds");
            proptest::prop_assert!(dice.below(limit) < limit);
            proptest::prop_assert!((least..=5).contains(&dice.between(least, 5)));
            proptest::prop_assert!((0.0..1.0).contains(&dice.share()));
        }
    }
}
