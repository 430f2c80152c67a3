//! A section of a case in a session of psql, which must come to its end.

use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use e2e::Psql;

/// How long a section may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs a section. psql waits for the end of a quote for ever: it is ended then.
pub(crate) fn run(session: &mut Psql, section: &str) -> Result<()> {
    let pid = session.pid().to_string();
    let (done, ended) = mpsc::channel::<()>();
    let (said, late) = std::thread::scope(|scope| {
        let late = scope.spawn(move || {
            let late = ended.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout);
            // It is gone where this fails.
            let _ = late.then(|| Command::new("kill").arg(&pid).status());
            late
        });
        let said = session.run(section);
        drop(done);
        (said, late.join().unwrap_or_default())
    });
    match said {
        Ok(_) => Ok(()),
        Err(_) if late => bail!(
            "no end within {} s: a quote that is open, or a lock that is held",
            LIMIT.as_secs()
        ),
        Err(error) => Err(anyhow!("{}", error.to_string().replace("psql:<stdin>:", "line "))),
    }
}
