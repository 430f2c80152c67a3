//! A side connection that asks the server now and then: how far its WAL has come, whether it still sends every
//! table, and how long it will keep the slot's WAL.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cdc::{Captured, Finding, Lsn, Meter};
use postgres_client::Session;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::config::Settings;
use crate::error::SourceError;
use crate::watch as look;

/// How often the end of the WAL is asked for.
const INTERVAL: Duration = Duration::from_secs(2);
/// How often tables and slot are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// The task; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Monitor {
    task: AbortHandle,
    captured: watch::Sender<Option<Arc<Captured>>>,
    trouble: mpsc::Receiver<Finding>,
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Monitor {
    pub(crate) fn start(settings: Arc<Settings>, meter: Arc<Meter>) -> Self {
        let (captured, watched) = watch::channel(None);
        let (tell, trouble) = mpsc::channel(1);
        let watcher = Watcher {
            settings,
            meter,
            captured: watched,
            said: BTreeSet::new(),
            roots: look::Roots::new(),
            tell,
        };
        Self { task: tokio::spawn(watcher.run()).abort_handle(), captured, trouble }
    }

    /// From here on the server is to send these tables.
    pub(crate) fn expect(&self, captured: Arc<Captured>) {
        self.captured.send_replace(Some(captured));
    }

    /// Ends where the server does not send what it is to send. Safe to cancel.
    pub(crate) async fn trouble(&mut self) -> Finding {
        match self.trouble.recv().await {
            Some(finding) => finding,
            None => std::future::pending().await,
        }
    }
}

struct Watcher {
    settings: Arc<Settings>,
    meter: Arc<Meter>,
    captured: watch::Receiver<Option<Arc<Captured>>>,
    /// What is warned of already, by code and place.
    said: BTreeSet<(&'static str, String)>,
    /// The tables at the last look.
    roots: look::Roots,
    tell: mpsc::Sender<Finding>,
}

impl Watcher {
    async fn run(mut self) {
        let mut tick = tokio::time::interval(INTERVAL);
        // A start has just looked.
        let mut looked = Instant::now();
        // A server that does not answer is the stream's to report: here it is only a rung that stands still.
        loop {
            tick.tick().await;
            let name = format!("pgrelay {} monitor", self.settings.pipeline);
            let Ok(session) = self.settings.server.connect(&name).await else { continue };
            while self.read_head(&session).await {
                if looked.elapsed() >= LOOK_INTERVAL {
                    looked = Instant::now();
                    match self.look(&session).await {
                        Ok(()) => {}
                        Err(SourceError::Finding(finding)) => {
                            // Whoever listened may be gone, and then nobody needs to know.
                            let _ = self.tell.send(*finding).await;
                            return;
                        }
                        Err(_) => break,
                    }
                }
                tick.tick().await;
            }
        }
    }

    async fn read_head(&self, session: &Session) -> bool {
        let sql = "SELECT pg_catalog.pg_current_wal_flush_lsn()::text";
        let Ok(row) = session.query_one(sql, &[]).await else { return false };
        if let Ok(lsn) = row.get::<_, &str>(0).parse::<Lsn>() {
            Meter::advance(&self.meter.head_lsn, lsn);
        }
        true
    }

    async fn look(&mut self, session: &Session) -> Result<(), SourceError> {
        let settings = Arc::clone(&self.settings);
        let mut warnings: Vec<Finding> = look::slot_keeps(session, &settings, &self.meter)
            .await
            .map_err(SourceError::server(&settings.server, "read the slot"))?
            .into_iter()
            .collect();
        let captured = self.captured.borrow_and_update().clone();
        if let Some(captured) = captured {
            warnings.extend(look::tables(session, &settings, &captured, &mut self.roots).await?);
        }
        let now = warnings.iter().map(|finding| (finding.code, finding.place.clone())).collect();
        for finding in &warnings {
            if !self.said.contains(&(finding.code, finding.place.clone())) {
                look::warn(&settings, finding);
            }
        }
        // What has passed is said again when it comes again.
        self.said = now;
        Ok(())
    }
}
