//! Certificates of a throw-away CA, so that clients can verify a server fully.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::Tried;
use crate::process::{User, run};
use crate::{Result, files, tools};

const DAYS: &str = "3650";
const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/// Makes `ca.crt`, `server.crt` and `server.key` in `folder`.
pub(super) fn make(folder: &Path, user: Option<&User>) -> Result<()> {
    tools::require(tools::OPENSSL)?;
    fs::create_dir_all(folder).tried(|| format!("make {}", folder.display()))?;
    let names = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";
    fs::write(folder.join("names.cnf"), names)
        .tried(|| "write the names of the certificate".to_owned())?;
    let ca = ["-subj", "/CN=pgrelay stack CA", "-keyout", "ca.key", "-out", "ca.crt"];
    openssl(folder, &[&["req", "-x509", "-days", DAYS], &KEY[..], &ca].concat())?;
    let request = ["-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"];
    openssl(folder, &[&["req"], &KEY[..], &request].concat())?;
    let sign =
        ["x509", "-req", "-days", DAYS, "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key"];
    openssl(
        folder,
        &[&sign[..], &["-CAcreateserial", "-extfile", "names.cnf", "-out", "server.crt"]].concat(),
    )?;
    // PostgreSQL refuses a key that others could read.
    files::own(&folder.join("server.key"), user)
}

fn openssl(folder: &Path, args: &[&str]) -> Result<()> {
    run(Command::new("openssl").args(args).current_dir(folder)).map(drop)
}
