//! Waiting for a state, bounded by a deadline. The only place of this crate that sleeps.

use std::time::{Duration, Instant};

use crate::{Error, Result};

/// How often a state is looked at.
const INTERVAL: Duration = Duration::from_millis(25);

/// Calls `ready` until it returns a value, for at most `limit`.
///
/// # Errors
/// The error of `ready`, or [`Error::Late`] naming `what` and `hint` when the time is up.
pub fn until<T>(
    what: &str,
    limit: Duration,
    hint: &str,
    mut ready: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = ready()? {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            return Err(Error::Late {
                what: what.to_owned(),
                seconds: limit.as_secs(),
                hint: hint.to_owned(),
            });
        }
        std::thread::sleep(INTERVAL);
    }
}
