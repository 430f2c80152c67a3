//! JSON text as a tree, read as leniently as Kafka Connect reads it.
//!
//! Zeros may lead a number, the last of equal keys counts, and what follows the first value is not looked at. Text that
//! need not be unescaped is borrowed.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::Decimal;
use crate::string::separated;

/// How deep values may nest.
const DEPTH_MAX: usize = 1000;
/// How many characters a number may have.
const NUMBER_MAX: usize = 1000;
/// Up to this many keys, comparing them all with one another is cheaper than a table.
const FEW_KEYS: usize = 16;

/// A value in a JSON text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node<'a> {
    /// No text at all.
    Missing,
    Null,
    Boolean(bool),
    /// A whole number of 64 bits.
    Long(i64),
    /// A larger whole number.
    Big(Decimal),
    /// A number with a point or an exponent, as it was written.
    Fraction(Cow<'a, str>),
    Text(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
    /// A schema that was read before: its place in the list the parser was given.
    Known(usize),
}

impl<'a> Node<'a> {
    /// The value of a key of an object; `hint` is where it probably is.
    pub(crate) fn get(&self, key: &str, hint: usize) -> Option<&Node<'a>> {
        let Self::Object(entries) = self else { return None };
        if let Some((name, node)) = entries.get(hint)
            && name == key
        {
            return Some(node);
        }
        entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// Its text, if it is a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same without the text it was read from.
    pub(crate) fn into_owned(self) -> Node<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Missing => Node::Missing,
            Self::Null => Node::Null,
            Self::Boolean(value) => Node::Boolean(value),
            Self::Long(number) => Node::Long(number),
            Self::Big(number) => Node::Big(number),
            Self::Fraction(text) => Node::Fraction(owned(text)),
            Self::Text(text) => Node::Text(owned(text)),
            Self::Array(nodes) => Node::Array(nodes.into_iter().map(Node::into_owned).collect()),
            Self::Object(entries) => Node::Object(
                entries.into_iter().map(|(key, node)| (owned(key), node.into_owned())).collect(),
            ),
            Self::Known(place) => Node::Known(place),
        }
    }

    /// Appends it as JSON.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Missing | Self::Null | Self::Known(_) => out.extend_from_slice(b"null"),
            Self::Boolean(true) => out.extend_from_slice(b"true"),
            Self::Boolean(false) => out.extend_from_slice(b"false"),
            Self::Long(number) => {
                out.extend_from_slice(itoa::Buffer::new().format(*number).as_bytes());
            }
            Self::Big(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Self::Fraction(text) => out.extend_from_slice(text.as_bytes()),
            Self::Text(text) => super::put_string(text, out),
            Self::Array(nodes) => {
                out.push(b'[');
                separated(nodes, b",", out, Self::put);
                out.push(b']');
            }
            Self::Object(entries) => {
                out.push(b'{');
                separated(entries, b",", out, |(key, node), out| {
                    super::put_string(key, out);
                    out.push(b':');
                    node.put(out);
                });
                out.push(b'}');
            }
        }
    }

    /// The kind of value it is, as error texts call it.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Missing => "MISSING",
            Self::Null => "NULL",
            Self::Boolean(_) => "BOOLEAN",
            Self::Long(_) | Self::Big(_) | Self::Fraction(_) => "NUMBER",
            Self::Text(_) => "STRING",
            Self::Array(_) => "ARRAY",
            Self::Object(_) | Self::Known(_) => "OBJECT",
        }
    }
}

/// The text is not JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

type Parsed<T> = Result<T, Malformed>;

/// Reads the first value of a text. `known` are texts of schemas: where one of them stands as the value of an outermost
/// `schema` key, it is recognized and not read again.
pub(crate) fn parse<'a>(bytes: &'a [u8], known: &[Box<[u8]>]) -> Parsed<Node<'a>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut parser = Parser { bytes, at: 0, depth: 0, known, schema: 0..0 };
    parser.document()
}

/// As [`parse`] with nothing known; where the text of an outermost `schema` object was, that is told, too.
pub(crate) fn parse_with_schema(bytes: &[u8]) -> Parsed<(Node<'_>, &[u8])> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut parser = Parser { bytes, at: 0, depth: 0, known: &[], schema: 0..0 };
    let node = parser.document()?;
    Ok((node, &bytes[parser.schema]))
}

struct Parser<'a, 'k> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    known: &'k [Box<[u8]>],
    schema: std::ops::Range<usize>,
}

