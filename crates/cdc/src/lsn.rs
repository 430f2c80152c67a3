//! Where a change stands in the source's write-ahead log.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A log sequence number: a byte position in the write-ahead log, written `16/B374D848`.
///
/// <https://www.postgresql.org/docs/current/datatype-pg-lsn.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(u64);

impl Lsn {
    /// `0/0`, which no record has: "not known" on the wire.
    pub const ZERO: Lsn = Lsn(0);

    /// The position `bytes` into the log.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The position as a number of bytes, as Debezium's `source.lsn` has it.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Bytes from `earlier` to here; 0 where `earlier` is later.
    pub const fn bytes_since(self, earlier: Lsn) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

/// A text that is not an LSN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read LSN `{0}`: expected two hexadecimal numbers such as 16/B374D848")]
pub struct LsnError(String);

impl FromStr for Lsn {
    type Err = LsnError;

    fn from_str(text: &str) -> Result<Self, LsnError> {
        let half = |part: &str| {
            let hex =
                !part.is_empty() && part.len() <= 8 && part.bytes().all(|b| b.is_ascii_hexdigit());
            if hex { u64::from_str_radix(part, 16).ok() } else { None }
        };
        text.split_once('/')
            .and_then(|(high, low)| Some(Lsn(half(high)? << 32 | half(low)?)))
            .ok_or_else(|| LsnError(text.to_owned()))
    }
}

impl Serialize for Lsn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lsn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The place of one event in the source's commit order.
///
/// `commit_lsn` is the one Begin announces (its `final_lsn`); `seq` counts the change messages of the
/// committed transaction from 0, as protocol version 1 sends them, before any table list, filter or split.
/// A row's own LSN orders nothing: the rows of one COPY share it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position {
    /// Where the transaction's commit record begins.
    pub commit_lsn: Lsn,
    /// Which of the transaction's change messages this is, from 0.
    pub seq: u64,
}

impl Position {
    /// The place of what the server says between transactions, from the end of its record in the log: that
    /// record's last byte. No commit begins within another record, so the place is behind every transaction that
    /// was sent before and before every one that is sent after.
    pub const fn outside(end_lsn: Lsn) -> Self {
        Self { commit_lsn: Lsn(end_lsn.0.saturating_sub(1)), seq: 0 }
    }

    /// The place of a record that no capture half wrote: its partition and offset. No log of a server is so long that
    /// this were one of its places.
    pub const fn of_record(partition: i32, offset: i64) -> Self {
        Self {
            commit_lsn: Lsn(RECORD | partition.cast_unsigned() as u64),
            seq: offset.cast_unsigned(),
        }
    }
}

/// Marks the place of a record.
const RECORD: u64 = 1 << 63;

impl Position {
    /// Where it is, in words for a person.
    pub fn place(self) -> String {
        if self.commit_lsn.0 & RECORD != 0 { self.to_string() } else { format!("LSN {self}") }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.commit_lsn.0 & RECORD != 0 {
            return write!(f, "partition {}, offset {}", self.commit_lsn.0 & !RECORD, self.seq);
        }
        write!(f, "{}:{}", self.commit_lsn, self.seq)
    }
}

impl FromStr for Position {
    type Err = LsnError;

    fn from_str(text: &str) -> Result<Self, LsnError> {
        let wrong = || LsnError(text.to_owned());
        let (lsn, seq) = text.rsplit_once(':').ok_or_else(wrong)?;
        Ok(Self { commit_lsn: lsn.parse()?, seq: seq.parse().map_err(|_| wrong())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_lsn_reads_back_what_it_prints() {
        for text in ["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"] {
            assert_eq!(text.parse::<Lsn>().unwrap().to_string(), text);
        }
        for wrong in ["", "/", "1", "1/", "/1", "1/2/3", "123456789/0", "+1/0", "g/0"] {
            assert!(wrong.parse::<Lsn>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_position_reads_back_what_it_prints() {
        let position = Position { commit_lsn: Lsn::new(0x16_B374_D848), seq: 42 };
        assert_eq!(position.to_string().parse::<Position>().unwrap(), position);
        assert_eq!(Position::of_record(3, 42).to_string(), "partition 3, offset 42");
    }
}
