//! Any bytes as a record of the log in JSON, and as a cut. The fingerprint in the record's position chooses its table.

use cdc::Identity;
use pgrelay_log::{Cut, Format, Stamp};

use crate::table::{parts, schema, there_and_back};

pub(crate) fn read(bytes: &[u8]) {
    let (stamp, verbatim, value) = parts(bytes);
    let _ = serde_json::from_slice::<Cut>(value);
    let Some(stamp) = Stamp::read(stamp) else { return };
    let mut converter = Format::DebeziumJson.converter("shop", true);
    for identity in [Identity::Default, Identity::Full] {
        let schema = schema(stamp.fingerprint, identity);
        there_and_back(&mut converter, schema, (stamp, verbatim, value));
    }
}
