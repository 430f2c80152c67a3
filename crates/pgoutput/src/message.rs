//! pgoutput's messages, protocol version 1.

use bytes::Bytes;
use cdc::{Identity, Lsn, Row, RowBuilder};

use crate::frame::postgres_micros_to_unix;
use crate::read::{DecodeError, Reader};

/// A transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begin {
    /// Where its commit record begins (`final_lsn` on the wire).
    pub commit_lsn: Lsn,
    /// When it was committed, in microseconds since 1970.
    pub commit_micros: i64,
    /// Its id.
    pub xid: u32,
}

/// A transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// Where its commit record begins.
    pub commit_lsn: Lsn,
    /// Where its commit record ends: the checkpoint after it.
    pub end_lsn: Lsn,
}

/// One column of a [`Relation`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationColumn {
    /// Part of what the replica identity sends.
    pub identity: bool,
    /// Its name.
    pub name: String,
    /// Its type's object id.
    pub type_oid: u32,
    /// Its type modifier.
    pub typmod: i32,
}

/// A table's shape, before its first row and after each change of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The table's object id.
    pub oid: u32,
    /// The schema it is in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its replica identity.
    pub identity: Identity,
    /// Its published columns.
    pub columns: Vec<RelationColumn>,
}

/// What was sent of an old row.
#[derive(Debug, Clone, PartialEq)]
pub enum OldTuple {
    /// `K`: the identity's columns, all others null.
    Key(Row),
    /// `O`: the whole row.
    Full(Row),
}

impl OldTuple {
    /// The row, whichever it is.
    pub fn into_row(self) -> Row {
        match self {
            OldTuple::Key(row) | OldTuple::Full(row) => row,
        }
    }
}

/// Tables are emptied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truncate {
    /// The tables.
    pub oids: Vec<u32>,
    /// `CASCADE` was said.
    pub cascade: bool,
    /// `RESTART IDENTITY` was said.
    pub restart_identity: bool,
}

/// A type that is not built in is named before its first use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// The type's object id.
    pub oid: u32,
    /// The schema it is in; empty for `pg_catalog`.
    pub schema: String,
    /// Its name.
    pub name: String,
}

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// `B`
    Begin(Begin),
    /// `C`
    Commit(Commit),
    /// `R`
    Relation(Relation),
    /// `Y`
    Type(TypeName),
    /// `O`: the transaction came from elsewhere.
    Origin {
        /// Where its commit stood there.
        commit_lsn: Lsn,
        /// The replication origin's name.
        name: String,
    },
    /// `I`
    Insert {
        /// The table.
        oid: u32,
        /// The row.
        new: Row,
    },
    /// `U`
    Update {
        /// The table.
        oid: u32,
        /// What was sent of the old row.
        old: Option<OldTuple>,
        /// The new row.
        new: Row,
    },
    /// `D`
    Delete {
        /// The table.
        oid: u32,
        /// What was sent of the old row.
        old: OldTuple,
    },
    /// `T`
    Truncate(Truncate),
    /// `M`: `pg_logical_emit_message`.
    Logical {
        /// Part of its transaction, or on its own.
        transactional: bool,
        /// Where it stands.
        lsn: Lsn,
        /// Its prefix.
        prefix: String,
        /// Its content.
        content: Bytes,
    },
}

impl Message {
    /// Reads one message. Rows share its memory.
    ///
    /// # Errors
    /// Where the bytes are not a whole message of a known kind.
    pub fn decode(data: &Bytes) -> Result<Self, DecodeError> {
        let mut read = Reader::new(data);
        let message = match read.u8("message kind")? {
            b'B' => Message::Begin(begin(&mut read)?),
            b'C' => Message::Commit(commit(&mut read)?),
            b'R' => Message::Relation(relation(&mut read)?),
            b'Y' => Message::Type(TypeName {
                oid: read.u32("type oid")?,
                schema: read.cstr("type schema")?.to_owned(),
                name: read.cstr("type name")?.to_owned(),
            }),
            b'O' => Message::Origin {
                commit_lsn: Lsn::new(read.u64("origin lsn")?),
                name: read.cstr("origin name")?.to_owned(),
            },
            b'I' => insert(&mut read)?,
            b'U' => update(&mut read)?,
            b'D' => delete(&mut read)?,
            b'T' => Message::Truncate(truncate(&mut read)?),
            b'M' => logical(&mut read)?,
            found => {
                return Err(DecodeError::Unknown { what: "message", at: 0, found: found.into() });
            }
        };
        read.end("message")?;
        Ok(message)
    }
}

fn begin(read: &mut Reader<'_>) -> Result<Begin, DecodeError> {
    Ok(Begin {
        commit_lsn: Lsn::new(read.u64("begin final_lsn")?),
        commit_micros: postgres_micros_to_unix(read.i64("begin commit time")?),
        xid: read.u32("begin xid")?,
    })
}

