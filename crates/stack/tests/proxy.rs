//! The ways a proxy breaks a connection, seen from a client.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use stack::Proxy;

/// Sends back what it gets.
fn echo() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            thread::spawn(move || std::io::copy(&mut client.try_clone().unwrap(), &mut client));
        }
    });
    address
}

fn connect(proxy: &Proxy) -> TcpStream {
    let client = TcpStream::connect(proxy.addr()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    client
}

fn round_trip(client: &mut TcpStream, text: &str) -> String {
    client.write_all(text.as_bytes()).unwrap();
    let mut answer = vec![0; text.len()];
    client.read_exact(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_cut_ends_every_connection_and_new_ones_work() {
    let proxy = Proxy::start(echo()).unwrap();
    let (mut one, mut two) = (connect(&proxy), connect(&proxy));
    assert_eq!(round_trip(&mut one, "one"), "one");
    assert_eq!(round_trip(&mut two, "two"), "two");
    assert_eq!(proxy.connections(), 2);
    proxy.cut();
    assert_eq!(proxy.connections(), 0);
    assert_eq!(one.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(two.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(round_trip(&mut connect(&proxy), "again"), "again");
    assert_eq!(proxy.accepted(), 3);
}

#[test]
fn a_stall_keeps_the_connection_and_loses_nothing() {
    let proxy = Proxy::start(echo()).unwrap();
    let mut client = connect(&proxy);
    assert_eq!(round_trip(&mut client, "before"), "before");
    proxy.stall();
    client.write_all(b"held").unwrap();
    client.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let kind = client.read(&mut [0; 8]).unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{kind}");
    proxy.resume();
    client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answer = [0; 4];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"held");
}

#[test]
fn a_cut_ends_a_stalled_connection() {
    let proxy = Proxy::start(echo()).unwrap();
    let mut client = connect(&proxy);
    assert_eq!(round_trip(&mut client, "x"), "x");
    proxy.stall();
    client.write_all(b"lost").unwrap();
    proxy.cut();
    assert_eq!(client.read(&mut [0; 8]).unwrap_or(0), 0);
}

#[test]
fn half_a_message_arrives_and_then_the_end() {
    let proxy = Proxy::start(echo()).unwrap();
    let mut client = connect(&proxy);
    assert_eq!(round_trip(&mut client, "whole"), "whole");
    proxy.half();
    client.write_all(b"0123456789").unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"01234");
}

#[test]
fn a_refusing_proxy_drops_who_comes() {
    let proxy = Proxy::start(echo()).unwrap();
    proxy.refuse();
    assert_eq!(connect(&proxy).read(&mut [0; 8]).unwrap_or(0), 0);
    proxy.resume();
    assert_eq!(round_trip(&mut connect(&proxy), "back"), "back");
}
