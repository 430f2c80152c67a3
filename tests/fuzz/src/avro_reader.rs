//! Any bytes as a record of the log in Avro. The fingerprint in the record's position chooses its table.

use cdc::Identity;
use pgrelay_log::{AnyConverter, Avro, SchemaIds, Stamp};

use crate::table::{parts, schema, there_and_back};

/// The id that every record of the corpus begins with.
const ID: u32 = 7;

pub(crate) fn read(bytes: &[u8]) {
    let (stamp, verbatim, value) = parts(bytes);
    let Some(stamp) = Stamp::read(stamp) else { return };
    for identity in [Identity::Default, Identity::Full] {
        let schema = schema(stamp.fingerprint, identity);
        let mut avro = Avro::new("shop", true);
        let Ok(json) = avro.value_schema(&schema) else { continue };
        if avro.meet(ID, &json).is_err() {
            continue;
        }
        avro.learn(schema.fingerprint(), SchemaIds { key: Some(ID), value: Some(ID) });
        let mut converter = AnyConverter::from(avro);
        there_and_back(&mut converter, schema, (stamp, verbatim, value));
    }
}
