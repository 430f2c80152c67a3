//! The header `pgrelay.position`: where a record's event stands, and what its row looks like.

use cdc::{Lsn, Note, Position};

/// The header's name.
pub const STAMP_HEADER: &str = "pgrelay.position";

/// `<commit_lsn>:<seq>:<sub>:<fingerprint>`, and `:c`, `:r` or `:cr` for what a truncate said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// The event's place in the commit order.
    pub position: Position,
    /// Which record of the event: 0 the change itself, 1 the tombstone, 2 the create of a move.
    pub sub: u8,
    /// The schema's fingerprint; 0 is a note, which has no rows.
    pub fingerprint: u64,
    /// `TRUNCATE … CASCADE`.
    pub cascade: bool,
    /// `TRUNCATE … RESTART IDENTITY`.
    pub restart_identity: bool,
}

impl Stamp {
    /// The stamp of an event's first record.
    pub fn new(position: Position, fingerprint: u64) -> Self {
        Self { position, sub: 0, fingerprint, cascade: false, restart_identity: false }
    }

    /// The stamp of a note's record.
    pub fn of_note(note: &Note) -> Self {
        let stamp = Self::new(note.position(), 0);
        // A transaction without events begins and ends at one place.
        match note {
            Note::Boundary(boundary) if boundary.end.is_some() => stamp.part(1),
            _ => stamp,
        }
    }

    /// The stamp of the event's record `sub`.
    #[must_use]
    pub fn part(self, sub: u8) -> Self {
        Self { sub, ..self }
    }

    /// Appends the header's value.
    pub fn write(self, out: &mut Vec<u8>) {
        push_hex(out, self.position.commit_lsn.get() >> 32);
        out.push(b'/');
        push_hex(out, self.position.commit_lsn.get() & 0xFFFF_FFFF);
        out.push(b':');
        out.extend_from_slice(itoa::Buffer::new().format(self.position.seq).as_bytes());
        out.push(b':');
        out.extend_from_slice(itoa::Buffer::new().format(self.sub).as_bytes());
        out.push(b':');
        push_hex(out, self.fingerprint);
        if self.cascade || self.restart_identity {
            out.push(b':');
            out.extend_from_slice(if self.cascade { b"c" } else { b"" });
            out.extend_from_slice(if self.restart_identity { b"r" } else { b"" });
        }
    }

    /// Reads the header's value.
    pub fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut parts = text.split(':');
        let commit_lsn: Lsn = parts.next()?.parse().ok()?;
        let seq = parts.next()?.parse().ok()?;
        let sub = parts.next()?.parse().ok()?;
        let fingerprint = u64::from_str_radix(parts.next()?, 16).ok()?;
        let flags = parts.next().unwrap_or_default();
        if parts.next().is_some() || !matches!(flags, "" | "c" | "r" | "cr") {
            return None;
        }
        Some(Self {
            position: Position { commit_lsn, seq },
            sub,
            fingerprint,
            cascade: flags.contains('c'),
            restart_identity: flags.contains('r'),
        })
    }
}

fn push_hex(out: &mut Vec<u8>, n: u64) {
    let digits = (64 - n.leading_zeros()).div_ceil(4).max(1);
    for at in (0..digits).rev() {
        out.push(b"0123456789ABCDEF"[(n >> (4 * at) & 15) as usize]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_reads_back_what_it_writes() {
        let position = Position { commit_lsn: Lsn::new(0x16_B374_D848), seq: 42 };
        let plain = Stamp::new(position, 0x9F3C);
        let mut text = Vec::new();
        plain.write(&mut text);
        assert_eq!(text, b"16/B374D848:42:0:9F3C");
        for stamp in [
            plain,
            plain.part(2),
            Stamp { cascade: true, ..plain },
            Stamp { cascade: true, restart_identity: true, fingerprint: 0, ..plain },
        ] {
            let mut text = Vec::new();
            stamp.write(&mut text);
            assert_eq!(Stamp::read(&text), Some(stamp));
        }
        for wrong in ["", "1/2", "1/2:3", "1/2:3:4", "1/2:3:4:5:x", "1/2:3:4:5:c:", "1/2:3:400:5"] {
            assert_eq!(Stamp::read(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
