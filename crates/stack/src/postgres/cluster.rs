//! The files of a cluster: made once by initdb, configured again at every start of a handle.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use super::{Builder, Postgres, tls};
use crate::process::run;
use crate::{Result, files};

/// The longest folder a socket of ours fits in: its path may have 107 bytes.
const SOCKET_FOLDER_MAX: usize = 90;

pub(super) fn has_socket(home: &Path) -> bool {
    home.as_os_str().len() <= SOCKET_FOLDER_MAX
}

impl Postgres {
    /// Makes the cluster if it is missing, and writes its configuration.
    pub(super) fn initialise(&self, builder: &Builder) -> Result<()> {
        let user = self.user.as_ref();
        if !self.data.join("PG_VERSION").exists() {
            self.initdb(builder.durable)?;
        }
        if builder.ssl && !self.home.path().join("tls/server.crt").exists() {
            tls::make(&self.home.path().join("tls"), user)?;
        }
        let own = self.data.join("stack.conf");
        files::write(&own, &configuration(self, builder), user)?;
        files::write(&self.data.join("postgresql.conf"), "include = 'stack.conf'\n", user)?;
        files::write(&self.data.join("pg_hba.conf"), &access(&builder.hba), user)
    }

    fn initdb(&self, durable: bool) -> Result<()> {
        let mut command = Command::new("setpriv");
        if let Some(user) = &self.user {
            command.args([
                format!("--reuid={}", user.uid),
                format!("--regid={}", user.gid),
                "--init-groups".to_owned(),
            ]);
        }
        command.arg("--").arg(self.bin.join("initdb")).arg("-D").arg(&self.data);
        command.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
        if !durable {
            command.arg("--no-sync");
        }
        run(command.current_dir("/")).map(drop)
    }
}

fn configuration(cluster: &Postgres, builder: &Builder) -> String {
    let port = cluster.port().to_string();
    let home = cluster.home.path();
    let sockets = if has_socket(home) { home.to_string_lossy() } else { "".into() };
    let tls = home.join("tls");
    let (certificate, key) = (tls.join("server.crt"), tls.join("server.key"));
    let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
    let mut lines = vec![
        ("listen_addresses", "127.0.0.1"),
        ("port", &port),
        ("unix_socket_directories", &sockets),
        ("wal_level", "logical"),
        ("max_wal_senders", "20"),
        ("max_replication_slots", "20"),
        ("max_connections", "100"),
        ("max_prepared_transactions", "10"),
        ("shared_buffers", "64MB"),
        ("max_wal_size", "512MB"),
        ("timezone", "UTC"),
        ("log_line_prefix", "%m [%p] %q%u@%d %a "),
        ("password_encryption", "scram-sha-256"),
    ];
    if !builder.durable {
        // A crash of the process keeps what the kernel has; only a crash of the machine would lose it.
        lines.extend([("fsync", "off"), ("full_page_writes", "off")]);
    }
    if builder.ssl {
        lines.extend([("ssl", "on"), ("ssl_cert_file", &*certificate), ("ssl_key_file", &*key)]);
    }
    lines.extend(builder.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    lines.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name} = '{}'", value.replace('\'', "''"));
        text
    })
}

fn access(first: &[String]) -> String {
    let general = ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"];
    let local = ["local all all trust", "local replication all trust"];
    let lines = local.into_iter().chain(first.iter().map(String::as_str)).chain(general);
    lines.fold(String::new(), |text, line| text + line + "\n")
}
