//! A record as a change of a table whose schema is known: one pass over the bytes.

use cdc::{Identity, Lsn, Order, Origin, Row, RowBuilder};

use super::cursor::Cursor;
use super::malformed;
use super::prepared::Prepared;
use super::read;
use crate::converter::{ConvertError, Piece};
use crate::envelope::{op_of, previous_commit_lsn, snapshot_row};
use crate::forms::Reason;
use crate::rows::{Frames, Is, Side, Verbatim};

/// Reads the end of a record of this length, which follows the id.
pub(super) fn read(
    body: &[u8],
    length: usize,
    verbatim: Option<&[u8]>,
    table: &Prepared,
    frames: &mut Frames,
) -> Result<Piece, ConvertError> {
    let verbatim = Verbatim::read(verbatim)?;
    let cursor = &mut Cursor::new(body, length);
    let mut rows = RowReader { table, verbatim: &verbatim, frames };
    let before = rows.row(Side::Before, cursor)?;
    let after = rows.row(Side::After, cursor)?;
    let mut piece = source(cursor)?;
    (piece.before, piece.after) = (before, after);
    piece.order = cursor.field("transaction", |cursor| {
        cursor.optional(|cursor| {
            cursor.string()?;
            let (total, in_table) = (cursor.long()?, cursor.long()?);
            Ok(Order { total: total.cast_unsigned(), in_table: in_table.cast_unsigned() })
        })
    })?;
    let at = cursor.place();
    let letter = cursor.field("op", Cursor::string)?;
    piece.op = op_of(letter).map_err(|reason| Cursor::wrong(at, "op", reason))?;
    for name in ["ts_ms", "ts_us", "ts_ns"] {
        cursor.field(name, |cursor| cursor.optional(Cursor::long))?;
    }
    if !cursor.bytes.is_empty() {
        return Err(malformed(cursor.place(), "expected the record's end".to_owned()));
    }
    piece.checked()
}

/// The source block, as a piece without rows.
fn source(cursor: &mut Cursor<'_>) -> Result<Piece, ConvertError> {
    for name in ["source.version", "source.connector", "source.name"] {
        cursor.field(name, Cursor::string)?;
    }
    let millis = cursor.field("source.ts_ms", Cursor::long)?;
    let snapshot = cursor.field("source.snapshot", |cursor| {
        // It has a default, so null is the second branch.
        Ok(if cursor.second()? { None } else { snapshot_row(cursor.string()?) })
    })?;
    cursor.field("source.db", Cursor::string)?;
    let sequence = cursor.field("source.sequence", |cursor| cursor.optional(Cursor::string))?;
    let optional = |cursor: &mut Cursor<'_>| cursor.optional(Cursor::long);
    let micros = cursor.field("source.ts_us", optional)?;
    cursor.field("source.ts_ns", optional)?;
    cursor.field("source.schema", Cursor::string)?;
    cursor.field("source.table", Cursor::string)?;
    let xid = cursor.field("source.txId", optional)?;
    let lsn = cursor.field("source.lsn", optional)?;
    cursor.field("source.xmin", optional)?;
    let origin = cursor.field("source.origin", |cursor| cursor.optional(Cursor::string))?;
    let origin_lsn = cursor.field("source.origin_lsn", optional)?.unwrap_or_default();
    Ok(Piece {
        op: cdc::Op::Read,
        before: None,
        after: None,
        lsn: Lsn::new(lsn.unwrap_or_default().cast_unsigned()),
        xid: xid.and_then(|xid| u32::try_from(xid).ok()).unwrap_or_default(),
        commit_micros: micros.unwrap_or_else(|| millis.saturating_mul(1_000)),
        previous_commit_lsn: sequence.and_then(previous_commit_lsn),
        snapshot,
        order: None,
        origin: origin
            .map(|name| Origin { name: name.into(), lsn: Lsn::new(origin_lsn.cast_unsigned()) }),
    })
}

struct RowReader<'v> {
    table: &'v Prepared,
    verbatim: &'v Verbatim<'v>,
    frames: &'v mut Frames,
}

impl RowReader<'_> {
    fn row(&mut self, side: Side, cursor: &mut Cursor<'_>) -> Result<Option<Row>, ConvertError> {
        let name = match side {
            Side::Before => "before",
            Side::After => "after",
        };
        if !cursor.field(name, Cursor::second)? {
            return Ok(None);
        }
        let columns = self.table.columns.len();
        self.frames.begin();
        let mut builder = RowBuilder::with_capacity(columns);
        for i in 0..columns {
            let at = cursor.place();
            self.cell(side, i, cursor, &mut builder).map_err(|reason| {
                let column = &self.table.schema.columns[i].name;
                Cursor::wrong(at, &format!("{name}, column {column}"), reason)
            })?;
        }
        Ok(Some(builder.build(self.frames.finish())))
    }

    fn cell(
        &mut self,
        side: Side,
        i: usize,
        cursor: &mut Cursor<'_>,
        builder: &mut RowBuilder,
    ) -> Result<(), Reason> {
        let (schema, column) = (&*self.table.schema, &self.table.columns[i]);
        // What stands in the other columns of such an old row, the encoder made up.
        let invented =
            side == Side::Before && schema.identity != Identity::Full && !schema.key.contains(&i);
        let told = match self.verbatim.get(side, &schema.columns[i].name) {
            _ if invented => Some(&Is::Null(())),
            told => told,
        };
        if told.is_some() && self.is_there(i, cursor)? {
            read::taken(&self.table.readers[i], cursor)?;
        }
        let start = self.frames.row.len();
        match told {
            Some(Is::NotSent(_)) => {
                builder.unchanged();
                return Ok(());
            }
            Some(Is::Null(())) => {
                builder.null();
                return Ok(());
            }
            Some(Is::Text(text)) => self.frames.row.extend_from_slice(text.as_bytes()),
            // No value begins with another one's bytes.
            None if column.tells_placeholder && cursor.bytes.starts_with(&column.placeholder) => {
                cursor.take(column.placeholder.len())?;
                builder.unchanged();
                return Ok(());
            }
            None if !self.is_there(i, cursor)? => {
                builder.null();
                return Ok(());
            }
            None => {
                let (reader, frame) = (&self.table.readers[i], &mut self.frames.row);
                read::value(&column.form, &column.schema, reader, cursor, frame)?;
            }
        }
        let place = |n| u32::try_from(n).map_err(|_| "the row is longer than 4 GB");
        builder.text(place(start)?, place(self.frames.row.len() - start)?);
        Ok(())
    }

    /// Takes the branch of the union a column's value is in, if it is in one.
    fn is_there(&self, i: usize, cursor: &mut Cursor<'_>) -> Result<bool, Reason> {
        let column = &self.table.columns[i];
        match column.some {
            [] => Ok(true),
            some => Ok(cursor.second()? == (*some == [2])),
        }
    }
}
