//! TLS as `sslmode` asks for it, one configuration for the ordinary and the replication connection.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use crate::{ServerError, SslMode, Tls};

/// How much of the server's certificate is checked.
#[derive(Debug)]
struct Verifier {
    /// `None` takes any certificate, as `prefer` and `require` do in libpq.
    chain: Option<Arc<WebPkiServerVerifier>>,
    name: bool,
    provider: CryptoProvider,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp, now) {
            // The chain is checked before the name: only the name is wrong, and nobody asked for it.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.name => {}
            Err(other) => return Err(other),
            Ok(_) => {}
        }
        if self.name {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn roots(tls: &Tls) -> Result<RootCertStore, ServerError> {
    let mut store = RootCertStore::empty();
    match &tls.root_cert {
        Some(path) => {
            let wrong = |error: rustls::pki_types::pem::Error| {
                ServerError::Tls(format!("read sslrootcert {}: {error}", path.display()))
            };
            for cert in CertificateDer::pem_file_iter(path).map_err(wrong)? {
                let cert = cert.map_err(wrong)?;
                store.add(cert).map_err(|error| {
                    ServerError::Tls(format!("read {}: {error}", path.display()))
                })?;
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if store.is_empty() {
        return Err(ServerError::Tls(
            "no trusted authority: give sslrootcert=PATH in the URL".to_owned(),
        ));
    }
    Ok(store)
}

/// The configuration for `tls`; `None` where TLS is off.
pub(crate) fn config(tls: &Tls) -> Result<Option<ClientConfig>, ServerError> {
    let provider = ring::default_provider();
    let chain = match tls.mode {
        SslMode::Disable => return Ok(None),
        SslMode::Prefer => None,
        // As in libpq: with an authority of its own, `require` is `verify-ca`.
        SslMode::Require if tls.root_cert.is_none() => None,
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
            let builder = WebPkiServerVerifier::builder_with_provider(
                Arc::new(roots(tls)?),
                Arc::new(provider.clone()),
            );
            Some(builder.build().map_err(|error| ServerError::Tls(error.to_string()))?)
        }
    };
    let verifier =
        Verifier { chain, name: tls.mode == SslMode::VerifyFull, provider: provider.clone() };
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| ServerError::Tls(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let (cert, key) = match (&tls.cert, &tls.key) {
        (Some(cert), Some(key)) => (cert, key),
        (None, None) => return Ok(Some(builder.with_no_client_auth())),
        _ => {
            return Err(ServerError::Tls(
                "sslcert and sslkey belong together, and one of them is missing".to_owned(),
            ));
        }
    };
    let wrong = |error: rustls::pki_types::pem::Error| {
        ServerError::Tls(format!("read the client certificate: {error}"))
    };
    let certs = CertificateDer::pem_file_iter(cert)
        .map_err(wrong)?
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(wrong)?;
    builder
        .with_client_auth_cert(certs, key)
        .map(Some)
        .map_err(|error| ServerError::Tls(error.to_string()))
}
