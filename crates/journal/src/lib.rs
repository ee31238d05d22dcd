//! The durable log that everything passes through: batches and cursors in, readers with offsets out, on one SQLite file.
//! What `append` has returned for is on disk, once, together with its cursor.
//!
//! Deliberately absent: providers, Delta, HTTP. The journal does not know what an event says.


