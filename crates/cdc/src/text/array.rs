//! Arrays: `{a,"b c",NULL,{…}}`, with bounds of their own where they do not start at 1: `[0:1]={a,b}`.
//!
//! <https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>

use std::borrow::Cow;

/// A piece of an array's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// `{`: an array, or an array in an array, begins.
    Open,
    /// `}`: it ends.
    Close,
    /// An element that is null.
    Null,
    /// An element, without quotes and escapes.
    Element(Cow<'a, [u8]>),
}

/// A text that is not an array as PostgreSQL prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read array: byte {at} is not as PostgreSQL prints it")]
pub struct ArrayError {
    /// Which byte.
    pub at: usize,
}

/// The tokens of an array's text, in order.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
    delimiter: u8,
    depth: usize,
    expect: Expect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Start,
    FirstItem,
    Item,
    DelimiterOrClose,
    End,
}

/// The bounds a text gives its array, with their `=`; empty where they are the usual ones.
pub fn bounds(text: &[u8]) -> &[u8] {
    if text.first() != Some(&b'[') {
        return &[];
    }
    text.iter().position(|byte| *byte == b'=').map_or(&[], |at| &text[..=at])
}

/// Reads an array whose elements are separated by `delimiter`: a comma for every built-in type but `box`.
pub fn tokens(text: &[u8], delimiter: u8) -> Tokens<'_> {
    Tokens { text, at: bounds(text).len(), delimiter, depth: 0, expect: Expect::Start }
}

/// The elements of an array of one dimension with the usual bounds; `None` is a null element. An array of
/// another shape, or a text that is none, is `None` as a whole.
pub fn flat(text: &[u8], delimiter: u8) -> Option<Vec<Option<Cow<'_, [u8]>>>> {
    if !bounds(text).is_empty() {
        return None;
    }
    let mut elements = Vec::new();
    let mut open = 0;
    for token in tokens(text, delimiter) {
        match token.ok()? {
            Token::Open => open += 1,
            Token::Close => {}
            Token::Null => elements.push(None),
            Token::Element(element) => elements.push(Some(element)),
        }
    }
    (open == 1).then_some(elements)
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Result<Token<'a>, ArrayError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.expect == Expect::End && self.at == self.text.len() {
            return None;
        }
        let token = self.token();
        if token.is_none() {
            let at = self.at;
            (self.expect, self.at) = (Expect::End, self.text.len());
            return Some(Err(ArrayError { at }));
        }
        token.map(Ok)
    }
}

impl<'a> Tokens<'a> {
    fn token(&mut self) -> Option<Token<'a>> {
        if self.expect == Expect::DelimiterOrClose
            && self.text.get(self.at) == Some(&self.delimiter)
        {
            self.at += 1;
            self.expect = Expect::Item;
        }
        let byte = *self.text.get(self.at)?;
        match (byte, self.expect) {
            (_, Expect::End) => None,
            (b'{', Expect::Start | Expect::FirstItem | Expect::Item) => {
                self.at += 1;
                self.depth += 1;
                self.expect = Expect::FirstItem;
                Some(Token::Open)
            }
            (b'}', Expect::FirstItem | Expect::DelimiterOrClose) => {
                self.at += 1;
                self.depth -= 1;
                self.expect = if self.depth == 0 { Expect::End } else { Expect::DelimiterOrClose };
                Some(Token::Close)
            }
            (b'"', Expect::FirstItem | Expect::Item) => {
                self.expect = Expect::DelimiterOrClose;
                self.quoted().map(Token::Element)
            }
            (_, Expect::FirstItem | Expect::Item) => {
                self.expect = Expect::DelimiterOrClose;
                self.bare()
            }
            _ => None,
        }
    }

    fn bare(&mut self) -> Option<Token<'a>> {
        let rest = self.text.get(self.at..)?;
        let end = rest.iter().position(|byte| *byte == self.delimiter || *byte == b'}')?;
        let element = &rest[..end];
        if element.is_empty() || element.iter().any(|byte| matches!(byte, b'"' | b'\\' | b'{')) {
            return None;
        }
        self.at += end;
        Some(if element == b"NULL" { Token::Null } else { Token::Element(Cow::Borrowed(element)) })
    }

    fn quoted(&mut self) -> Option<Cow<'a, [u8]>> {
        let start = self.at + 1;
        let mut owned: Option<Vec<u8>> = None;
        let mut from = start;
        let mut at = start;
        loop {
            match *self.text.get(at)? {
                b'"' => break,
                b'\\' => {
                    owned.get_or_insert_default().extend_from_slice(self.text.get(from..at)?);
                    self.text.get(at + 1)?;
                    (from, at) = (at + 1, at + 2);
                }
                _ => at += 1,
            }
        }
        self.at = at + 1;
        let last = self.text.get(from..at)?;
        Some(match owned {
            None => Cow::Borrowed(last),
            Some(mut owned) => {
                owned.extend_from_slice(last);
                Cow::Owned(owned)
            }
        })
    }
}

