//! The bare byte stream to a server, for the replication connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{Host, Server, ServerError, SslMode, tls};

/// How long reaching an address of a server may take.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take until a server has let us in: one of several addresses may be dead, a password looked up elsewhere.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// After this long without a byte a socket asks whether the other end is there.
pub(crate) const KEEPALIVE: Duration = Duration::from_secs(30);

/// PostgreSQL's `SSLRequest`: length 8, code 80877103.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A stream to a server, by whichever way.
#[derive(Debug)]
pub enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
    /// A Unix socket.
    Unix(UnixStream),
}

impl Stream {
    /// Whether reads may be coalesced: a Unix socket's small buffer makes waiting slower, not faster.
    pub fn is_tcp(&self) -> bool {
        !matches!(self, Stream::Unix(_))
    }
}

/// Gives a server that takes a connection and then says nothing so much time, and no more.
///
/// # Errors
/// What `connecting` met, or that it took longer.
pub async fn answered<T>(
    limit: Duration,
    connecting: impl Future<Output = Result<T, ServerError>>,
) -> Result<T, ServerError> {
    let in_time = tokio::time::timeout(limit, connecting).await;
    in_time.unwrap_or_else(|_| {
        let said = format!("the server did not answer within {} s", limit.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, said).into())
    })
}

impl Server {
    /// Opens the stream, with TLS as `sslmode` asks for it. Nothing of the protocol has been said on it.
    ///
    /// # Errors
    /// Where the server cannot be reached, or TLS is not as needed.
    pub async fn open(&self) -> Result<Stream, ServerError> {
        let opened = tokio::time::timeout(CONNECT_TIMEOUT, self.open_untimed()).await;
        opened.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
    }

    async fn open_untimed(&self) -> Result<Stream, ServerError> {
        let name = match &self.host {
            Host::Unix(folder) => {
                let path = folder.join(format!(".s.PGSQL.{}", self.port));
                return Ok(Stream::Unix(UnixStream::connect(path).await?));
            }
            Host::Tcp(name) => name,
        };
        let mut tcp = TcpStream::connect((name.as_str(), self.port)).await?;
        tcp.set_nodelay(true)?;
        SockRef::from(&tcp).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
        let Some(config) = tls::config(&self.tls)? else { return Ok(Stream::Tcp(tcp)) };
        tcp.write_all(&SSL_REQUEST).await?;
        match tcp.read_u8().await? {
            b'S' => {}
            b'N' if self.tls.mode == SslMode::Prefer => return Ok(Stream::Tcp(tcp)),
            _ => {
                return Err(ServerError::Tls(
                    "the server does not offer TLS, and sslmode requires it".to_owned(),
                ));
            }
        }
        let server_name = ServerName::try_from(name.clone()).map_err(|_| {
            ServerError::Tls(format!("`{name}` is not a name a certificate can have"))
        })?;
        let tls = TlsConnector::from(Arc::new(config)).connect(server_name, tcp).await;
        Ok(Stream::Tls(Box::new(tls.map_err(|error| ServerError::Tls(error.to_string()))?)))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The connection is taken by the kernel, and nobody reads from it.
    #[tokio::test]
    async fn a_server_that_says_nothing_is_given_up() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = silent.local_addr().unwrap().port();
        let server = Server::parse(&format!("postgresql://u@127.0.0.1:{port}/d")).unwrap();
        let error = answered(Duration::from_millis(100), server.connect("test")).await.unwrap_err();
        assert_eq!(error.remedy(), cdc::Remedy::Retry);
        assert!(error.to_string().contains("did not answer within"), "{error}");
    }
}
