//! What a server, or the way to it, can answer.

use std::error::Error as _;
use std::io;

use cdc::Remedy;
use tokio_postgres::error::DbError;

use crate::sqlstate::is_own_class;
use crate::{remedy_of, state_name};

/// What a server said with its no. Every text but the code may be empty.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The SQLSTATE.
    pub code: String,
    /// The message, or the SQLSTATE's name where the message could show a value.
    pub message: String,
    /// The server's hint.
    pub hint: String,
    /// The schema it names.
    pub schema: String,
    /// The table it names.
    pub table: String,
    /// The column it names.
    pub column: String,
    /// The constraint it names.
    pub constraint: String,
}

/// An error of a server or of the way to it. Holds no row value.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The server said no.
    #[error("{} (SQLSTATE {})", .0.message, .0.code)]
    Server(Box<Response>),
    /// The way to the server broke, or there is none.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// TLS is not as needed.
    #[error("TLS: {0}")]
    Tls(String),
    /// The server said something that cannot be understood, or the client was used wrongly.
    #[error("{0}")]
    Protocol(String),
    /// The connection is gone.
    #[error("the server closed the connection")]
    Closed,
}

/// The message of a server's error, or the SQLSTATE's name where the message can hold a row's value.
pub fn safe_message(code: &str, message: &str) -> String {
    // Class 22 (data exceptions) quotes the offending value; 2F, 38, 39 and P0 are whatever a function says, and so is
    // a class that is not the server's own.
    let quotes = ["22", "2F", "38", "39", "P0"].iter().any(|class| code.starts_with(class));
    if quotes || code == "42804" || !is_own_class(code) {
        let name = state_name(code);
        return if name.is_empty() { format!("SQLSTATE {code}") } else { name.to_owned() };
    }
    // A syntax error shows where it begins: of a literal that does not end, all of it.
    match message.split_once(" at or near ") {
        Some((what, place)) if code == "42601" && !is_word(place) => what.to_owned(),
        _ => message.to_owned(),
    }
}

/// Whether it is nothing but a word in quotes.
fn is_word(place: &str) -> bool {
    place.trim_matches('"').bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

/// The column in `COPY t, line 3, column a: "…"`: what comes after the first colon is the row's, and may hold anything.
fn copied_column(context: &str) -> Option<&str> {
    let place = context.strip_prefix("COPY ")?.split(": ").next()?;
    place.split_once(", column ").map(|(_, column)| column)
}

fn named_nothing(code: &str) -> String {
    format!("what is named is not there (SQLSTATE {code}); the server's log says what")
}

impl ServerError {
    /// The SQLSTATE, where the server gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            ServerError::Server(response) => Some(&response.code),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            ServerError::Server(response) => remedy_of(&response.code),
            ServerError::Io(_) | ServerError::Closed => Remedy::Retry,
            ServerError::Tls(_) | ServerError::Protocol(_) => Remedy::Halt,
        }
    }

    /// What the server said, where it said anything.
    pub fn response(&self) -> Option<&Response> {
        match self {
            ServerError::Server(response) => Some(response),
            _ => None,
        }
    }

    /// Whether the server could not be reached at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, ServerError::Io(_) | ServerError::Closed)
    }

    /// Made of the fields of an error response.
    pub fn from_fields(code: &str, message: &str, hint: &str) -> Self {
        ServerError::Server(Box::new(Response {
            code: code.to_owned(),
            message: safe_message(code, message),
            hint: hint.to_owned(),
            ..Response::default()
        }))
    }
}

impl From<&DbError> for ServerError {
    fn from(error: &DbError) -> Self {
        let text = |field: Option<&str>| field.unwrap_or_default().to_owned();
        let code = error.code().code();
        // A trigger's RAISE may choose any code, and says what it likes: a row's values, as a rule.
        let raised = error.routine() == Some("exec_stmt_raise");
        // Where a value is a name, as regclass and regtype are, it is the value that names nothing. A statement that
        // names nothing says at which character.
        let named = matches!(code, "42P01" | "42704" | "42883" | "42601" | "42602" | "3F000")
            && error.position().is_none();
        let said = if raised { "P0001" } else { code };
        let is_safe = !raised && !named && is_own_class(code);
        ServerError::Server(Box::new(Response {
            code: code.to_owned(),
            message: if named { named_nothing(code) } else { safe_message(said, error.message()) },
            hint: text(error.hint().filter(|_| is_safe)),
            schema: text(error.schema()),
            table: text(error.table()),
            column: text(error.column().or_else(|| copied_column(error.where_()?))),
            constraint: text(error.constraint()),
        }))
    }
}

impl From<tokio_postgres::Error> for ServerError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(server) = error.as_db_error() {
            return server.into();
        }
        if error.is_closed() {
            return ServerError::Closed;
        }
        let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        if let Some(io) = io {
            return ServerError::Io(io::Error::new(io.kind(), io.to_string()));
        }
        let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        ServerError::Protocol(format!("{error}{cause}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{copied_column, safe_message};

    #[test]
    fn the_context_of_a_copy_names_a_column_and_no_value() {
        assert_eq!(copied_column("COPY t, line 3, column a b: \"secret\""), Some("a b"));
        assert_eq!(copied_column("COPY t, line 3: \"secret, column x: y\""), None);
        assert_eq!(copied_column("PL/pgSQL function f(), column a: x"), None);
    }

    #[test]
    fn a_syntax_error_shows_words_and_no_literals() {
        let said = |message: &str| safe_message("42601", message);
        let word = "syntax error at or near \"FORM\"";
        assert_eq!(said(word), word);
        assert_eq!(said("syntax error at or near \"'secret'\""), "syntax error");
        let open = "unterminated quoted string at or near \"'secret, and the rest\"";
        assert_eq!(said(open), "unterminated quoted string");
        assert_eq!(said("syntax error at end of input"), "syntax error at end of input");
    }
}
