//! What both PostgreSQL ends need: a server's address, TLS, a session, and what its errors mean.
//!
//! [`Server`] is where to connect and as whom; [`Server::connect`] opens an ordinary session,
//! [`Server::open`] the bare stream the replication connection speaks on. [`ServerError`] keeps the
//! SQLSTATE, knows its [`cdc::Remedy`], and never prints a row value or a password.

mod error;
mod secret;
mod server;
mod session;
mod sqlstate;
mod stream;
mod tls;
mod types;

pub use error::{Response, ServerError, safe_message};
pub use secret::Secret;
pub use server::{AddressError, Host, Server, SslMode, Tls};
pub use session::Session;
pub use sqlstate::{is_about_rows, remedy_of, state_name};
pub use stream::Stream;
pub use types::Types;

/// `'text'` as a literal of a statement, each quote and backslash doubled where it must be.
pub fn quote_literal(text: &str) -> String {
    if text.contains('\\') {
        format!(" E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// The number under which the advisory lock called `name` is taken: the same in every process.
pub fn lock_number(name: &str) -> i64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    i64::from_ne_bytes(hash.to_ne_bytes())
}
