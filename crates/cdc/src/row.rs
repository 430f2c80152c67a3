//! One row: the bytes it arrived in and where its cells are, parsed only when somebody asks.

use std::fmt;

use bytes::Bytes;

/// A value of Kafka Connect's data model, for the records of other producers and for what a transform makes.
///
/// <https://kafka.apache.org/documentation/#connect_developing>
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `boolean`.
    Bool(bool),
    /// `int8`, `int16`, `int32` or `int64`.
    Int(i64),
    /// `float32` or `float64`.
    Float(f64),
    /// `string`.
    String(Box<str>),
    /// `bytes`.
    Bytes(Bytes),
    /// `array`; `None` is a null element.
    Array(Vec<Option<Value>>),
    /// `map` or `struct`, in the order it was written.
    Struct(Vec<(Box<str>, Option<Value>)>),
}

/// What stands in one column of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// SQL's null.
    Null,
    /// A TOAST value that did not change and was not sent: its value is only in the source and the target.
    Unchanged,
    /// The value as PostgreSQL prints it.
    Text(&'a [u8]),
    /// The value of a record that carries types.
    Typed(&'a Value),
}

impl Cell<'_> {
    /// Whether the value is known here: it is present, or null.
    pub fn is_sent(&self) -> bool {
        !matches!(self, Cell::Unchanged)
    }
}

/// Where a cell's value is. 16 bytes.
#[derive(Clone, Debug)]
enum Place {
    Null,
    Unchanged,
    Frame { start: u32, len: u32 },
    Text(Box<Bytes>),
    Typed(Box<Value>),
}

/// One row. Cloning copies the places and shares the bytes.
#[derive(Clone)]
pub struct Row {
    frame: Bytes,
    places: Vec<Place>,
}

/// Shows how many cells there are and nothing of their values, so that no log line can. Invariant 10.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({} cells)", self.places.len())
    }
}

impl Row {
    /// A row with no bytes of its own, all null.
    pub fn nulls(columns: usize) -> Self {
        Self { frame: Bytes::new(), places: vec![Place::Null; columns] }
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The cell in column `i`; null past the last one.
    pub fn cell(&self, i: usize) -> Cell<'_> {
        match self.places.get(i) {
            None | Some(Place::Null) => Cell::Null,
            Some(Place::Unchanged) => Cell::Unchanged,
            Some(Place::Frame { start, len }) => {
                let (start, end) = (*start as usize, *start as usize + *len as usize);
                self.frame.get(start..end).map_or(Cell::Null, Cell::Text)
            }
            Some(Place::Text(text)) => Cell::Text(text),
            Some(Place::Typed(value)) => Cell::Typed(value),
        }
    }

    /// All cells, in the order of the columns.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        (0..self.places.len()).map(|i| self.cell(i))
    }

    /// Makes cell `i` null.
    pub fn set_null(&mut self, i: usize) {
        self.set(i, Place::Null);
    }

    /// Makes cell `i` the unsent value of a TOAST column.
    pub fn set_unchanged(&mut self, i: usize) {
        self.set(i, Place::Unchanged);
    }

    /// Puts a value, as PostgreSQL would print it, into cell `i`.
    pub fn set_text(&mut self, i: usize, text: impl Into<Bytes>) {
        self.set(i, Place::Text(Box::new(text.into())));
    }

    /// Puts a typed value into cell `i`.
    pub fn set_value(&mut self, i: usize, value: Value) {
        self.set(i, Place::Typed(Box::new(value)));
    }

    fn set(&mut self, i: usize, place: Place) {
        if let Some(cell) = self.places.get_mut(i) {
            *cell = place;
        }
    }

    /// Takes cell `i` out, so that the ones after it move down.
    pub fn remove(&mut self, i: usize) {
        if i < self.places.len() {
            self.places.remove(i);
        }
    }

    /// Fills the cells that are unchanged here with what `older` has for them.
    pub fn fill_unchanged(&mut self, older: &Row) {
        for i in 0..self.places.len() {
            if matches!(self.places[i], Place::Unchanged) {
                match older.cell(i) {
                    Cell::Null => self.set_null(i),
                    Cell::Unchanged => {}
                    Cell::Text(text) => self.set_text(i, Bytes::copy_from_slice(text)),
                    Cell::Typed(value) => self.set_value(i, value.clone()),
                }
            }
        }
    }

    /// Whether any cell is unchanged.
    pub fn has_unchanged(&self) -> bool {
        self.places.iter().any(|place| matches!(place, Place::Unchanged))
    }

    /// The bytes this row keeps in memory, roughly: for bounds.
    pub fn weight(&self) -> usize {
        let own: usize = self
            .places
            .iter()
            .map(|place| if let Place::Text(text) = place { text.len() } else { 0 })
            .sum();
        self.frame.len() + own + self.places.len() * size_of::<Place>()
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.places.len() == other.places.len() && self.cells().eq(other.cells())
    }
}

/// Makes a row over a frame, cell by cell.
#[derive(Debug)]
pub struct RowBuilder {
    places: Vec<Place>,
}

impl RowBuilder {
    /// Room for `columns` cells.
    pub fn with_capacity(columns: usize) -> Self {
        Self { places: Vec::with_capacity(columns) }
    }

    /// The next cell is null.
    pub fn null(&mut self) {
        self.places.push(Place::Null);
    }

    /// The next cell was not sent.
    pub fn unchanged(&mut self) {
        self.places.push(Place::Unchanged);
    }

    /// The next cell is `len` bytes of the frame from `start`.
    pub fn text(&mut self, start: u32, len: u32) {
        self.places.push(Place::Frame { start, len });
    }

    /// The next cell is a value of its own, as PostgreSQL would print it.
    pub fn own_text(&mut self, text: impl Into<Bytes>) {
        self.places.push(Place::Text(Box::new(text.into())));
    }

    /// The next cell is a typed value.
    pub fn value(&mut self, value: Value) {
        self.places.push(Place::Typed(Box::new(value)));
    }

    /// The row whose cells lie in `frame`. A place outside of it reads as null.
    pub fn build(self, frame: Bytes) -> Row {
        Row { frame, places: self.places }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_prints_none_of_its_values() {
        let mut row = Row::nulls(1);
        row.set_text(0, "canary");
        assert_eq!(format!("{row:?}"), "Row(1 cells)");
    }

    #[test]
    fn cells_are_read_in_place_and_set_one_by_one() {
        let mut builder = RowBuilder::with_capacity(4);
        builder.text(0, 2);
        builder.null();
        builder.unchanged();
        builder.text(2, 100);
        let mut row = builder.build(Bytes::from_static(b"42abc"));
        assert_eq!(row.cell(0), Cell::Text(b"42"));
        assert_eq!(
            row.cells().skip(1).collect::<Vec<_>>(),
            [Cell::Null, Cell::Unchanged, Cell::Null]
        );
        row.set_text(1, "x");
        row.remove(0);
        assert_eq!((row.len(), row.cell(0)), (3, Cell::Text(b"x")));
        assert!(row.has_unchanged());
        let mut older = Row::nulls(3);
        older.set_text(1, "toast");
        row.fill_unchanged(&older);
        assert_eq!(row.cell(1), Cell::Text(b"toast"));
    }
}
