//! Answers that a registry for tests does not give: of a server that knows users, is ill, or is none at all; over TLS.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use cdc::{Fault, Remedy};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use schema_registry::{Registry, RegistryError, Settings};

/// Reads one request and answers it; the request's head comes back.
fn serve(stream: &mut (impl Read + Write), status: u16, body: &str) -> String {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let _ = reader.read_exact(&mut vec![0; length]);
    let stream = reader.into_inner();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.flush();
    head
}

fn one_answer(status: u16, body: &'static str) -> (SocketAddr, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, thread::spawn(move || serve(&mut listener.accept().unwrap().0, status, body)))
}

fn ask(status: u16, body: &'static str) -> (Result<u32, RegistryError>, String) {
    let (address, server) = one_answer(status, body);
    let settings = Settings {
        url: format!("http://{address}/base"),
        user: Some("me".to_owned()),
        password: Some("open sesame".to_owned()),
        ca_file: None,
    };
    let answer = Registry::new(&settings).unwrap().id("s", "\"int\"", true);
    (answer, server.join().unwrap())
}

#[test]
fn user_and_password_are_sent_and_never_told() {
    let (answer, head) = ask(200, r#"{"id":7}"#);
    assert_eq!(answer.unwrap(), 7);
    assert!(head.starts_with("POST /base/subjects/s/versions "), "{head}");
    assert!(head.contains("Basic bWU6b3BlbiBzZXNhbWU="), "{head}");
    let (answer, _) = ask(401, r#"{"error_code":401,"message":"no"}"#);
    let finding = answer.unwrap_err().finding();
    assert_eq!(finding.code, "registry_not_authorized");
    assert!(!finding.to_string().contains("sesame"));
}

#[test]
fn what_may_heal_is_tried_again() {
    let (answer, _) = ask(503, "<html>");
    assert_eq!(answer.unwrap_err().remedy(), Remedy::Retry);
    let (answer, _) = ask(200, "<html>");
    assert_eq!(answer.unwrap_err().finding().code, "registry_refused");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = Settings { url: format!("http://{nobody}"), ..Settings::default() };
    let error = Registry::new(&settings).unwrap().try_it().unwrap_err();
    assert_eq!((error.finding().code, error.remedy()), ("registry_unreachable", Remedy::Retry));
}

fn openssl(folder: &Path, args: &str) {
    stack::tools::require(stack::tools::OPENSSL).unwrap();
    let output =
        Command::new("openssl").args(args.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Answers each connection over TLS with a certificate of its own CA.
fn tls_server(folder: &Path) -> SocketAddr {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(folder, &format!("req -x509 -days 2 {key} -subj /CN=ca -keyout ca.key -out ca.crt"));
    openssl(folder, &format!("req {key} -subj /CN=localhost -keyout s.key -out s.csr"));
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").unwrap();
    openssl(
        folder,
        "x509 -req -days 2 -in s.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile names -out s.crt",
    );
    let certificates = vec![CertificateDer::from_pem_file(folder.join("s.crt")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(folder.join("s.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth().with_single_cert(certificates, key).unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            serve(&mut stream, 200, "[]");
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    address
}

#[test]
fn a_registry_over_tls_is_believed_by_its_ca_alone() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("https://{}", tls_server(folder.path()));
    let believing = |ca_file| {
        let settings = Settings { url: url.clone(), ca_file, ..Settings::default() };
        Registry::new(&settings).and_then(|registry| registry.try_it())
    };
    believing(Some(folder.path().join("ca.crt"))).unwrap();
    let error = believing(None).unwrap_err();
    assert_eq!((error.finding().code, error.remedy()), ("registry_tls", Remedy::Halt), "{error}");
    for (file, content) in
        [("none.pem", "nothing"), ("broken.pem", "-----BEGIN CERTIFICATE-----\n!")]
    {
        std::fs::write(folder.path().join(file), content).unwrap();
        let error = believing(Some(folder.path().join(file))).unwrap_err();
        assert_eq!(error.finding().code, "registry_ca_file", "{error}");
    }
    let error = believing(Some(folder.path().join("absent.pem"))).unwrap_err();
    assert_eq!(error.finding().code, "registry_ca_file");
}
