//! From host names to addresses: the system's name service, except for `localhost`, which is this machine whatever the
//! name service says, since plain http is sent there. Deliberately absent: caching, which the system does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolves names for the client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names;

/// The name service gave no address.
#[derive(Debug, thiserror::Error)]
#[error("name not resolved")]
pub(crate) struct NoAddress(#[source] std::io::Error);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Addrs = if name.as_str().eq_ignore_ascii_case("localhost") {
                let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
                Box::new(here.into_iter().map(port_unset))
            } else {
                let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(NoAddress)?;
                // Collected, since the iterator borrows the name.
                Box::new(found.collect::<Vec<SocketAddr>>().into_iter())
            };
            Ok(found)
        })
    }
}

/// Port 0 means the usual one or the one that the request's address names.
fn port_unset(ip: IpAddr) -> SocketAddr {
    SocketAddr::new(ip, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn localhost_is_this_machine_and_an_impossible_name_is_nowhere() {
        let resolve = |name: String| Names.resolve(name.parse().expect("a name"));
        let here: Vec<SocketAddr> = resolve("LocalHost".to_owned()).await.expect("here").collect();
        assert!(here.iter().all(|address| address.ip().is_loopback()) && here.len() == 2);
        // Longer than a part of a name may be, so that no name service is asked.
        let Err(nowhere) = resolve(format!("{}.invalid", "a".repeat(70))).await else {
            panic!("an impossible name has an address");
        };
        assert!(nowhere.is::<NoAddress>(), "{nowhere}");
    }
}
