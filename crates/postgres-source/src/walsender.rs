//! The replication connection: start-up, authentication, and the simple commands a walsender answers.
//!
//! Built of `pgwire-replication`'s framing and `postgres-protocol`'s SCRAM. Once `START_REPLICATION` is
//! answered the stream passes to the [`feed`](crate::feed), which frames it without copying.
//!
//! <https://www.postgresql.org/docs/current/protocol-replication.html>

use cdc::Lsn;
use pgwire_replication::protocol::framing::{
    BackendMessage, read_backend_message, write_password_message, write_query,
    write_startup_message,
};
use pgwire_replication::protocol::messages::{ErrorFields, auth, parse_auth_request};
use postgres_client::{ANSWER_TIMEOUT, NO_TIMEOUTS, Server, ServerError, Stream, answered};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};

/// Protocol version 3.0.
const PROTOCOL: i32 = 196_608;

/// Text output that reads back without loss; time-outs that would end an idle walsender are off.
const SETTINGS: [(&str, &str); 7] = [
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO"),
    ("TimeZone", "UTC"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("replication", "database"),
];

/// What else changes how values are printed. A pooler that lets a walsender through may refuse these in a startup
/// message.
const PRINTED: &str = "SELECT pg_catalog.set_config('search_path', '', false), pg_catalog.set_config('lc_monetary', 'C', false)";

/// A row of a simple query's answer.
pub(crate) type TextRow = Vec<Option<String>>;

/// What `IDENTIFY_SYSTEM` says.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) identifier: String,
    pub(crate) timeline: Option<u32>,
    pub(crate) wal_end: Lsn,
}

/// A connection in replication mode, before it streams.
#[derive(Debug)]
pub(crate) struct Walsender {
    stream: Stream,
}

fn protocol(error: impl std::fmt::Display) -> ServerError {
    ServerError::Protocol(error.to_string())
}

fn wire(error: pgwire_replication::PgWireError) -> ServerError {
    match error {
        pgwire_replication::PgWireError::Io(io) => {
            ServerError::Io(std::io::Error::new(io.kind(), io.to_string()))
        }
        other => protocol(other),
    }
}

/// The error an `ErrorResponse` says.
pub(crate) fn response_error(payload: &[u8]) -> ServerError {
    let fields = ErrorFields::parse(payload);
    let text = |field: Option<String>| field.unwrap_or_default();
    ServerError::from_fields(&text(fields.code), &text(fields.message), &text(fields.hint))
}

impl Walsender {
    /// Connects, authenticates, and waits until the server is ready.
    pub(crate) async fn connect(
        server: &Server,
        application_name: &str,
    ) -> Result<Self, ServerError> {
        answered(ANSWER_TIMEOUT, Self::connect_untimed(server, application_name)).await
    }

    async fn connect_untimed(server: &Server, application_name: &str) -> Result<Self, ServerError> {
        let mut stream = server.open().await?;
        let mut parameters = vec![
            ("user", server.user.as_str()),
            ("database", server.database.as_str()),
            ("application_name", application_name),
        ];
        parameters.extend(SETTINGS);
        if let Some(options) = &server.options {
            parameters.push(("options", options));
        }
        write_startup_message(&mut stream, PROTOCOL, &parameters).await.map_err(wire)?;
        let mut walsender = Self { stream };
        walsender.authenticate(server).await?;
        loop {
            if walsender.read().await?.is_ready_for_query() {
                break;
            }
        }
        // Statements may wait for long, and the session idles for long, in a transaction, while its snapshot is copied.
        walsender.query(NO_TIMEOUTS).await?;
        walsender.query(PRINTED).await?;
        Ok(walsender)
    }

    /// Which server this is and where its WAL ends.
    pub(crate) async fn identify(&mut self) -> Result<System, ServerError> {
        let row = self.query("IDENTIFY_SYSTEM").await?.into_iter().next().unwrap_or_default();
        let cell = |i: usize| row.get(i).and_then(Option::as_deref).unwrap_or_default();
        Ok(System {
            identifier: cell(0).to_owned(),
            timeline: cell(1).parse().ok(),
            wal_end: cell(2).parse().unwrap_or(Lsn::ZERO),
        })
    }

    /// The next message; an error response is an error.
    async fn read(&mut self) -> Result<BackendMessage, ServerError> {
        loop {
            let message = read_backend_message(&mut self.stream).await.map_err(wire)?;
            match message.tag {
                b'E' => return Err(response_error(&message.payload)),
                // Notices, parameters and notifications say nothing that is needed here.
                b'N' | b'S' | b'A' => {}
                _ => return Ok(message),
            }
        }
    }

