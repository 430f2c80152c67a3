//! Long runs of new rows: COPY's text format, which takes the source's text almost as it is.

use bytes::{BufMut, Bytes, BytesMut};
use cdc::{Cell, Row};

use crate::sql::written;
use crate::target::Target;
use crate::wire::text_of;

/// The statement that takes the rows.
pub(crate) fn statement(target: &Target) -> String {
    let names: Vec<_> = written(target).iter().map(|&i| target.columns[i].sql.as_str()).collect();
    format!("COPY {} ({}) FROM STDIN", target.sql, names.join(", "))
}

/// Writes rows as lines. `None` where a typed value has no text of its own.
pub(crate) fn lines<'a>(target: &Target, rows: impl Iterator<Item = &'a Row>) -> Option<Bytes> {
    let columns = written(target);
    let mut out = BytesMut::with_capacity(64 * 1024);
    for row in rows {
        for (n, &i) in columns.iter().enumerate() {
            if n > 0 {
                out.put_u8(b'\t');
            }
            match row.cell(i) {
                Cell::Null | Cell::Unchanged => out.put_slice(b"\\N"),
                Cell::Text(text) => escape(text, &mut out),
                Cell::Typed(value) => escape(&text_of(value)?, &mut out),
            }
        }
        out.put_u8(b'\n');
    }
    Some(out.freeze())
}

fn escape(text: &[u8], out: &mut BytesMut) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r'))
    {
        out.put_slice(&rest[..at]);
        out.put_slice(match rest[at] {
            b'\\' => b"\\\\",
            b'\t' => b"\\t",
            b'\n' => b"\\n",
            _ => b"\\r",
        });
        rest = &rest[at + 1..];
    }
    out.put_slice(rest);
}
