//! `pgrelay status`: each half's phase and lag, from a running service or from the systems themselves.

use std::net::SocketAddr;
use std::time::Duration;

use cdc::{Fault, Finding};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::config::Pipeline;
use crate::http::HalfStatus;

/// Asks the service at `address`; `None` where none answers.
pub async fn ask(address: SocketAddr) -> Option<Vec<HalfStatus>> {
    let answer = tokio::time::timeout(Duration::from_secs(2), async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(b"GET /status HTTP/1.0\r\nhost: localhost\r\n\r\n").await.ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await.ok()?;
        Some(text)
    });
    let text = answer.await.ok()??;
    let (_, body) = text.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}

/// One line a half.
pub fn line(status: &HalfStatus) -> String {
    let detail =
        if status.detail.is_empty() { String::new() } else { format!(": {}", status.detail) };
    format!(
        "{} {}  {}{detail}  lag {} bytes, {} events, {} errors",
        status.pipeline, status.half, status.phase, status.lag_bytes, status.events, status.errors
    )
}

/// Where a pipeline stands, read from the systems it connects.
pub async fn from_systems(pipeline: &Pipeline) -> (Vec<String>, Vec<Finding>) {
    let (mut lines, mut findings) = (Vec::new(), Vec::new());
    let mut head = None;
    if let Some(source) = pipeline.source() {
        match postgres_source::wal_end(source).await {
            Ok(lsn) => head = Some(lsn),
            Err(error) => findings.push(error.finding()),
        }
    }
    if let Some(log) = pipeline.log() {
        match pgrelay_log::LogEnd::read(log).await {
            Ok(Some(end)) => {
                let lag = head
                    .zip(end.checkpoint.progress.start_lsn())
                    .map(|(head, at)| head.bytes_since(at));
                lines.push(format!(
                    "{} source  not running here  {}{}",
                    pipeline.name,
                    end.checkpoint.progress,
                    lag_text(lag)
                ));
            }
            Ok(None) => lines.push(format!("{} source  nothing captured yet", pipeline.name)),
            Err(error) => findings.push(error.finding()),
        }
    }
    if let Some(sink) = pipeline.sink() {
        let half = if pipeline.log().is_some() { "sink" } else { "direct" };
        match postgres_sink::read_checkpoint(sink).await {
            Ok(Some(checkpoint)) => {
                let lag = head
                    .zip(checkpoint.progress.start_lsn())
                    .map(|(head, at)| head.bytes_since(at));
                lines.push(format!(
                    "{} {half}  not running here  {}{}",
                    pipeline.name,
                    checkpoint.progress,
                    lag_text(lag)
                ));
            }
            Ok(None) => lines.push(format!("{} {half}  nothing applied yet", pipeline.name)),
            Err(error) => findings.push(error.finding()),
        }
    }
    (lines, findings)
}

fn lag_text(lag: Option<u64>) -> String {
    lag.map(|lag| format!("  lag {lag} bytes")).unwrap_or_default()
}