    async fn authenticate(&mut self, server: &Server) -> Result<(), ServerError> {
        let password = || {
            let secret = server.password.as_ref().map(postgres_client::Secret::reveal);
            secret.ok_or_else(|| {
                ServerError::from_fields(
                    "28P01",
                    "the server asks for a password and none is given",
                    "",
                )
            })
        };
        loop {
            let message = self.read().await?;
            if !message.is_auth_request() {
                return Err(protocol("expected an authentication request"));
            }
            let (kind, data) = parse_auth_request(&message.payload).map_err(wire)?;
            match kind {
                auth::OK => return Ok(()),
                auth::CLEARTEXT_PASSWORD => self.send_password(password()?.as_bytes()).await?,
                auth::MD5_PASSWORD => {
                    let salt = data
                        .get(..4)
                        .and_then(|salt| salt.try_into().ok())
                        .ok_or_else(|| protocol("md5 salt"))?;
                    let hash = md5_hash(server.user.as_bytes(), password()?.as_bytes(), salt);
                    self.send_password(hash.as_bytes()).await?;
                }
                auth::SASL => self.scram(password()?.as_bytes()).await?,
                other => {
                    return Err(protocol(format!(
                        "the server asks for authentication method {other}, which is not supported"
                    )));
                }
            }
        }
    }

    async fn send_password(&mut self, password: &[u8]) -> Result<(), ServerError> {
        let payload = [password, b"\0"].concat();
        write_password_message(&mut self.stream, &payload).await.map_err(wire)
    }

    async fn scram(&mut self, password: &[u8]) -> Result<(), ServerError> {
        let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
        let mut initial = b"SCRAM-SHA-256\0".to_vec();
        initial.extend(u32::try_from(scram.message().len()).unwrap_or(u32::MAX).to_be_bytes());
        initial.extend(scram.message());
        write_password_message(&mut self.stream, &initial).await.map_err(wire)?;
        scram.update(&self.sasl_data(auth::SASL_CONTINUE).await?)?;
        write_password_message(&mut self.stream, scram.message()).await.map_err(wire)?;
        let last = self.sasl_data(auth::SASL_FINAL).await?;
        scram.finish(&last).map_err(protocol)
    }

    async fn sasl_data(&mut self, wanted: i32) -> Result<Vec<u8>, ServerError> {
        let message = self.read().await?;
        let (kind, data) = parse_auth_request(&message.payload).map_err(wire)?;
        if kind == wanted { Ok(data.to_vec()) } else { Err(protocol("unexpected step of SCRAM")) }
    }

    /// Runs one command and returns its rows as text.
    pub(crate) async fn query(&mut self, command: &str) -> Result<Vec<TextRow>, ServerError> {
        write_query(&mut self.stream, command).await.map_err(wire)?;
        let (mut rows, mut failure) = (Vec::new(), None);
        loop {
            match self.read().await {
                Ok(message) if message.is_ready_for_query() => break,
                Ok(message) if message.tag == b'D' => {
                    rows.push(data_row(&message.payload).ok_or_else(|| protocol("data row"))?)
                }
                Ok(_) => {}
                // The server is ready again after its error; only a broken stream ends here.
                Err(error @ ServerError::Server(_)) if error.code() != Some("57P01") => {
                    failure = Some(error)
                }
                Err(error) => return Err(error),
            }
        }
        failure.map_or(Ok(rows), Err)
    }

    /// Starts to stream, and gives the stream away.
    pub(crate) async fn start_replication(mut self, command: &str) -> Result<Stream, ServerError> {
        write_query(&mut self.stream, command).await.map_err(wire)?;
        let message = self.read().await?;
        if message.is_copy_both_response() {
            Ok(self.stream)
        } else {
            Err(protocol("expected CopyBothResponse"))
        }
    }
}

fn data_row(payload: &[u8]) -> Option<TextRow> {
    let (count, mut rest) = payload.split_first_chunk::<2>()?;
    let mut row = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (len, tail) = rest.split_first_chunk::<4>()?;
        match i32::from_be_bytes(*len) {
            -1 => {
                row.push(None);
                rest = tail;
            }
            len => {
                let (text, tail) = tail.split_at_checked(usize::try_from(len).ok()?)?;
                row.push(Some(String::from_utf8_lossy(text).into_owned()));
                rest = tail;
            }
        }
    }
    Some(row)
}
