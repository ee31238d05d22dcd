//! The lake from outside: events in, rows out, with failures between the steps. One binary, so that DataFusion is
//! linked once.

mod crash;
mod damage;
mod housekeeping;
mod journal;
mod nodes;
mod pruning;
mod rows;
mod support;
