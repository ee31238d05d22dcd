//! The certificate of a simulator: an authority of its own, made at each start, and a certificate for `localhost` and
//! the loopback addresses under it. Deliberately absent: keeping either of them; a client is given the authority's PEM.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::{Error, Result};

/// What a server needs to speak TLS, and what its clients need to trust it.
pub(crate) struct Identity {
    /// PEM of the authority: clients trust this.
    pub(crate) authority_pem: String,
    /// The server's side.
    pub(crate) server: Arc<ServerConfig>,
}

/// Makes an authority and a server certificate for `localhost`, `127.0.0.1`, `::1` and `names`.
pub(crate) fn issue(names: &[String]) -> Result<Identity> {
    let authority_key = KeyPair::generate().map_err(wrong)?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "doorledger simulator authority");
    let authority_pem = authority.self_signed(&authority_key).map_err(wrong)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let mut subject = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    subject.extend(names.iter().cloned());
    let key = KeyPair::generate().map_err(wrong)?;
    let mut leaf = CertificateParams::new(subject).map_err(wrong)?;
    leaf.distinguished_name.push(DnType::CommonName, "doorledger simulator");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&key, &issuer).map_err(wrong)?;

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .map_err(wrong)?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Identity { authority_pem, server: Arc::new(server) })
}

fn wrong(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Certificate(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_start_has_its_own_authority() {
        let (one, other) = (issue(&[]).unwrap(), issue(&["acme.example".to_owned()]).unwrap());
        assert!(one.authority_pem.starts_with("-----BEGIN CERTIFICATE-----"));
        assert_ne!(one.authority_pem, other.authority_pem);
    }
}
