//! What both PostgreSQL ends need: a server's address, TLS, a session, and what its errors mean.
//!
//! [`Server`] is where to connect and as whom; [`Server::connect`] opens an ordinary session,
//! [`Server::open`] the bare stream the replication connection speaks on. [`ServerError`] keeps the
//! SQLSTATE, knows its [`cdc::Remedy`], and never prints a row value or a password.

mod error;
mod lock;
mod secret;
mod server;
mod session;
mod sqlstate;
mod stream;
mod tls;
mod types;

pub use error::{Response, ServerError, safe_message};
pub use lock::{Holder, lock_number};
pub use secret::Secret;
pub use server::{AddressError, Host, Server, SslMode, Tls};
pub use session::{NO_TIMEOUTS, Session};
pub use sqlstate::{is_about_rows, remedy_of, state_name};
pub use stream::{ANSWER_TIMEOUT, Stream, answered};
pub use types::Types;

/// `'text'` as a literal of a statement, each quote and backslash doubled where it must be.
pub fn quote_literal(text: &str) -> String {
    if text.contains('\\') {
        format!(" E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}
