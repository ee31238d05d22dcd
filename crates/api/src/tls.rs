//! The server's certificate. TLS 1.2 and 1.3 with rustls' defaults, HTTP/1.1 only.
//! Deliberately absent: obtaining certificates, and clients' certificates.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Where the certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// PEM file: the server's certificate first, then those that signed it.
    pub certificate_pem: PathBuf,
    /// PEM file: the private key (PKCS#8, PKCS#1 or SEC1).
    pub key_pem: PathBuf,
}

/// A certificate that was read and fits its key. Cheap to clone; clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    config: TlsConfig,
    current: Arc<Current>,
    pub(crate) acceptor: TlsAcceptor,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file is missing, is no PEM, or does not fit the other one.
    pub fn read(config: &TlsConfig) -> Result<Self, TlsError> {
        let current = Arc::new(Current(RwLock::new(Arc::new(certified_key(config)?))));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| mismatch(config, source))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Current>::clone(&current));
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: config.clone(), current, acceptor: TlsAcceptor::from(Arc::new(server)) })
    }

    /// Reads the files again, since certificates are renewed under running servers. Connections from now on get the new
    /// certificate.
    ///
    /// # Errors
    /// As [`Tls::read`]; the certificate in use stays in use.
    pub fn renew(&self) -> Result<(), TlsError> {
        let renewed = Arc::new(certified_key(&self.config)?);
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The certificate that new connections get.
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

/// Reads certificate and key, and makes sure that they belong together.
fn certified_key(config: &TlsConfig) -> Result<CertifiedKey, TlsError> {
    let unreadable = |path: &Path, source| TlsError::Unreadable { path: path.to_owned(), source };
    let path = &config.certificate_pem;
    let chain = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| unreadable(path, source))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate { path: path.clone() });
    }
    let key = PrivateKeyDer::from_pem_file(&config.key_pem)
        .map_err(|source| unreadable(&config.key_pem, source))?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .map_err(|source| mismatch(config, source))
}

fn mismatch(config: &TlsConfig, source: rustls::Error) -> TlsError {
    TlsError::Mismatch { path: config.certificate_pem.clone(), source }
}

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or what was sought is not in it.
    #[error("cannot read `{path}` as PEM")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls_pki_types::pem::Error,
    },
    /// The certificate file is PEM, but without a certificate.
    #[error("`{path}` holds no certificate")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key do not belong together, or are of a kind that is not supported.
    #[error("the certificate in `{path}` cannot be served with this key")]
    Mismatch {
        /// The certificate's file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}
