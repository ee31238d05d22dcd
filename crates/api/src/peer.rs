//! What is known of the way on which a request came: the listener's reach, whether the connection is encrypted, and from
//! which address.
//! Deliberately absent: who asks (`access`).

use std::net::IpAddr;

use http::HeaderMap;

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
    /// The other end of the connection, if it is known.
    pub address: Option<IpAddr>,
}

impl Peer {
    /// Whether credentials and events may travel on this way: nobody on the network can read along.
    #[must_use]
    pub const fn is_private(self) -> bool {
        self.tls || !matches!(self.reach, Reach::Public)
    }

    /// Whether a browser at the other end speaks TLS, with us or with the proxy.
    pub(crate) const fn is_secure(self) -> bool {
        self.tls || matches!(self.reach, Reach::Proxied)
    }

    /// From which address the request was sent. A declared proxy tells it; what stands before its own word in the header
    /// may be anybody's invention.
    pub(crate) fn sender(self, headers: &HeaderMap) -> Option<IpAddr> {
        if self.reach != Reach::Proxied {
            return self.address;
        }
        let told = headers.get_all("x-forwarded-for").iter().next_back();
        let last = told.and_then(|value| value.to_str().ok()?.rsplit(',').next());
        last.and_then(|text| text.trim().parse().ok()).or(self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_is_believed_and_only_its_own_word() {
        let address = Some("192.0.2.1".parse().unwrap());
        let proxied = Peer { reach: Reach::Proxied, tls: false, address };
        let public = Peer { reach: Reach::Public, ..proxied };
        for (written, expected) in [
            ("198.51.100.7", "198.51.100.7"),
            ("10.0.0.1, 198.51.100.7", "198.51.100.7"),
            ("nonsense", "192.0.2.1"),
            ("", "192.0.2.1"),
        ] {
            let headers = [("x-forwarded-for".parse().unwrap(), written.parse().unwrap())];
            let headers = HeaderMap::from_iter(headers);
            assert_eq!(proxied.sender(&headers).unwrap().to_string(), expected, "{written}");
            assert_eq!(public.sender(&headers), address);
        }
    }
}
