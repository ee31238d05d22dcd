//! Why events were refused for want of room, for as long as that lasts.
//! Deliberately absent: the refusing (`writer`).

use std::fmt;

use crate::limits::DISK_FREE_BYTES_MIN;

/// What there is too little of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// Space on the disk.
    Disk {
        /// Bytes that the last refused batch would have needed.
        wanted_bytes: u64,
    },
    /// The journal's own budget.
    Budget {
        /// Bytes that the last refused batch would have needed.
        wanted_bytes: u64,
        /// The budget.
        bytes_max: u64,
    },
}

impl Full {
    /// Whether it still lasts, with so many bytes free on the disk and so many used by the journal.
    pub(crate) fn lasts(self, free_bytes: u64, used_bytes: u64) -> bool {
        match self {
            Self::Disk { wanted_bytes } => free_bytes < DISK_FREE_BYTES_MIN + wanted_bytes,
            Self::Budget { wanted_bytes, bytes_max } => {
                used_bytes.saturating_add(wanted_bytes) > bytes_max
            }
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Disk { .. } => "make space on the disk; nothing that was acknowledged is lost",
            Self::Budget { .. } => {
                "see in `doorledger status` which destination is behind, or raise `journal.disk_mib_max`; nothing that was \
                 acknowledged is lost"
            }
        }
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk { .. } => {
                let mib = DISK_FREE_BYTES_MIN >> 20;
                write!(f, "events are refused: the disk has less than {mib} MiB left")
            }
            Self::Budget { bytes_max, .. } => {
                let mib = bytes_max >> 20;
                write!(f, "events are refused: the journal's disk budget of {mib} MiB is used up")
            }
        }
    }
}
