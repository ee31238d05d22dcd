//! By which ways an event came: a small set, and what one more arrival adds to it.
//! Deliberately absent: sources. Two polls of one tenant are one channel.

use std::ops::BitOr;

use model::Via;

/// Some of the three ways in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Channels(u8);

impl Channels {
    /// It is unknown by which.
    pub(crate) const NONE: Self = Self(0);
    const POLL: Self = Self(1);
    const PUSH: Self = Self(2);
    const IMPORT: Self = Self(4);

    /// The one that is meant by `via`.
    pub(crate) const fn of(via: Via) -> Self {
        match via {
            Via::Poll => Self::POLL,
            Via::Push => Self::PUSH,
            Via::Import => Self::IMPORT,
        }
    }

    /// As three bits.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// Of three bits.
    pub(crate) const fn of_bits(bits: u8) -> Self {
        Self(bits & 0b111)
    }

    /// Whether all of `other` are among them.
    pub(crate) const fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What an arrival by `arrived` is to an event that had come by these.
    pub(crate) fn admission(self, arrived: Self) -> Admission {
        let both = Self::POLL | Self::PUSH;
        if self == Self::NONE || self.holds(arrived) {
            Admission::Repeat
        } else if !self.holds(both) && (self | arrived).holds(both) {
            Admission::Both
        } else {
            Admission::Elsewhere
        }
    }
}

impl BitOr for Channels {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What became of an event that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Nobody had brought it.
    New,
    /// It had come by poll or by push, and comes by the other one for the first time.
    Both,
    /// It had come by another channel, and comes by this one for the first time; one of the two is an import.
    Elsewhere,
    /// This channel had brought it, or it is unknown which one had.
    Repeat,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_by_both_ways_once() {
        use Admission::{Both, Elsewhere, Repeat};
        let (poll, push, import) = (Channels::POLL, Channels::PUSH, Channels::IMPORT);
        for (held, arrived, expected) in [
            (poll, push, Both),
            (push, poll, Both),
            (poll, poll, Repeat),
            (poll | push, poll, Repeat),
            (poll | push, import, Elsewhere),
            (import, poll, Elsewhere),
            (import | poll, push, Both),
            (poll | push | import, push, Repeat),
            (Channels::NONE, push, Repeat),
        ] {
            assert_eq!(held.admission(arrived), expected, "{held:?} {arrived:?}");
        }
    }
}