impl<'a> Parser<'a, '_> {
    fn document(&mut self) -> Parsed<Node<'a>> {
        self.space();
        if self.at == self.bytes.len() {
            return Ok(Node::Missing);
        }
        let node = self.value()?;
        // A number or a word ends where something begins that cannot be a part of it.
        let next = self.peek();
        let ends = match node {
            Node::Long(_) | Node::Big(_) | Node::Fraction(_) => {
                matches!(next, None | Some(b' ' | b'\t' | b'\r' | b'\n'))
            }
            _ => true,
        };
        if ends { Ok(node) } else { Err(Malformed) }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, expected: u8) -> Parsed<()> {
        if self.peek() == Some(expected) {
            self.at += 1;
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    fn value(&mut self) -> Parsed<Node<'a>> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Node::Text),
            Some(b't') => self.word(b"true", Node::Boolean(true)),
            Some(b'f') => self.word(b"false", Node::Boolean(false)),
            Some(b'n') => self.word(b"null", Node::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(Malformed),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Parsed<Node<'a>>) -> Parsed<Node<'a>> {
        if self.depth == DEPTH_MAX {
            return Err(Malformed);
        }
        self.depth += 1;
        self.at += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn word(&mut self, word: &[u8], node: Node<'a>) -> Parsed<Node<'a>> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(Malformed);
        }
        self.at += word.len();
        let rest = &self.bytes[self.at..];
        let next = rest.get(..rest.len().min(4)).and_then(|piece| piece.utf8_chunks().next());
        let next = next.and_then(|piece| piece.valid().chars().next());
        match next {
            Some(next) if next.is_alphanumeric() || next == '_' => Err(Malformed),
            _ => Ok(node),
        }
    }

    fn array(&mut self) -> Parsed<Node<'a>> {
        let mut nodes = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Node::Array(nodes));
        }
        loop {
            self.space();
            nodes.push(self.value()?);
            self.space();
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(Node::Array(nodes));
            }
            self.take(b',')?;
        }
    }

    fn object(&mut self) -> Parsed<Node<'a>> {
        let mut entries = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Node::Object(entries));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            self.take(b':')?;
            self.space();
            let node =
                if self.depth == 1 && key == "schema" { self.schema()? } else { self.value()? };
            entries.push((key, node));
            self.space();
            if self.peek() == Some(b'}') {
                self.at += 1;
                last_wins(&mut entries);
                return Ok(Node::Object(entries));
            }
            self.take(b',')?;
        }
    }

    fn schema(&mut self) -> Parsed<Node<'a>> {
        let rest = &self.bytes[self.at..];
        // What is known begins and ends with a brace, so a text that begins with it has the same value here.
        if let Some(place) = self.known.iter().position(|text| rest.starts_with(text)) {
            self.at += self.known[place].len();
            return Ok(Node::Known(place));
        }
        let start = self.at;
        let node = self.value()?;
        self.schema = start..self.at;
        Ok(node)
    }

    fn number(&mut self) -> Parsed<Node<'a>> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first_digit = self.at;
        self.digits()?;
        let mut whole = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            whole = false;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            whole = false;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let zeros = self.bytes[first_digit..self.at].iter().take_while(|b| **b == b'0').count();
        if self.at - first_digit - zeros > NUMBER_MAX {
            return Err(Malformed);
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at]).map_err(|_| Malformed)?;
        if !whole {
            // Only an exponent beyond all bounds is refused.
            if text.len() > 9 && Decimal::parse(text).is_none() {
                return Err(Malformed);
            }
            return Ok(Node::Fraction(Cow::Borrowed(text)));
        }
        match text.parse() {
            Ok(number) => Ok(Node::Long(number)),
            Err(_) => Decimal::parse(text).map(Node::Big).ok_or(Malformed),
        }
    }

    fn digits(&mut self) -> Parsed<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(Malformed) } else { Ok(()) }
    }

    fn string(&mut self) -> Parsed<Cow<'a, str>> {
        self.take(b'"')?;
        let start = self.at;
        let mut owned: Option<String> = None;
        let mut piece = start;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let rest = self.piece(piece)?;
                    self.at += 1;
                    return Ok(match owned {
                        Some(text) => Cow::Owned(text + rest),
                        None => Cow::Borrowed(rest),
                    });
                }
                Some(b'\\') => {
                    let rest = self.piece(piece)?;
                    let text = owned.get_or_insert_default();
                    text.push_str(rest);
                    self.at += 1;
                    let unescaped = self.escape()?;
                    owned.get_or_insert_default().push(unescaped);
                    piece = self.at;
                }
                None | Some(0..0x20) => return Err(Malformed),
                Some(_) => self.at += 1,
            }
        }
    }

    fn piece(&self, start: usize) -> Parsed<&'a str> {
        std::str::from_utf8(&self.bytes[start..self.at]).map_err(|_| Malformed)
    }

    fn escape(&mut self) -> Parsed<char> {
        let escaped = self.peek().ok_or(Malformed)?;
        self.at += 1;
        Ok(match escaped {
            b'"' | b'\\' | b'/' => char::from(escaped),
            b'b' => '\u{8}',
            b't' => '\t',
            b'n' => '\n',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'u' => {
                let unit = self.unit()?;
                let low = if (0xd800..0xdc00).contains(&unit)
                    && self.bytes[self.at..].starts_with(b"\\u")
                {
                    let back = self.at;
                    self.at += 2;
                    let low = self.unit()?;
                    if !(0xdc00..0xe000).contains(&low) {
                        self.at = back;
                    }
                    low
                } else {
                    0
                };
                let mut decoded = char::decode_utf16([unit, low]);
                // Half a pair is no character; it becomes what Java makes of it in UTF-8.
                decoded.next().and_then(Result::ok).unwrap_or('?')
            }
            _ => return Err(Malformed),
        })
    }

    fn unit(&mut self) -> Parsed<u16> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or(Malformed)?;
        self.at += 4;
        digits.iter().try_fold(0, |sum, digit| {
            let digit = char::from(*digit).to_digit(16).ok_or(Malformed)?;
            Ok(sum * 16 + u16::try_from(digit).map_err(|_| Malformed)?)
        })
    }
}

/// Of entries with the same key keeps the last value, at the place of the first.
fn last_wins(entries: &mut Vec<(Cow<'_, str>, Node<'_>)>) {
    let few = entries.len() <= FEW_KEYS;
    let distinct = few
        && entries
            .iter()
            .enumerate()
            .all(|(at, (key, _))| entries[..at].iter().all(|(other, _)| other != key));
    if distinct {
        return;
    }
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::with_capacity(entries.len());
    let mut kept: Vec<(Cow<'_, str>, Node<'_>)> = Vec::with_capacity(entries.len());
    for (key, node) in entries.drain(..) {
        if let Some(&place) = places.get(&key) {
            kept[place].1 = node;
        } else {
            places.insert(key.clone(), kept.len());
            kept.push((key, node));
        }
    }
    *entries = kept;
}