/// Appends one element as PostgreSQL prints it, quoted where it must be; `None` is a null.
pub fn write_element(element: Option<&[u8]>, delimiter: u8, out: &mut Vec<u8>) {
    let Some(element) = element else {
        out.extend_from_slice(b"NULL");
        return;
    };
    let special = |byte: &u8| {
        *byte == delimiter
            || matches!(
                byte,
                b'"' | b'\\' | b'{' | b'}' | b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C
            )
    };
    if !element.is_empty() && !element.eq_ignore_ascii_case(b"null") && !element.iter().any(special)
    {
        out.extend_from_slice(element);
        return;
    }
    out.push(b'"');
    for byte in element {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// Appends an array of one dimension.
pub fn write<'a>(
    elements: impl IntoIterator<Item = Option<&'a [u8]>>,
    delimiter: u8,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    for (i, element) in elements.into_iter().enumerate() {
        if i > 0 {
            out.push(delimiter);
        }
        write_element(element, delimiter, out);
    }
    out.push(b'}');
}

/// The same of what `write` makes of each item; `false` is a null.
///
/// # Errors
/// The first of `write`.
pub fn write_each<T, E>(
    items: impl IntoIterator<Item = T>,
    delimiter: u8,
    out: &mut Vec<u8>,
    mut write: impl FnMut(T, &mut Vec<u8>) -> Result<bool, E>,
) -> Result<(), E> {
    let mut text = Vec::new();
    out.push(b'{');
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(delimiter);
        }
        text.clear();
        let there = write(item, &mut text)?;
        write_element(there.then_some(&*text), delimiter, out);
    }
    out.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn element(text: &str) -> Token<'_> {
        Token::Element(Cow::Borrowed(text.as_bytes()))
    }

    fn read(text: &str) -> Result<Vec<Token<'_>>, ArrayError> {
        tokens(text.as_bytes(), b',').collect()
    }

    #[test]
    fn nested_arrays_and_bounds_are_read() {
        use Token::{Close, Null, Open};
        let inner = [Open, element("a"), Null, Close];
        assert_eq!(read("{a,NULL}").unwrap(), inner);
        assert_eq!(read("[0:1]={a,NULL}").unwrap(), inner);
        assert_eq!(bounds(b"[0:1]={a,NULL}"), b"[0:1]=");
        assert_eq!(
            read(r#"{{a,"b \"c\\,}"},{"NULL",null}}"#).unwrap(),
            [
                Open,
                Open,
                element("a"),
                element(r#"b "c\,}"#),
                Close,
                Open,
                element("NULL"),
                element("null"),
                Close,
                Close
            ]
        );
        assert_eq!(read("{}").unwrap(), [Open, Close]);
        for wrong in [
            "", "a", "{", "{a", "{a,}", "{,a}", "{a}b", "{a}}", "{\"a}", "{a\"b}", "{\"a\"b}",
            "[0:1]",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_one_dimension_is_flat() {
        assert_eq!(flat(b"{1,NULL}", b','), Some(vec![Some(b"1"[..].into()), None]));
        assert_eq!(flat(b"{}", b','), Some(vec![]));
        assert_eq!(flat(b"{{1},{2}}", b','), None);
        assert_eq!(flat(b"[0:0]={1}", b','), None);
    }

    proptest! {
        #[test]
        fn elements_read_back(
            elements in proptest::collection::vec(proptest::option::of(r#"[ab,;"\\{} \t\n]{0,4}|NULL|null|ß"#), 0..6)
        ) {
            for delimiter in [b',', b';'] {
                let mut text = Vec::new();
                write(elements.iter().map(|e| e.as_ref().map(String::as_bytes)), delimiter, &mut text);
                let read = flat(&text, delimiter).unwrap();
                let read: Vec<_> = read.iter().map(|e| e.as_deref()).collect();
                let expected: Vec<_> = elements.iter().map(|e| e.as_ref().map(String::as_bytes)).collect();
                prop_assert_eq!(read, expected);
            }
        }

        #[test]
        fn any_text_is_safe(text in r#"[\[\]=:{}",\\aN0-9]{0,24}"#) {
            let _ = read(&text);
            let _ = flat(text.as_bytes(), b',');
        }
    }
}
