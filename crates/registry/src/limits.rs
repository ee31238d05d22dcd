//! How much there may be of everything, and for how long. Deliberately absent: how often somebody may try to sign in, which
//! `api` counts.

use model::SignedDuration;

/// A session that is not used for so long has ended: a working day with its breaks.
pub const SESSION_IDLE_MAX: SignedDuration = SignedDuration::from_hours(12);
/// A session has ended after so long, however much it is used.
pub const SESSION_LIFE_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Sessions of one person; a further one ends the one that was used the longest time ago.
pub const SESSIONS_OF_PERSON_MAX: u32 = 32;
/// How exactly it is kept when a session or a token was last used: a write is saved for each request in between.
pub(crate) const LAST_USE_STEP: SignedDuration = SignedDuration::from_secs(60);

/// Characters of a password at least.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Bytes of a password at most: enough for any phrase, and hashing it costs nothing beside the rest.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// People at most.
pub const PEOPLE_MAX: u32 = 10_000;
/// API tokens at most.
pub const TOKENS_MAX: u32 = 1_000;
/// Saved queries of one person at most.
pub const QUERIES_OF_PERSON_MAX: u32 = 1_000;
/// Saved dashboards at most.
pub const DASHBOARDS_MAX: u32 = 1_000;
/// Entries of the audit trail that are kept: the newest, some hundred megabytes.
pub const AUDIT_ENTRIES_MAX: u64 = 1_000_000;

/// Connected applications of one kind at most: tenants, destinations.
pub const APPLICATIONS_MAX: u32 = 10_000;
/// Bytes of an application's document at most: several sources with a private key each need some tens of thousands.
pub const APPLICATION_BYTES_MAX: usize = 256 * 1024;
/// Bytes of an application's key at most: the names of a provider and of a tenant, several times.
pub const APPLICATION_KEY_BYTES_MAX: usize = 512;
/// The deepest nesting of an application's document: what people write has four levels, and parsers that recurse need a
/// bound.
pub const APPLICATION_LEVELS_MAX: usize = 64;
