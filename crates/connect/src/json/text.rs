//! Text and bytes inside JSON: escaping, and base64 as Jackson reads it.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Appends a JSON string. Characters beyond the first plane become two escapes, as Kafka Connect writes them.
pub(crate) fn put_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let length = match byte {
            b'"' | b'\\' | 0..0x20 => 1,
            0xf0.. => 4,
            _ => {
                at += 1;
                continue;
            }
        };
        out.extend_from_slice(&bytes[start..at]);
        if length == 1 {
            put_escape(byte, out);
        } else if let Some(wide) = text.get(at..at + 4).and_then(|piece| piece.chars().next()) {
            for unit in wide.encode_utf16(&mut [0; 2]) {
                // Writing to a Vec does not fail.
                let _ = write!(out, "\\u{unit:04X}");
            }
        }
        at += length;
        start = at;
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}

fn put_escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ => {
            let _ = write!(out, "\\u{byte:04X}");
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Appends the base64 of bytes, padded.
pub(crate) fn put_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The room is exactly what the padded form takes.
    let _ = STANDARD.encode_slice(bytes, &mut out[start..]);
}

/// Bytes from base64. White space may stand between groups of four, padding is required, and bits too many are dropped.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    let mut at = 0;
    loop {
        while bytes.get(at).is_some_and(|byte| *byte <= b' ') {
            at += 1;
        }
        if at == bytes.len() {
            return Some(out);
        }
        let group = bytes.get(at..at + 4)?;
        at += 4;
        let a = sextet(group[0])? << 18 | sextet(group[1])? << 12;
        let [_, high, middle, low] = match (group[2], group[3]) {
            (b'=', b'=') => {
                out.push((a >> 16).to_be_bytes()[3]);
                continue;
            }
            (c, b'=') => {
                let [_, high, middle, _] = (a | sextet(c)? << 6).to_be_bytes();
                out.extend_from_slice(&[high, middle]);
                continue;
            }
            (c, d) => (a | sextet(c)? << 6 | sextet(d)?).to_be_bytes(),
        };
        out.extend_from_slice(&[high, middle, low]);
    }
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}
