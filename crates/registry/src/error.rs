//! What goes wrong at a registry, what the program does about it, and what the person is told.

use std::path::PathBuf;

use cdc::{Fault, Finding, Remedy};

/// An error of a registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// It does not answer, or says that it cannot now; it may yet.
    #[error("{doing}: {reason}")]
    Unavailable {
        /// Its URL.
        url: String,
        /// What was tried.
        doing: String,
        /// What came of it.
        reason: String,
    },
    /// Its certificate is not believed.
    #[error("TLS: {reason}")]
    Tls {
        /// Its URL.
        url: String,
        /// Why not.
        reason: String,
    },
    /// It wants another user or password, or gives this one no right.
    #[error("{doing}: the registry answers {status}")]
    NotAuthorized {
        /// Its URL.
        url: String,
        /// What was tried.
        doing: String,
        /// The answer's status.
        status: u16,
    },
    /// A schema breaks the compatibility that the subject promises.
    #[error("the schema is not compatible with the subject's: {reason}")]
    Incompatible {
        /// Its URL.
        url: String,
        /// The subject.
        subject: String,
        /// What the registry says of it: the field that breaks it.
        reason: String,
    },
    /// The subject, or the schema in it, is not there, and may not be registered.
    #[error("the schema is not registered: {reason}")]
    NotRegistered {
        /// Its URL.
        url: String,
        /// The subject.
        subject: String,
        /// What the registry says.
        reason: String,
    },
    /// There is no schema of this id.
    #[error("the registry has no schema of id {id}")]
    NoSuchId {
        /// Its URL.
        url: String,
        /// The id.
        id: u32,
    },
    /// It refuses for another reason, or answers what is none of this interface.
    #[error("{doing}: {reason}")]
    Refused {
        /// Its URL.
        url: String,
        /// What was tried.
        doing: String,
        /// What it says.
        reason: String,
    },
    /// The URL cannot be used.
    #[error("the registry's URL: {reason}")]
    Url {
        /// Why not. The URL may hold a secret.
        reason: &'static str,
    },
    /// The file of certificates cannot be used.
    #[error("ca_file {}: {reason}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl Fault for RegistryError {
    fn remedy(&self) -> Remedy {
        match self {
            RegistryError::Unavailable { .. } => Remedy::Retry,
            _ => Remedy::Halt,
        }
    }

    fn finding(&self) -> Finding {
        let outside = |code, url: &str| {
            Finding::outside(code, format!("schema registry {url}"), self.to_string())
        };
        let of_subject = |code, url: &str, subject: &str| {
            Finding::outside(
                code,
                format!("schema registry {url}, subject {subject}"),
                self.to_string(),
            )
        };
        match self {
            RegistryError::Unavailable { url, .. } => outside("registry_unreachable", url)
                .remedy("Start the registry, or name a reachable one: url under kafka: schema_registry.")
                .run(format!("curl {url}/subjects")),
            RegistryError::Tls { url, .. } => outside("registry_tls", url)
                .remedy("Name the certificates that signed the registry's: ca_file under kafka: schema_registry."),
            RegistryError::NotAuthorized { url, .. } => outside("registry_not_authorized", url)
                .remedy("Check user and password under kafka: schema_registry, and give the user the right to read and register schemas."),
            RegistryError::Incompatible { url, subject, .. } => {
                of_subject("registry_incompatible", url, subject)
                    .remedy("Undo the change of the table, or make it one that the subject's compatibility allows: a new column that may be null, for one. Or let the subject take any schema, and see that every reader of the topic can do with it.")
                    .run(format!("curl -X PUT -H 'Content-Type: application/json' -d '{{\"compatibility\":\"NONE\"}}' {url}/config/{}", crate::client::segment(subject)))
            }
            RegistryError::NotRegistered { url, subject, .. } => {
                of_subject("registry_not_registered", url, subject)
                    .remedy("Register the schema, or write `auto_register: true` under kafka: schema_registry.")
            }
            RegistryError::NoSuchId { url, .. } => outside("registry_id_unknown", url)
                .remedy("The registry lost its schemas, or is another one than the records were written with: name that one, or restore it."),
            RegistryError::Refused { url, .. } => outside("registry_refused", url)
                .remedy("See what the registry says, and whether the URL is that of Confluent's interface: Apicurio has it below /apis/ccompat/v7."),
            RegistryError::Url { .. } => {
                Finding::usage("registry_url", "kafka: schema_registry: url", self.to_string())
                    .remedy("Write http://host:port or https://host:port, with the path of Confluent's interface where it has one; user and password have keys of their own.")
            }
            RegistryError::CaFile { .. } => {
                Finding::usage("registry_ca_file", "kafka: schema_registry: ca_file", self.to_string())
                    .remedy("Name a file of certificates in PEM that may be read.")
            }
        }
    }
}
