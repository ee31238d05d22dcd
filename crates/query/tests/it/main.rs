//! The tests of the engine as a whole, in one binary because linking it takes long. Deliberately absent: tests of single
//! functions' inner parts, which stand beside them.

#![expect(clippy::expect_used, reason = "a test may panic on what must not happen")]

mod cases;
mod limits;
mod order;
mod outside;
mod properties;
mod random;
mod reference;
mod support;
mod top_rows;
