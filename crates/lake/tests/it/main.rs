//! The lake from outside: events in, rows out, with failures between the steps. One binary, so that DataFusion is
//! linked once.

#[cfg(test)]
mod chain;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod housekeeping;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod pruning;
#[cfg(test)]
mod repair;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod support;
