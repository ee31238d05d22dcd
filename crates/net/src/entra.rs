//! Who we are to Microsoft Entra: the three ways to a bearer token that a program has there.
//! Deliberately absent: fetching and caching the token (`token`).

use model::Secret;

/// How to obtain a token, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntraCredential {
    /// `https://login.microsoftonline.com` or a sovereign cloud's, without a trailing slash.
    pub authority: String,
    /// What the token is for: `https://monitor.azure.com`.
    pub audience: String,
    /// Which way.
    pub identity: EntraIdentity,
}

/// The ways to a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntraIdentity {
    /// An app registration with a client secret.
    ClientSecret {
        /// Directory (tenant) id.
        tenant_id: String,
        /// Application (client) id.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
    },
    /// The identity of the machine, container app or function that we run in.
    Managed {
        /// Client id of a user-assigned identity; `None` for the system-assigned one.
        client_id: Option<String>,
    },
    /// A federated token file that Kubernetes (or another issuer) keeps fresh.
    Workload {
        /// Directory (tenant) id.
        tenant_id: String,
        /// Application (client) id.
        client_id: String,
        /// The file; read anew for each token.
        token_file: std::path::PathBuf,
    },
}