fn commit(read: &mut Reader<'_>) -> Result<Commit, DecodeError> {
    read.u8("commit flags")?;
    let commit_lsn = Lsn::new(read.u64("commit lsn")?);
    let end_lsn = Lsn::new(read.u64("commit end_lsn")?);
    read.i64("commit time")?;
    Ok(Commit { commit_lsn, end_lsn })
}

fn relation(read: &mut Reader<'_>) -> Result<Relation, DecodeError> {
    let oid = read.u32("relation oid")?;
    let schema = match read.cstr("relation schema")? {
        "" => "pg_catalog".to_owned(),
        name => name.to_owned(),
    };
    let name = read.cstr("relation name")?.to_owned();
    let at = read.at();
    let identity = match read.u8("replica identity")? {
        b'd' => Identity::Default,
        b'n' => Identity::Nothing,
        b'f' => Identity::Full,
        b'i' => Identity::Index,
        found => {
            return Err(DecodeError::Unknown { what: "replica identity", at, found: found.into() });
        }
    };
    let count = usize::from(read.u16("column count")?);
    // A column takes ten bytes at least: what the message cannot hold is not reserved.
    let mut columns = Vec::with_capacity(count.min(read.left() / 10));
    for _ in 0..count {
        columns.push(RelationColumn {
            identity: read.u8("column flags")? & 1 == 1,
            name: read.cstr("column name")?.to_owned(),
            type_oid: read.u32("column type")?,
            typmod: read.i32("column type modifier")?,
        });
    }
    Ok(Relation { oid, schema, name, identity, columns })
}

fn insert(read: &mut Reader<'_>) -> Result<Message, DecodeError> {
    let oid = read.u32("insert relation")?;
    expect(read, b'N', "insert tuple")?;
    Ok(Message::Insert { oid, new: tuple(read)? })
}

fn update(read: &mut Reader<'_>) -> Result<Message, DecodeError> {
    let oid = read.u32("update relation")?;
    let at = read.at();
    let old = match read.u8("update tuple kind")? {
        b'N' => return Ok(Message::Update { oid, old: None, new: tuple(read)? }),
        b'K' => OldTuple::Key(tuple(read)?),
        b'O' => OldTuple::Full(tuple(read)?),
        found => {
            return Err(DecodeError::Unknown { what: "update tuple", at, found: found.into() });
        }
    };
    expect(read, b'N', "update new tuple")?;
    Ok(Message::Update { oid, old: Some(old), new: tuple(read)? })
}

fn delete(read: &mut Reader<'_>) -> Result<Message, DecodeError> {
    let oid = read.u32("delete relation")?;
    let at = read.at();
    let old = match read.u8("delete tuple kind")? {
        b'K' => OldTuple::Key(tuple(read)?),
        b'O' => OldTuple::Full(tuple(read)?),
        found => {
            return Err(DecodeError::Unknown { what: "delete tuple", at, found: found.into() });
        }
    };
    Ok(Message::Delete { oid, old })
}

fn truncate(read: &mut Reader<'_>) -> Result<Truncate, DecodeError> {
    let count = read.u32("truncate count")? as usize;
    let options = read.u8("truncate options")?;
    let mut oids = Vec::with_capacity(count.min(read.left() / 4));
    for _ in 0..count {
        oids.push(read.u32("truncate relation")?);
    }
    Ok(Truncate { oids, cascade: options & 1 != 0, restart_identity: options & 2 != 0 })
}

fn logical(read: &mut Reader<'_>) -> Result<Message, DecodeError> {
    let transactional = read.u8("message flags")? & 1 == 1;
    let lsn = Lsn::new(read.u64("message lsn")?);
    let prefix = read.cstr("message prefix")?.to_owned();
    let len = read.u32("message length")? as usize;
    let start = read.at();
    read.take(len, "message content")?;
    Ok(Message::Logical {
        transactional,
        lsn,
        prefix,
        content: read.frame().slice(start..start + len),
    })
}

fn expect(read: &mut Reader<'_>, kind: u8, what: &'static str) -> Result<(), DecodeError> {
    let at = read.at();
    match read.u8(what)? {
        found if found == kind => Ok(()),
        found => Err(DecodeError::Unknown { what, at, found: found.into() }),
    }
}

/// Reads a tuple as the places of its cells in the frame.
fn tuple(read: &mut Reader<'_>) -> Result<Row, DecodeError> {
    let count = usize::from(read.u16("tuple columns")?);
    let mut row = RowBuilder::with_capacity(count.min(read.left()));
    for _ in 0..count {
        let at = read.at();
        match read.u8("cell kind")? {
            b'n' => row.null(),
            b'u' => row.unchanged(),
            b't' => {
                let len = read.u32("cell length")?;
                let start = u32::try_from(read.at()).map_err(|_| DecodeError::Range {
                    what: "cell place",
                    at,
                    value: i64::MAX,
                })?;
                read.take(len as usize, "cell")?;
                row.text(start, len);
            }
            found => return Err(DecodeError::Unknown { what: "cell", at, found: found.into() }),
        }
    }
    Ok(row.build(read.frame().clone()))
}
