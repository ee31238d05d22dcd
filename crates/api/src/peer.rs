//! What is known of the way on which a request came: the listener's reach and whether the connection is encrypted.
//! Deliberately absent: who asks, which the tokens tell (`access`).

/// From where a listener can be reached. Decides what is asked of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// From this machine only.
    Local,
    /// Through a reverse proxy that the operator declared; it speaks TLS with the world.
    Proxied,
    /// From the network.
    Public,
}

/// The way on which a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The listener's reach.
    pub reach: Reach,
    /// Whether this connection is encrypted by us.
    pub tls: bool,
}

impl Peer {
    /// Whether credentials and events may travel on this way: nobody on the network can read along.
    #[must_use]
    pub const fn is_private(self) -> bool {
        self.tls || !matches!(self.reach, Reach::Public)
    }
}
