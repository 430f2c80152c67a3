//! Whose certificates are believed: those of a file, or those of the system.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider};

use crate::RegistryError;

/// What TLS does with these certificates.
pub(crate) fn config(ca_file: Option<&Path>) -> Result<TlsConfig, RegistryError> {
    let roots = match ca_file {
        Some(path) => of_file(path)?,
        // What of the system's cannot be read is not believed.
        None => rustls_native_certs::load_native_certs()
            .certs
            .iter()
            .map(|cert| Certificate::from_der(cert.as_ref()).to_owned())
            .collect(),
    };
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .build())
}

fn of_file(path: &Path) -> Result<Vec<Certificate<'static>>, RegistryError> {
    let wrong = |reason: String| RegistryError::CaFile { path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in ureq::tls::parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(_) => return Err(wrong("it is not PEM".to_owned())),
        }
    }
    if certificates.is_empty() {
        return Err(wrong("it has no certificate".to_owned()));
    }
    Ok(certificates)
}
