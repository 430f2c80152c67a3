//! A header's text in pieces: each of `: , { } [ ] "` by itself, and what lies between them. A backslash before one makes
//! it a part of what is around it.

/// A place in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(usize);

/// The pieces, taken one by one; one of them can be looked at before it is taken.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    next: Option<&'a str>,
}

/// Java's `trim`: control characters are white space, wide spaces are not.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

fn blank(text: &str) -> bool {
    trim(text).is_empty()
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, next: None }
    }

    /// The whole text.
    pub(super) fn original(&self) -> &'a str {
        self.text
    }

    /// Where the next piece begins.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.at - self.next.map_or(0, str::len))
    }

    /// Goes back.
    pub(super) fn rewind(&mut self, mark: Mark) {
        self.at = mark.0;
        self.next = None;
    }

    pub(super) fn has_next(&self) -> bool {
        self.next.is_some() || self.more()
    }

    fn more(&self) -> bool {
        self.at < self.text.len()
    }

    /// Takes a piece.
    pub(super) fn next(&mut self) -> &'a str {
        self.next.take().unwrap_or_else(|| self.consume())
    }

    /// Takes so many pieces as one, if there are as many.
    pub(super) fn several(&mut self, count: usize) -> Option<&'a str> {
        let start = self.mark();
        for _ in 0..count {
            if !self.has_next() {
                self.rewind(start);
                return None;
            }
            self.next();
        }
        Some(&self.text[start.0..self.at])
    }

    /// Takes the next piece if it is this one; blank pieces before it are dropped in any case.
    pub(super) fn take(&mut self, expected: &str) -> bool {
        if self.next.is_none() {
            if !self.more() {
                return false;
            }
            self.next = Some(self.consume());
        }
        while self.next.is_some_and(blank) && self.more() {
            self.next = Some(self.consume());
        }
        if self.next.is_some_and(|token| trim(token) == expected) {
            self.next = None;
            return true;
        }
        false
    }

    fn consume(&mut self) -> &'a str {
        let start = self.at;
        let mut escaped = false;
        for (offset, byte) in self.text.as_bytes()[start..].iter().enumerate() {
            match byte {
                b'\\' => escaped = !escaped,
                b':' | b',' | b'{' | b'}' | b'[' | b']' | b'"' if !escaped => {
                    // Delimiters are ASCII, so this is a boundary between characters.
                    self.at = start + offset.max(1);
                    return &self.text[start..self.at];
                }
                _ => escaped = false,
            }
        }
        self.at = self.text.len();
        &self.text[start..]
    }
}
