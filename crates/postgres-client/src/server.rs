//! Where a server is and as whom to speak to it: a connection URI as libpq reads it.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::Secret;

/// How a host is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// By TCP, under this name or address.
    Tcp(String),
    /// By the Unix socket in this folder.
    Unix(PathBuf),
}

/// libpq's `sslmode`.
///
/// <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// TLS where the server offers it, unverified. The default.
    Prefer,
    /// TLS, unverified.
    Require,
    /// TLS with a certificate of a trusted authority.
    VerifyCa,
    /// The same, issued for this host.
    VerifyFull,
}

/// The TLS settings of a URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// `sslmode`.
    pub mode: SslMode,
    /// `sslrootcert`: the authorities to trust; the system's where absent.
    pub root_cert: Option<PathBuf>,
    /// `sslcert`: the client's certificate.
    pub cert: Option<PathBuf>,
    /// `sslkey`: its key.
    pub key: Option<PathBuf>,
}

/// A server, a database in it, and a role.
#[derive(Clone, Debug)]
pub struct Server {
    /// The server.
    pub host: Host,
    /// Its port.
    pub port: u16,
    /// The role.
    pub user: String,
    /// The database.
    pub database: String,
    /// The role's password.
    pub password: Option<Secret>,
    /// TLS.
    pub tls: Tls,
    /// Further server settings (`options=-c …`).
    pub options: Option<String>,
}

/// A URI that cannot be used. Never holds the URI itself, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a PostgreSQL URI.
    #[error("expected postgresql://role@host:port/database")]
    Shape,
    /// A part that is missing.
    #[error("the {0} is missing: expected postgresql://role@host:port/database")]
    Missing(&'static str),
    /// A password inside.
    #[error(
        "a password inside the URL: give it as `password: {{ env: NAME }}` or `password: {{ file: PATH }}`"
    )]
    Password,
    /// A port that is not a number.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// A parameter that is not known.
    #[error(
        "unknown parameter `{0}`: known are host, port, dbname, user, sslmode, sslrootcert, sslcert, sslkey, options"
    )]
    Parameter(String),
    /// An `sslmode` that is not known.
    #[error("unknown sslmode: known are disable, prefer, require, verify-ca, verify-full")]
    SslMode,
}

fn decoded(text: &str) -> Result<String, AddressError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| AddressError::Shape)
}

fn host_of(text: &str) -> Host {
    if text.starts_with('/') {
        Host::Unix(text.into())
    } else {
        Host::Tcp(text.trim_matches(['[', ']']).to_owned())
    }
}

fn ssl_mode(text: &str) -> Result<SslMode, AddressError> {
    Ok(match text {
        "disable" => SslMode::Disable,
        "allow" | "prefer" => SslMode::Prefer,
        "require" => SslMode::Require,
        "verify-ca" => SslMode::VerifyCa,
        "verify-full" => SslMode::VerifyFull,
        _ => return Err(AddressError::SslMode),
    })
}

/// The parts as they are read, before what is missing is known.
#[derive(Default)]
struct Parts {
    host: Option<String>,
    port: Option<String>,
    user: Option<String>,
    database: Option<String>,
    mode: Option<SslMode>,
    files: [Option<PathBuf>; 3],
    options: Option<String>,
}

impl Parts {
    fn authority(&mut self, text: &str) -> Result<(), AddressError> {
        let address = match text.rsplit_once('@') {
            None => text,
            Some((user, _)) if user.contains(':') => return Err(AddressError::Password),
            Some((user, address)) => {
                self.user = Some(decoded(user)?);
                address
            }
        };
        // The colon of a port stands after the bracket of an IPv6 address.
        let colon =
            address.rfind(':').filter(|at| address.rfind(']').is_none_or(|bracket| bracket < *at));
        let (host, port) =
            colon.map_or((address, None), |at| (&address[..at], Some(&address[at + 1..])));
        if !host.is_empty() {
            self.host = Some(decoded(host)?);
        }
        self.port = port.map(str::to_owned);
        Ok(())
    }

