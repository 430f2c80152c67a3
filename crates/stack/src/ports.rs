//! Ports that stay free while a server is down.
//!
//! A port the kernel hands out for `bind(0)` may be taken by any outgoing connection while a crashed server is
//! being restarted. These come from below the ephemeral range and are claimed by a lock on a file, so two
//! test processes never choose the same one.

use std::fs::{self, File};
use std::net::TcpListener;
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::error::Tried;
use crate::{Error, Result};

const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// A port on 127.0.0.1, ours while this lives.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _claim: Option<File>,
}

impl Port {
    /// A port nobody listens on and nobody else has claimed.
    ///
    /// # Errors
    /// Where the claims cannot be written, or all ports are taken.
    pub fn free() -> Result<Port> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let folder = std::env::temp_dir()
            .join(format!("pgrelay-ports-{}", rustix::process::getuid().as_raw()));
        fs::create_dir_all(&folder).tried(|| format!("make {}", folder.display()))?;
        let start = (process::id() % u32::from(COUNT)) as u16;
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let number = FIRST + start.wrapping_add(step) % COUNT;
            let path = folder.join(number.to_string());
            let claim =
                File::create(&path).tried(|| format!("claim a port in {}", path.display()))?;
            if claim.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Ok(Port { number, _claim: Some(claim) });
            }
        }
        Err(Error::Refused(format!("no free port in {FIRST}..{}", FIRST + COUNT)))
    }

    /// The port the caller asked for, unclaimed.
    #[must_use]
    pub fn given(number: u16) -> Port {
        Port { number, _claim: None }
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}
