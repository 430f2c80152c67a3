//! What travels inside `CopyData` in replication mode, both ways.

use bytes::Bytes;
use cdc::Lsn;

use crate::read::{DecodeError, Reader};

/// One `CopyData` payload from the walsender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// `w`: a piece of the stream.
    XLogData {
        /// Where the WAL record of this piece begins; 0 where it has none.
        wal_start: Lsn,
        /// The pgoutput message.
        data: Bytes,
    },
    /// `k`: the server is alive.
    Keepalive {
        /// Everything before here has been sent.
        wal_end: Lsn,
        /// The server wants an answer at once.
        reply: bool,
    },
}

impl Frame {
    /// Reads one payload. The data shares the payload's memory.
    ///
    /// # Errors
    /// Where the payload is shorter than its kind needs, or of no known kind.
    pub fn decode(payload: &Bytes) -> Result<Self, DecodeError> {
        let mut read = Reader::new(payload);
        match read.u8("frame kind")? {
            b'w' => {
                let wal_start = Lsn::new(read.u64("wal_start")?);
                read.take(16, "wal_end and send time")?;
                Ok(Frame::XLogData { wal_start, data: payload.slice(read.at()..) })
            }
            b'k' => {
                let wal_end = Lsn::new(read.u64("wal_end")?);
                read.take(8, "send time")?;
                Ok(Frame::Keepalive { wal_end, reply: read.u8("reply")? != 0 })
            }
            found => Err(DecodeError::Unknown { what: "frame", at: 0, found: found.into() }),
        }
    }

    /// Whether the payload ends a transaction: its message is a Commit. Nothing is decoded.
    pub fn is_commit(payload: &[u8]) -> bool {
        payload.first() == Some(&b'w') && payload.get(XLOG_DATA_HEADER) == Some(&b'C')
    }
}

/// The kind of an XLogData frame, `wal_start`, `wal_end` and the send time.
const XLOG_DATA_HEADER: usize = 1 + 3 * 8;

/// What the client has, for the walsender: the standby status update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusUpdate {
    /// Received.
    pub write: Lsn,
    /// Durable: the server may forget what is before it.
    pub flush: Lsn,
    /// Applied.
    pub apply: Lsn,
    /// Ask for a keepalive in return.
    pub reply: bool,
}

/// Microseconds from 1970 to PostgreSQL's epoch, 2000-01-01.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// A time on the wire (microseconds since 2000) as microseconds since 1970.
pub fn postgres_micros_to_unix(micros: i64) -> i64 {
    micros.saturating_add(POSTGRES_EPOCH_MICROS)
}

/// The payload of the `CopyData` that carries `update`. `unix_micros` is the time now.
pub fn status_update(update: StatusUpdate, unix_micros: i64) -> [u8; 34] {
    let mut payload = [0; 34];
    payload[0] = b'r';
    let fields = [
        update.write.get().to_be_bytes(),
        update.flush.get().to_be_bytes(),
        update.apply.get().to_be_bytes(),
        unix_micros.saturating_sub(POSTGRES_EPOCH_MICROS).to_be_bytes(),
    ];
    for (i, field) in fields.iter().enumerate() {
        payload[1 + i * 8..9 + i * 8].copy_from_slice(field);
    }
    payload[33] = update.reply.into();
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_in_place_and_every_truncation_is_refused() {
        let mut keepalive = vec![b'k'];
        keepalive.extend(0x16_B374_D848_u64.to_be_bytes());
        keepalive.extend(0_i64.to_be_bytes());
        keepalive.push(1);
        let keepalive = Bytes::from(keepalive);
        assert_eq!(
            Frame::decode(&keepalive).unwrap(),
            Frame::Keepalive { wal_end: Lsn::new(0x16_B374_D848), reply: true }
        );
        for len in 0..keepalive.len() {
            assert!(Frame::decode(&keepalive.slice(..len)).is_err(), "{len}");
        }
    }

    #[test]
    fn a_status_update_is_34_bytes_of_the_manual() {
        let update = StatusUpdate {
            write: Lsn::new(3),
            flush: Lsn::new(2),
            apply: Lsn::new(1),
            reply: true,
        };
        let payload = status_update(update, POSTGRES_EPOCH_MICROS + 5);
        assert_eq!(
            (payload[0], payload[8], payload[16], payload[24], payload[32], payload[33]),
            (b'r', 3, 2, 1, 5, 1)
        );
    }
}
