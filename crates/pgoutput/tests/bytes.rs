//! Messages as a server sends them, each with what it says; every truncation is refused, nothing panics.

use bytes::{BufMut, Bytes, BytesMut};
use cdc::{Cell, Identity, Lsn};
use pgoutput::{Frame, Message, OldTuple};
use proptest::prelude::*;

fn cstr(out: &mut BytesMut, text: &str) {
    out.put_slice(text.as_bytes());
    out.put_u8(0);
}

fn tuple(out: &mut BytesMut, cells: &[Option<&[u8]>]) {
    out.put_u16(cells.len() as u16);
    for cell in cells {
        match cell {
            None => out.put_u8(b'n'),
            Some(b"\0unchanged") => out.put_u8(b'u'),
            Some(text) => {
                out.put_u8(b't');
                out.put_u32(text.len() as u32);
                out.put_slice(text);
            }
        }
    }
}

/// One message of each kind.
fn messages() -> Vec<Bytes> {
    let mut all = Vec::new();
    let mut add = |write: &dyn Fn(&mut BytesMut)| {
        let mut out = BytesMut::new();
        write(&mut out);
        all.push(out.freeze());
    };
    add(&|out| {
        out.put_u8(b'B');
        out.put_u64(100);
        out.put_i64(5);
        out.put_u32(7);
    });
    add(&|out| {
        out.put_u8(b'C');
        out.put_u8(0);
        out.put_u64(100);
        out.put_u64(130);
        out.put_i64(5);
    });
    add(&|out| {
        out.put_u8(b'R');
        out.put_u32(16_400);
        cstr(out, "public");
        cstr(out, "orders");
        out.put_u8(b'd');
        out.put_u16(2);
        out.put_u8(1);
        cstr(out, "id");
        out.put_u32(23);
        out.put_i32(-1);
        out.put_u8(0);
        cstr(out, "note");
        out.put_u32(25);
        out.put_i32(-1);
    });
    add(&|out| {
        out.put_u8(b'U');
        out.put_u32(16_400);
        out.put_u8(b'K');
        tuple(out, &[Some(b"1"), None]);
        out.put_u8(b'N');
        tuple(out, &[Some(b"2"), Some(b"\0unchanged")]);
    });
    add(&|out| {
        out.put_u8(b'I');
        out.put_u32(16_400);
        out.put_u8(b'N');
        tuple(out, &[Some(b"1"), Some("größe".as_bytes())]);
    });
    add(&|out| {
        out.put_u8(b'D');
        out.put_u32(16_400);
        out.put_u8(b'O');
        tuple(out, &[Some(b"1"), Some(b"")]);
    });
    add(&|out| {
        out.put_u8(b'T');
        out.put_u32(2);
        out.put_u8(3);
        out.put_u32(1);
        out.put_u32(2);
    });
    add(&|out| {
        out.put_u8(b'M');
        out.put_u8(1);
        out.put_u64(9);
        cstr(out, "prefix");
        out.put_u32(3);
        out.put_slice(b"abc");
    });
    add(&|out| {
        out.put_u8(b'O');
        out.put_u64(9);
        cstr(out, "origin");
    });
    add(&|out| {
        out.put_u8(b'Y');
        out.put_u32(16_500);
        cstr(out, "public");
        cstr(out, "mood");
    });
    all
}

#[test]
fn each_kind_says_what_was_written() {
    let decoded: Vec<_> = messages().iter().map(|data| Message::decode(data).unwrap()).collect();
    let Message::Begin(begin) = &decoded[0] else { panic!() };
    assert_eq!(
        (begin.commit_lsn, begin.commit_micros, begin.xid),
        (Lsn::new(100), 946_684_800_000_005, 7)
    );
    let Message::Commit(commit) = &decoded[1] else { panic!() };
    assert_eq!((commit.commit_lsn, commit.end_lsn), (Lsn::new(100), Lsn::new(130)));
    let Message::Relation(relation) = &decoded[2] else { panic!() };
    assert_eq!(
        (relation.oid, relation.name.as_str(), relation.identity),
        (16_400, "orders", Identity::Default)
    );
    assert!(relation.columns[0].identity && !relation.columns[1].identity);
    let Message::Update { old: Some(OldTuple::Key(old)), new, .. } = &decoded[3] else { panic!() };
    assert_eq!((old.cell(0), old.cell(1)), (Cell::Text(b"1"), Cell::Null));
    assert_eq!((new.cell(0), new.cell(1)), (Cell::Text(b"2"), Cell::Unchanged));
    let Message::Delete { old: OldTuple::Full(old), .. } = &decoded[5] else { panic!() };
    assert_eq!(old.cell(1), Cell::Text(b""));
    let Message::Truncate(truncate) = &decoded[6] else { panic!() };
    assert_eq!(
        (truncate.oids.as_slice(), truncate.cascade, truncate.restart_identity),
        ([1, 2].as_slice(), true, true)
    );
    let Message::Logical { content, transactional: true, .. } = &decoded[7] else { panic!() };
    assert_eq!(&content[..], b"abc");
}

#[test]
fn every_truncation_and_every_extra_byte_is_refused() {
    for data in messages() {
        for len in 0..data.len() {
            assert!(Message::decode(&data.slice(..len)).is_err(), "{len} of {data:?}");
        }
        let mut longer = BytesMut::from(&data[..]);
        longer.put_u8(0);
        assert!(Message::decode(&longer.freeze()).is_err(), "{data:?} and a byte");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = Bytes::from(bytes);
        let _ = Message::decode(&bytes);
        let _ = Frame::decode(&bytes);
    }

    #[test]
    fn no_changed_byte_makes_the_decoder_panic(which in 0..10_usize, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let data = &messages()[which];
        let mut changed = BytesMut::from(&data[..]);
        let at = at.index(changed.len());
        changed[at] = byte;
        if let Ok(Message::Insert { new, .. } | Message::Update { new, .. }) = Message::decode(&changed.freeze()) {
            new.cells().for_each(drop);
        }
    }
}
