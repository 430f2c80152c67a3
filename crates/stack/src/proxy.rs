//! A TCP proxy between a client and a server, which breaks the connection in the ways networks do.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::error::Tried;
use crate::{Error, Result};

const CHUNK: usize = 16 * 1024;

/// Whither bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Toward {
    Client,
    Server,
}

#[derive(Debug, Default)]
struct State {
    stalled: bool,
    refusing: bool,
    closed: bool,
    half: Option<Toward>,
    connections: Vec<Connection>,
    accepted: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    ends: [TcpStream; 2],
}

impl State {
    fn cut(&mut self) {
        for connection in self.connections.drain(..) {
            for end in &connection.ends {
                // An end that is gone already is as cut as can be.
                let _ = end.shutdown(Shutdown::Both);
            }
        }
    }

    fn has(&self, number: u64) -> bool {
        self.connections.iter().any(|connection| connection.number == number)
    }
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    state: Mutex<State>,
    change: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A proxy on a free port of 127.0.0.1. Dropping it cuts every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts a proxy before `upstream`, for example `("127.0.0.1", postgres.port())` or `kafka.bootstrap()`.
    ///
    /// # Errors
    /// Where the address is none, or no port can be had.
    pub fn start(upstream: impl ToSocketAddrs) -> Result<Proxy> {
        let upstream = upstream
            .to_socket_addrs()
            .tried(|| "resolve the address behind the proxy".to_owned())?
            .next()
            .ok_or_else(|| {
                Error::Refused("the address behind the proxy names no host".to_owned())
            })?;
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).tried(|| "listen for a proxy".to_owned())?;
        let address = listener.local_addr().tried(|| "name the address of a proxy".to_owned())?;
        let shared = Arc::new(Shared { upstream, state: Mutex::default(), change: Condvar::new() });
        let theirs = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &theirs));
        Ok(Proxy { address, shared })
    }

    /// Where clients connect to.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The port of 127.0.0.1 clients connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Drops all connections at once; new ones are served.
    pub fn cut(&self) {
        self.change(State::cut);
    }

    /// Passes nothing on, in either direction, and keeps every connection open.
    pub fn stall(&self) {
        self.change(|state| state.stalled = true);
    }

    /// Ends [`Proxy::stall`] and [`Proxy::refuse`].
    pub fn resume(&self) {
        self.change(|state| {
            state.stalled = false;
            state.refusing = false;
        });
    }

    /// Drops all connections, and every new one as soon as it is made, until [`Proxy::resume`].
    pub fn refuse(&self) {
        self.change(|state| {
            state.refusing = true;
            state.cut();
        });
    }

    /// Delivers the first half of the next piece the *server* sends, then drops all connections.
    pub fn half(&self) {
        self.change(|state| state.half = Some(Toward::Client));
    }

    /// Delivers the first half of the next piece the *client* sends, then drops all connections.
    pub fn half_request(&self) {
        self.change(|state| state.half = Some(Toward::Server));
    }

    /// How many connections are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.state().connections.len()
    }

    /// How many connections were made so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.state().accepted
    }

    /// How many bytes went through so far, both directions.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.state().bytes
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.state());
        self.shared.change.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.change(|state| {
            state.closed = true;
            state.cut();
        });
        // Wakes the accepting thread, which then sees that it is to end.
        drop(TcpStream::connect(self.address));
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.state().closed {
            return;
        }
        // Who cannot reach the server gets what a dead server gives: a closed connection.
        if let Ok(client) = client
            && let Err(error) = join(client, shared)
            && error.kind() != io::ErrorKind::ConnectionRefused
        {
            eprintln!("proxy to {}: {error}", shared.upstream);
        }
    }
}

fn join(client: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    if shared.state().refusing {
        return Ok(());
    }
    let server = TcpStream::connect(shared.upstream)?;
    for end in [&client, &server] {
        end.set_nodelay(true)?;
    }
    let number = {
        let mut state = shared.state();
        state.accepted += 1;
        let number = state.accepted;
        let ends = [client.try_clone()?, server.try_clone()?];
        state.connections.push(Connection { number, ends });
        number
    };
    let there = (client.try_clone()?, server.try_clone()?, Toward::Server);
    let back = (server, client, Toward::Client);
    for (from, to, toward) in [there, back] {
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            // An error means that one end is gone: the other one learns it below.
            let _ = pump(from, to, toward, number, &shared);
            let mut state = shared.state();
            if let Some(place) =
                state.connections.iter().position(|connection| connection.number == number)
            {
                for end in state.connections.swap_remove(place).ends {
                    let _ = end.shutdown(Shutdown::Both);
                }
            }
        });
    }
    Ok(())
}

fn pump(
    mut from: TcpStream,
    mut to: TcpStream,
    toward: Toward,
    number: u64,
    shared: &Shared,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        let half = {
            let state = shared.state();
            let mut state = shared
                .change
                .wait_while(state, |state| state.stalled && state.has(number))
                .unwrap_or_else(PoisonError::into_inner);
            if !state.has(number) {
                return Ok(());
            }
            state.bytes += read as u64;
            state.half.take_if(|half| *half == toward && read > 1)
        };
        if half.is_some() {
            to.write_all(&buffer[..read / 2])?;
            shared.state().cut();
            shared.change.notify_all();
            return Ok(());
        }
        to.write_all(&buffer[..read])?;
    }
}
