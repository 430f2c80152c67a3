//! Records as they come from a partition, into changes of tables whose versions the log itself keeps.

use std::collections::HashMap;
use std::sync::Arc;

use cdc::{Finding, Schema};

use crate::config::LogSettings;
use crate::converter::{AnyConverter, Converter};
use crate::error::LogError;
use crate::fold::ReadRecord;
use crate::lane::MessageRef;
use crate::records::VERBATIM_HEADER;
use crate::registrar::Registrar;
use crate::stamp::{STAMP_HEADER, Stamp};
use crate::{scan, topics};

/// Reads records with the table versions of `__pgrelay-schemas.<prefix>`.
#[derive(Debug)]
pub(crate) struct Decoder {
    settings: LogSettings,
    converter: AnyConverter,
    registrar: Registrar,
    schemas: HashMap<u64, Arc<Schema>>,
}

impl Decoder {
    /// A decoder that knows every table version there is. Blocks.
    pub(crate) fn begin(settings: LogSettings) -> Result<Self, LogError> {
        let converter = settings.kafka.converter();
        let registrar = Registrar::new(&settings);
        let mut decoder = Self { settings, converter, registrar, schemas: HashMap::new() };
        decoder.refresh()?;
        Ok(decoder)
    }

    fn refresh(&mut self) -> Result<(), LogError> {
        let topic = topics::schemas_topic(&self.settings.kafka.topic_prefix);
        let schemas = &mut self.schemas;
        scan::whole(&self.settings, &topic, |record| {
            let Some(value) = record.value else { return Ok(()) };
            let schema: Schema = serde_json::from_slice(value)
                .map_err(|_| scan::unreadable(&topic, record.offset, "a table version"))?;
            schemas.entry(schema.fingerprint()).or_insert_with(|| Arc::new(schema));
            Ok(())
        })
    }

    /// The table version of this fingerprint, asking the log again where it is not known.
    pub(crate) fn schema(&mut self, fingerprint: u64) -> Result<Option<Arc<Schema>>, LogError> {
        if !self.schemas.contains_key(&fingerprint) {
            self.refresh()?;
        }
        Ok(self.schemas.get(&fingerprint).map(Arc::clone))
    }

    /// The change in a record; none in a tombstone, and in a note beside which `route` sent rows.
    pub(crate) fn decode(
        &mut self,
        place: &str,
        message: &dyn MessageRef,
    ) -> Result<Option<(Stamp, Option<ReadRecord>)>, LogError> {
        let Some(stamp) = message.header(STAMP_HEADER).and_then(Stamp::read) else {
            return Ok(None);
        };
        if stamp.fingerprint == 0 {
            return Ok(Some((stamp, None)));
        }
        let Some(value) = message.payload() else { return Ok(Some((stamp, None))) };
        let schema = self.schema(stamp.fingerprint)?.ok_or_else(|| {
            self.missing(stamp.fingerprint, &format!("{place}, offset {}", message.offset()))
        })?;
        self.registrar.meet(&mut self.converter, value)?;
        let piece = self
            .converter
            .decode(value, message.header(VERBATIM_HEADER), &schema)
            .map_err(|error| {
                LogError::from(
                    Finding::failed(
                        "kafka_record_malformed",
                        format!("{place}, offset {}", message.offset()),
                        error.to_string(),
                    )
                    .remedy("Something else wrote to this topic, or changed its records: see who may write to it."),
                )
            })?;
        Ok(Some((stamp, Some(ReadRecord { stamp, schema, piece }))))
    }

    pub(crate) fn missing(&self, fingerprint: u64, place: &str) -> LogError {
        let topic = topics::schemas_topic(&self.settings.kafka.topic_prefix);
        Finding::failed(
            "kafka_schema_missing",
            place,
            format!("the table version {fingerprint:X} is not in topic {topic}"),
        )
        .remedy("The topic of the table versions was deleted or made anew. Copy the tables again: run `pgrelay drop` for the pipeline and start it with emptied target tables.")
        .into()
    }
}
