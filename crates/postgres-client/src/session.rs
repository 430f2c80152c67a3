//! An ordinary session: tokio-postgres over our address and TLS, with the settings every statement of ours needs.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use tokio::task::AbortHandle;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::stream::{ANSWER_TIMEOUT, CONNECT_TIMEOUT, KEEPALIVE, answered};
use crate::{Host, Server, ServerError, SslMode, tls};

/// Text output that reads back without loss, and no name that a `search_path` could turn aside.
const SETTINGS: &str = "SET datestyle = 'ISO'; SET timezone = 'UTC'; SET intervalstyle = 'postgres'; \
    SET extra_float_digits = 3; SET bytea_output = 'hex'; SET search_path = ''; \
    SET lc_monetary = 'C'; SET array_nulls = on; \
    SET standard_conforming_strings = on; SET row_security = off; SET client_min_messages = warning";

/// Switches off every time-out that the server knows and that would end a long copy: which there are depends on its
/// version. For a session and for the replication connection.
pub const NO_TIMEOUTS: &str = "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN \
    ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')";

/// A commit that is answered is durable: what comes after it is confirmed to the source. Set in any case, so that no
/// reload of the server's settings changes it.
const DURABLE: &str = "SELECT pg_catalog.set_config('synchronous_commit', \
    CASE how WHEN 'off' THEN 'on' ELSE how END, false) FROM pg_catalog.current_setting('synchronous_commit') AS how";

/// A session. The connection ends when this is dropped.
#[derive(Debug)]
pub struct Session {
    client: Client,
    task: AbortHandle,
    failure: Arc<OnceLock<String>>,
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Session {
    /// Which server process answers. Asked without a prepared statement, which a pooler may lose.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub async fn backend_pid(&self) -> Result<i32, ServerError> {
        let rows = self.client.simple_query("SELECT pg_catalog.pg_backend_pid()").await?;
        let pid = rows.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        });
        pid.ok_or_else(|| ServerError::Protocol("pg_backend_pid() gave no number".to_owned()))
    }

    /// Why the connection ended, where it did.
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }
}

impl Server {
    /// Opens a session that calls itself `application_name`.
    ///
    /// # Errors
    /// Where the server cannot be reached, does not answer or refuses the role.
    pub async fn connect(&self, application_name: &str) -> Result<Session, ServerError> {
        answered(ANSWER_TIMEOUT, self.connect_untimed(application_name)).await
    }

    async fn connect_untimed(&self, application_name: &str) -> Result<Session, ServerError> {
        let mut config = Config::new();
        config
            .user(&self.user)
            .dbname(&self.database)
            .port(self.port)
            .application_name(application_name);
        config.connect_timeout(CONNECT_TIMEOUT).keepalives_idle(KEEPALIVE);
        match &self.host {
            Host::Tcp(host) => config.host(host),
            Host::Unix(folder) => config.host_path(folder),
        };
        if let Some(password) = &self.password {
            config.password(password.reveal());
        }
        if let Some(options) = &self.options {
            config.options(options);
        }
        config.ssl_mode(match self.tls.mode {
            SslMode::Disable => tokio_postgres::config::SslMode::Disable,
            SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
            _ => tokio_postgres::config::SslMode::Require,
        });
        let failure = Arc::new(OnceLock::new());
        let (client, task) = match (&self.host, tls::config(&self.tls)?) {
            (Host::Tcp(_), Some(tls)) => {
                let (client, connection) = config.connect(MakeRustlsConnect::new(tls)).await?;
                (client, tokio::spawn(watch(connection, failure.clone())).abort_handle())
            }
            _ => {
                let (client, connection) = config.connect(NoTls).await?;
                (client, tokio::spawn(watch(connection, failure.clone())).abort_handle())
            }
        };
        let session = Session { client, task, failure };
        session.batch_execute(&format!("{SETTINGS}; {NO_TIMEOUTS}; {DURABLE}")).await?;
        Ok(session)
    }
}

async fn watch<F: Future<Output = Result<(), tokio_postgres::Error>>>(
    connection: F,
    failure: Arc<OnceLock<String>>,
) {
    if let Err(error) = connection.await {
        let _ = failure.set(ServerError::from(error).to_string());
    }
}
