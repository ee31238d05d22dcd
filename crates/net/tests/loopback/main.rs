//! The client, the tokens and the secrets against servers on this machine: what only shows on a real connection.
//! Deliberately absent: what can be tested without one; that stands beside the code.

#[cfg(test)]
mod client;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tokens;
