//! What every destination promises, checked for all of `ALL` with arbitrary events. A new kind needs a line in `written`.
//! Deliberately absent: what is particular to one destination; that is tested beside it.

#[cfg(test)]
mod promises;
