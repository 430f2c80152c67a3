//! Any bytes as a record of the log in Avro: a line that is the header `pgrelay.position`, a line that is the header
//! `pgrelay.verbatim` or empty, and the value. The fingerprint in the first one chooses the kind of the column `v`.

use cdc::{Batch, Checkpoint, Identity, Lsn, Progress};
use pgrelay_log::{AnyConverter, Avro, Converter, ReadRecord, Records, SchemaIds, Stamp, fold};

use crate::table::schema;

/// The id that every record of the corpus begins with.
const ID: u32 = 7;

/// Reads the record, makes events of it, and writes these again.
pub(crate) fn read(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (stamp, verbatim, value) = (part(), part(), part());
    let verbatim = (!verbatim.is_empty()).then_some(verbatim);
    let Some(stamp) = Stamp::read(stamp) else { return };
    for identity in [Identity::Default, Identity::Full] {
        let schema = schema(stamp.fingerprint, identity);
        let mut avro = Avro::new("shop", true);
        let Ok(json) = avro.value_schema(&schema) else { continue };
        if avro.meet(ID, &json).is_err() {
            continue;
        }
        avro.learn(schema.fingerprint(), SchemaIds { key: Some(ID), value: ID });
        let mut converter = AnyConverter::Avro(avro);
        let end = Progress::After { end_lsn: Lsn::new(1) };
        converter.begin(&Batch::progress(Checkpoint::new(end)), 0);
        let Ok(piece) = converter.decode(value, verbatim, &schema) else { continue };
        let record = ReadRecord { stamp, schema, piece };
        let second = ReadRecord { stamp: stamp.part(2), ..record.clone() };
        for records in [vec![record.clone()], vec![record, second]] {
            let Ok(events) = fold(records) else { continue };
            let mut written = Records::default();
            for event in &events {
                let _ = converter.encode(event, &mut written);
            }
        }
    }
}
