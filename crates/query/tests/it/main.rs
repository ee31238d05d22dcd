//! The tests of the engine as a whole, in one binary because linking it takes long. Deliberately absent: tests of single
//! functions' inner parts, which stand beside them.

mod cases;
mod limits;
mod properties;
mod reference;
mod support;
