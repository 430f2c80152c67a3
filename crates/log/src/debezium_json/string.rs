//! JSON strings: written eight bytes at a time.

/// Appends `text` as a JSON string, escaped as Jackson does; `Err` is the first byte that is not UTF-8.
pub(super) fn write(text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    if let Err(error) = std::str::from_utf8(text) {
        return Err(error.valid_up_to());
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = first_special(rest) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let Some((byte, after)) = special.split_first() {
            escape(*byte, out);
            rest = after;
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
    Ok(())
}

/// The first byte that JSON wants escaped.
fn first_special(text: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let (words, tail) = text.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let equals = |byte: u8| {
            let zeros = word ^ (ONES * u64::from(byte));
            zeros.wrapping_sub(ONES) & !zeros
        };
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let hits = (control | equals(b'"') | equals(b'\\')) & HIGHS;
        // A borrow can only mark bytes behind a real hit, and the first one is what is asked for.
        if hits != 0 {
            return Some(i * 8 + hits.trailing_zeros() as usize / 8);
        }
    }
    let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    tail.iter().position(special).map(|at| words.len() * 8 + at)
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x09 => b't',
        0x0A => b'n',
        0x0C => b'f',
        0x0D => b'r',
        _ => {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            out.extend_from_slice(b"\\u00");
            out.push(DIGITS[usize::from(byte >> 4)]);
            out.push(DIGITS[usize::from(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    #[test]
    fn what_is_not_utf8_is_refused_with_its_place() {
        assert_eq!(super::write(b"abc\xFFd", &mut Vec::new()), Err(3));
    }

    proptest! {
        #[test]
        fn any_string_reads_back(text in r#"([\x00-\x20"\\a-z]|ß|日|😀){0,40}"#) {
            let mut out = Vec::new();
            super::write(text.as_bytes(), &mut out).unwrap();
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
