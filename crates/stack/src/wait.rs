//! Waiting for a state, bounded by a deadline. The only place of this crate that sleeps.

use std::time::{Duration, Instant};

use crate::{Error, Result};

/// How often a state is looked at in the first second …
const INTERVAL: Duration = Duration::from_millis(25);
/// … and after it: a look may be a process, and what takes long may take a little longer.
const LATER_INTERVAL: Duration = Duration::from_millis(100);

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
    let begun = Instant::now();
    let deadline = begun + limit;
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
        let first = begun.elapsed() < Duration::from_secs(1);
        std::thread::sleep(if first { INTERVAL } else { LATER_INTERVAL });
    }
}
