//! What is the same in all records of a table's version, made once.

use std::collections::HashMap;
use std::sync::Arc;

use cdc::Schema;

use crate::names::SchemaError;

/// What is prepared of each table version.
#[derive(Debug)]
pub(crate) struct Tables<P> {
    known: HashMap<u64, Arc<P>>,
    /// Most events are of the table of the event before.
    last: Option<(u64, Arc<P>)>,
}

impl<P> Default for Tables<P> {
    fn default() -> Self {
        Self { known: HashMap::new(), last: None }
    }
}

impl<P> Tables<P> {
    /// What is prepared of this one, or what `make` makes.
    pub(crate) fn get(
        &mut self,
        schema: &Arc<Schema>,
        make: impl FnOnce() -> Result<P, SchemaError>,
    ) -> Result<Arc<P>, SchemaError> {
        let fingerprint = schema.fingerprint();
        if let Some((last, prepared)) = &self.last
            && *last == fingerprint
        {
            return Ok(Arc::clone(prepared));
        }
        let prepared = match self.known.get(&fingerprint) {
            Some(known) => Arc::clone(known),
            None => {
                let made = Arc::new(make()?);
                self.known.insert(fingerprint, Arc::clone(&made));
                made
            }
        };
        self.last = Some((fingerprint, Arc::clone(&prepared)));
        Ok(prepared)
    }
}
