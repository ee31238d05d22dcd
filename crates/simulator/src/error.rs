//! Why a simulator could not be started or asked. Deliberately absent: the errors that a simulated service answers
//! with over HTTP, which are part of its imitation and stand beside it.

use std::io;
use std::net::SocketAddr;

/// Why a simulator could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The port is taken, or may not be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where it should have listened.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The certificate of the simulator could not be made.
    #[error("cannot make a certificate")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An option has a value that makes no sense.
    #[error("option `{option}` is wrong: {reason}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The client that pushes events to a webhook could not be built.
    #[error("cannot prepare the client that pushes events")]
    Client(#[source] reqwest::Error),
}

/// What a simulator's start ends in.
pub type Result<T, E = Error> = std::result::Result<T, E>;
