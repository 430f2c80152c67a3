//! `bytea` in hexadecimal: `\x0aff`.

/// Appends the bytes of a `bytea`; `false`, and nothing appended, where the text is none.
pub fn read(text: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(hex) = text.strip_prefix(b"\\x").filter(|hex| hex.len() % 2 == 0) else {
        return false;
    };
    let start = out.len();
    out.reserve(hex.len() / 2);
    for pair in hex.chunks_exact(2) {
        let (high, low) = (VALUES[usize::from(pair[0])], VALUES[usize::from(pair[1])]);
        if high == NONE || low == NONE {
            out.truncate(start);
            return false;
        }
        out.push(high << 4 | low);
    }
    true
}

/// Appends bytes as PostgreSQL prints them.
pub fn write(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(2 + bytes.len() * 2);
    out.extend_from_slice(b"\\x");
    for byte in bytes {
        out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

const NONE: u8 = 0xFF;

/// The value of each hexadecimal digit. PostgreSQL prints small letters, and only these are read.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let (mut text, mut out) = (Vec::new(), Vec::new());
            super::write(&bytes, &mut text);
            prop_assert!(super::read(&text, &mut out));
            prop_assert_eq!(out, bytes);
        }

        #[test]
        fn other_text_is_refused_whole(text in r"(\\x)?[0-9a-fA-Fg]{0,9}") {
            let mut out = Vec::new();
            if super::read(text.as_bytes(), &mut out) {
                let mut again = Vec::new();
                super::write(&out, &mut again);
                prop_assert_eq!(again, text.as_bytes());
            } else {
                prop_assert!(out.is_empty());
            }
        }
    }
}
