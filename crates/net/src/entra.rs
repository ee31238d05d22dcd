//! Who we are to Microsoft Entra: the three ways to a bearer token that a program has there, and the clouds in which
//! they lead to different hosts. Deliberately absent: fetching and caching the token (`token`).

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

/// One of Microsoft's separate clouds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cloud {
    /// The one that nearly everybody uses.
    #[default]
    Public,
    /// Azure Government (United States).
    UsGov,
    /// Azure operated by 21Vianet (China).
    China,
}

impl Cloud {
    /// The clouds by the names that configurations use.
    pub const NAMES: [(&'static str, Self); 3] =
        [("public", Self::Public), ("usgov", Self::UsGov), ("china", Self::China)];

    /// Where tokens are issued.
    #[must_use]
    pub const fn authority(self) -> &'static str {
        match self {
            Self::Public => "https://login.microsoftonline.com",
            Self::UsGov => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }

    /// The audience of tokens for Azure Monitor.
    #[must_use]
    pub const fn monitor_audience(self) -> &'static str {
        match self {
            Self::Public => "https://monitor.azure.com",
            Self::UsGov => "https://monitor.azure.us",
            Self::China => "https://monitor.azure.cn",
        }
    }

    /// Where the tables of a Log Analytics workspace are asked.
    #[must_use]
    pub const fn logs_query_endpoint(self) -> &'static str {
        match self {
            Self::Public => "https://api.loganalytics.azure.com",
            Self::UsGov => "https://api.loganalytics.us",
            Self::China => "https://api.loganalytics.azure.cn",
        }
    }

    /// The audience of tokens for asking them. The public cloud's is not its endpoint.
    #[must_use]
    pub const fn logs_query_audience(self) -> &'static str {
        match self {
            Self::Public => "https://api.loganalytics.io",
            Self::UsGov | Self::China => self.logs_query_endpoint(),
        }
    }

    /// The domain of the HTTP Data Collector API; the workspace id stands before it.
    #[must_use]
    pub const fn data_collector_domain(self) -> &'static str {
        match self {
            Self::Public => "ods.opinsights.azure.com",
            Self::UsGov => "ods.opinsights.azure.us",
            Self::China => "ods.opinsights.azure.cn",
        }
    }

    /// The domain of Key Vaults, which with `https://` is also the audience of their tokens.
    #[must_use]
    pub const fn vault_domain(self) -> &'static str {
        match self {
            Self::Public => "vault.azure.net",
            Self::UsGov => "vault.usgovcloudapi.net",
            Self::China => "vault.azure.cn",
        }
    }
}
