//! As much of HTTP as a worker's REST interface and our own need: one request, one answer, the connection closed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::error::Tried;
use crate::{Error, Result};

/// Creating a connector has it validate its configuration against the database first.
const ANSWER_LIMIT: Duration = Duration::from_secs(180);
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Result<Answer> {
    ask(address, "GET", path, "")
}

pub(crate) fn delete(address: SocketAddr, path: &str) -> Result<Answer> {
    ask(address, "DELETE", path, "")
}

/// Puts JSON.
pub(crate) fn put(address: SocketAddr, path: &str, body: &str) -> Result<Answer> {
    ask(address, "PUT", path, body)
}

/// Changes by JSON.
pub(crate) fn patch(address: SocketAddr, path: &str, body: &str) -> Result<Answer> {
    ask(address, "PATCH", path, body)
}

/// Posts JSON.
pub(crate) fn post(address: SocketAddr, path: &str, body: &str) -> Result<Answer> {
    ask(address, "POST", path, body)
}

fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> Result<Answer> {
    let answer = exchange(address, method, path, body)?;
    parse(&answer).ok_or_else(|| {
        Error::Refused(format!("{method} http://{address}{path}: the answer is no HTTP"))
    })
}

/// The whole answer to one request, status line and headers included.
///
/// # Errors
/// Where nobody listens, or the answer does not come within three minutes.
pub fn exchange(address: SocketAddr, method: &str, path: &str, body: &str) -> Result<String> {
    let what = || format!("{method} http://{address}{path}");
    // Of HTTP 1.0, so that the answer is not cut into chunks.
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nAccept: application/json\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let talk = || {
        let mut stream = TcpStream::connect_timeout(&address, CONNECT_LIMIT)?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    Ok(String::from_utf8_lossy(&talk().tried(what)?).into_owned())
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_answer_has_a_status_and_a_body() {
        let answer =
            super::parse("HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n{\"a\": 1}\r\n\r\n").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (404, "{\"a\": 1}\r\n\r\n"));
        assert!(super::parse("").is_none() && super::parse("220 hello\r\n").is_none());
    }
}
