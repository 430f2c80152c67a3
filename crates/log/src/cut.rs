//! The cut: the last record of a batch, which says how far it reaches.
//!
//! With the cuts the log gives back the batches that went in, in their order, whatever topics and partitions
//! their records went to.

use std::collections::BTreeMap;
use std::sync::Arc;

use cdc::{Checkpoint, Progress};
use serde::{Deserialize, Serialize};

use crate::config::Delivery;

/// A place in each partition of each topic.
pub type Places = BTreeMap<Arc<str>, BTreeMap<i32, i64>>;

/// One batch in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// How far, in which source.
    pub checkpoint: Checkpoint,
    /// Where the batch before it ended: none where it is the first, and in what an older pgrelay wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Progress>,
    /// An attempt at a snapshot begins here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begin: bool,
    /// It begins without all of the captured tables.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// The fingerprints of the table versions that begin with this batch.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "hexadecimal")]
    pub relations: Vec<u64>,
    /// The first offset of each partition the batch wrote to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub starts: Places,
    /// The offset behind its last record in each of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ends: Places,
    /// How many events it has.
    #[serde(default)]
    pub events: u64,
    /// When its last transaction was committed in the source, in microseconds since 1970.
    #[serde(default)]
    pub commit_micros: i64,
    /// What its writer promised: without transactions, records between cuts are no one's.
    #[serde(default)]
    pub delivery: Delivery,
}

/// Fingerprints as text: 64 bits are more than other JSON readers keep.
mod hexadecimal {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(list: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(|n| format!("{n:X}")))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u64>, D::Error> {
        let list = Vec::<String>::deserialize(deserializer)?;
        list.iter()
            .map(|text| u64::from_str_radix(text, 16).map_err(serde::de::Error::custom))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use cdc::Lsn;

    use super::*;

    #[test]
    fn a_cut_reads_back_what_it_writes() {
        let places = Places::from([("shop.public.t".into(), BTreeMap::from([(0, 9), (11, 3)]))]);
        let cut = Cut {
            checkpoint: Checkpoint::new(Progress::After { end_lsn: Lsn::new(7) }),
            after: Some(Progress::After { end_lsn: Lsn::new(6) }),
            begin: true,
            partial: true,
            relations: vec![u64::MAX, 0],
            starts: Places::new(),
            ends: places,
            events: 4,
            commit_micros: -1,
            delivery: Delivery::AtLeastOnce,
        };
        let text = serde_json::to_string(&cut).unwrap();
        assert_eq!(serde_json::from_str::<Cut>(&text).unwrap(), cut);
    }
}
