//! Asks the server now and then how far its WAL has come, for the first rung of the ladder.

use std::sync::Arc;
use std::time::Duration;

use cdc::{Lsn, Meter};
use postgres_client::Server;
use tokio::task::AbortHandle;

const INTERVAL: Duration = Duration::from_secs(2);

/// The task; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Monitor(AbortHandle);

impl Drop for Monitor {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Monitor {
    pub(crate) fn start(server: Server, pipeline: Arc<str>, meter: Arc<Meter>) -> Self {
        Self(tokio::spawn(watch(server, pipeline, meter)).abort_handle())
    }
}

async fn watch(server: Server, pipeline: Arc<str>, meter: Arc<Meter>) {
    let mut tick = tokio::time::interval(INTERVAL);
    // A server that does not answer is the stream's to report: here it is only a rung that stands still.
    loop {
        tick.tick().await;
        let Ok(session) = server.connect(&format!("pgrelay {pipeline} monitor")).await else {
            continue;
        };
        while let Ok(row) =
            session.query_one("SELECT pg_catalog.pg_current_wal_flush_lsn()::text", &[]).await
        {
            if let Ok(lsn) = row.get::<_, &str>(0).parse::<Lsn>() {
                Meter::advance(&meter.head_lsn, lsn);
            }
            tick.tick().await;
        }
    }
}
