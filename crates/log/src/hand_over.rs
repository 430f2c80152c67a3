//! Our checkpoint as a connector takes it.

use serde_json::Value;

use crate::config::LogSettings;
use crate::error::LogError;
use crate::sink::{blocking, read_kept};
use crate::takeover;

/// The body of the request that gives the pipeline's checkpoint to a stopped Debezium connector: of
/// `PATCH /connectors/<name>/offsets` (KIP-875).
///
/// # Errors
/// Where the log cannot be read, or has no position that a connector could go on from.
pub async fn hand_over(settings: &LogSettings) -> Result<Value, LogError> {
    let settings = settings.clone();
    blocking(move || takeover::request(&settings, read_kept(&settings)?)).await
}