    fn parameter(&mut self, name: &str, value: String) -> Result<(), AddressError> {
        match name {
            "host" => self.host = Some(value),
            "port" => self.port = Some(value),
            "user" => self.user = Some(value),
            "dbname" => self.database = Some(value),
            "sslmode" => self.mode = Some(ssl_mode(&value)?),
            "sslrootcert" if value == "system" => self.files[0] = None,
            "sslrootcert" => self.files[0] = Some(value.into()),
            "sslcert" => self.files[1] = Some(value.into()),
            "sslkey" => self.files[2] = Some(value.into()),
            "options" => self.options = Some(value),
            "password" => return Err(AddressError::Password),
            other => return Err(AddressError::Parameter(other.to_owned())),
        }
        Ok(())
    }
}

impl Server {
    /// Reads a URI. A password in it is refused.
    ///
    /// # Errors
    /// Where a part is missing, unknown, or a secret.
    pub fn parse(uri: &str) -> Result<Self, AddressError> {
        let rest = uri.strip_prefix("postgresql://").or_else(|| uri.strip_prefix("postgres://"));
        let rest = rest.ok_or(AddressError::Shape)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let mut parts = Parts::default();
        parts.authority(authority)?;
        if !database.is_empty() {
            parts.database = Some(decoded(database)?);
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(AddressError::Shape)?;
            parts.parameter(&decoded(name)?, decoded(value)?)?;
        }
        let port = match parts.port.as_deref() {
            None | Some("") => 5432,
            Some(text) => text.parse().ok().filter(|port| *port > 0).ok_or(AddressError::Port)?,
        };
        let [root_cert, cert, key] = parts.files;
        Ok(Self {
            host: host_of(&parts.host.ok_or(AddressError::Missing("host"))?),
            port,
            user: parts.user.ok_or(AddressError::Missing("role"))?,
            database: parts.database.ok_or(AddressError::Missing("database"))?,
            password: None,
            tls: Tls { mode: parts.mode.unwrap_or(SslMode::Prefer), root_cert, cert, key },
            options: parts.options,
        })
    }

    /// The same with a password.
    #[must_use]
    pub fn with_password(mut self, password: Option<Secret>) -> Self {
        self.password = password;
        self
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Tcp(host) if host.contains(':') => {
                write!(f, "[{host}]:{}/{}", self.port, self.database)
            }
            Host::Tcp(host) => write!(f, "{host}:{}/{}", self.port, self.database),
            Host::Unix(folder) => write!(f, "{}:{}/{}", folder.display(), self.port, self.database),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_read_as_libpq_reads_it() {
        let server = Server::parse(
            "postgresql://us%40er@db.example:5433/shop?sslmode=verify-full&sslrootcert=/ca.pem",
        )
        .unwrap();
        assert_eq!(
            (server.user.as_str(), server.port, server.tls.mode),
            ("us@er", 5433, SslMode::VerifyFull)
        );
        assert_eq!(server.to_string(), "db.example:5433/shop");
        let socket = Server::parse("postgres://u@/shop?host=/run/postgresql").unwrap();
        assert_eq!(socket.host, Host::Unix("/run/postgresql".into()));
        let socket = Server::parse("postgres://u@%2Frun%2Fpostgresql:6000/shop").unwrap();
        assert_eq!((socket.host, socket.port), (Host::Unix("/run/postgresql".into()), 6000));
        let v6 = Server::parse("postgres://u@[::1]:6000/shop").unwrap();
        assert_eq!((v6.host, v6.port), (Host::Tcp("::1".into()), 6000));
    }

    #[test]
    fn a_password_in_a_uri_is_refused_and_not_repeated() {
        for uri in ["postgresql://u:hunter2@h/d", "postgresql://u@h/d?password=hunter2"] {
            let error = Server::parse(uri).unwrap_err();
            assert_eq!(error, AddressError::Password);
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        assert_eq!(Server::parse("mysql://h/d").unwrap_err(), AddressError::Shape);
        assert_eq!(Server::parse("postgres://h/d").unwrap_err(), AddressError::Missing("role"));
        assert_eq!(Server::parse("postgres://u@h").unwrap_err(), AddressError::Missing("database"));
        assert_eq!(Server::parse("postgres://u@h:0/d").unwrap_err(), AddressError::Port);
        assert!(matches!(
            Server::parse("postgres://u@h/d?x=1").unwrap_err(),
            AddressError::Parameter(_)
        ));
    }
}
