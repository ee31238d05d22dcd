//! The limits that more than one crate must agree on, each with its unit in its name. Limits of one crate alone stand
//! in that crate. Deliberately absent: limits that a user may set, which are configuration.

/// The largest single event that is accepted. Real events reach 10 kB (Auth0 `sapi` with its scope list); the rest is
/// head-room for bodies that carry user metadata.
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// The largest request body that a receiver accepts, after decompression as well as before. Auth0 sends some hundred
/// events at most, OneLogin ten.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How much of an unreadable input is kept in a dead letter.
pub const DEAD_LETTER_BYTES_MAX: usize = 256 * 1024;

/// The deepest nesting of an event. Real events have about ten levels; parsers that recurse need a bound.
pub const EVENT_LEVELS_MAX: usize = 128;
