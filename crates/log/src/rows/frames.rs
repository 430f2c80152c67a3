//! Memory for the rows that are read: one allocation for many of them.

use bytes::{Bytes, BytesMut};

/// How much is allocated at a time. A row that is larger gets its own.
const CHUNK_BYTES: usize = 64 * 1024;

/// Where rows are written, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// The row that is being read.
    pub(crate) row: Vec<u8>,
    chunk: BytesMut,
}

impl Frames {
    /// Begins a row; one that was not finished is void.
    pub(crate) fn begin(&mut self) {
        self.row.clear();
    }

    /// What was written since [`Frames::begin`], with no room to spare. It holds on to its chunk, which goes with the
    /// last of its rows: those of a batch go together.
    pub(crate) fn finish(&mut self) -> Bytes {
        if self.chunk.capacity() < self.row.len() {
            self.chunk = BytesMut::with_capacity(self.row.len().max(CHUNK_BYTES));
        }
        self.chunk.extend_from_slice(&self.row);
        if self.row.capacity() > CHUNK_BYTES {
            self.row = Vec::new();
        }
        self.chunk.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_beside_each_other_and_large_ones_alone() {
        let mut frames = Frames::default();
        let mut rows = Vec::new();
        for size in [3, 0, 70_000, CHUNK_BYTES, 5, CHUNK_BYTES - 1, 7] {
            frames.begin();
            frames.row.resize(size, b'x');
            rows.push((size, frames.finish()));
        }
        frames.begin();
        frames.row.extend_from_slice(b"void");
        frames.begin();
        frames.row.extend_from_slice(b"last");
        assert_eq!(frames.finish(), "last");
        for (size, row) in rows {
            assert_eq!(row.len(), size);
            assert!(row.iter().all(|byte| *byte == b'x'));
        }
    }
}
