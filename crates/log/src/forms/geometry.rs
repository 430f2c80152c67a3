//! PostgreSQL's shapes, and PostGIS's: structs around WKB, little end first.
//!
//! <https://www.ogc.org/standard/sfa/>

use std::sync::{Arc, LazyLock};

use connect_data::{Schema, Struct, Value};

use super::odd::Shape;
use super::{Form, Odd, float, schema_of};

static POINT: LazyLock<Arc<Schema>> = LazyLock::new(|| schema(Odd::Point));
static LINE: LazyLock<Arc<Schema>> = LazyLock::new(|| schema(Odd::Line));
static CIRCLE: LazyLock<Arc<Schema>> = LazyLock::new(|| schema(Odd::Circle));
static GEOMETRY: LazyLock<Arc<Schema>> = LazyLock::new(|| schema(Odd::Geometry));
static GEOGRAPHY: LazyLock<Arc<Schema>> = LazyLock::new(|| schema(Odd::Geography));

fn schema(odd: Odd) -> Arc<Schema> {
    Arc::new(schema_of(&Form::Odd(odd)))
}

fn structure(schema: &Arc<Schema>, values: Vec<Value>) -> Value {
    Value::Struct(Struct { schema: Arc::clone(schema), values })
}

/// The numbers of a text, whatever stands between them.
fn numbers(text: &str) -> Option<Vec<f64>> {
    text.split(['(', ')', '<', '>', '{', '}', '[', ']', ','])
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok())
        .collect()
}

fn pairs(text: &str) -> Option<Vec<[f64; 2]>> {
    let numbers = numbers(text)?;
    (numbers.len() % 2 == 0).then(|| numbers.chunks_exact(2).map(|p| [p[0], p[1]]).collect())
}

/// `(1,2)`
pub(super) fn point(text: &str) -> Option<Value> {
    let [x, y] = numbers(text)?.try_into().ok()?;
    Some(point_value(&POINT, x, y))
}

fn point_value(schema: &Arc<Schema>, x: f64, y: f64) -> Value {
    let mut wkb = vec![1, 1, 0, 0, 0];
    wkb.extend(x.to_le_bytes());
    wkb.extend(y.to_le_bytes());
    let values = vec![Value::Float64(x), Value::Float64(y), Value::Bytes(wkb), Value::Null];
    structure(schema, values)
}

/// `{1,2,3}`
pub(super) fn line(text: &str) -> Option<Value> {
    let [a, b, c] = numbers(text)?.try_into().ok()?;
    Some(structure(&LINE, [a, b, c].map(Value::Float64).to_vec()))
}

/// `<(1,2),3>`
pub(super) fn circle(text: &str) -> Option<Value> {
    let [x, y, radius] = numbers(text)?.try_into().ok()?;
    let center = CIRCLE.fields().first()?;
    let center = point_value(&center.schema, x, y);
    Some(structure(&CIRCLE, vec![center, Value::Float64(radius)]))
}

/// `(1,2),(0,0)`, `[(0,0),(1,1)]`, `((0,0),(1,1))`
pub(super) fn shape(shape: Shape, text: &str) -> Option<Value> {
    let points = pairs(text)?;
    let (kind, wkb, closed) = match (shape, points.as_slice()) {
        (Shape::Box, [[x1, y1], [x2, y2]]) => {
            let ring = [[*x1, *y1], [*x1, *y2], [*x2, *y2], [*x2, *y1], [*x1, *y1]];
            ("box", polygon(&ring), None)
        }
        (Shape::Lseg, [_, _]) => ("lseg", line_string(&points), None),
        (Shape::Path, _) => ("path", line_string(&points), Some(text.starts_with('('))),
        (Shape::Polygon, _) => {
            let mut ring = points.clone();
            if ring.len() >= 2 && ring.first() != ring.last() {
                ring.push(points[0]);
            }
            ("polygon", polygon(&ring), None)
        }
        _ => return None,
    };
    let word = |text: &str| Value::String(text.to_owned());
    let mut extensions = vec![(word("type"), word(kind))];
    if let Some(closed) = closed {
        extensions.push((word("closed"), word(if closed { "true" } else { "false" })));
    }
    let values = vec![Value::Bytes(wkb), Value::Null, Value::Map(extensions)];
    Some(structure(&GEOMETRY, values))
}

fn put_points(points: &[[f64; 2]], out: &mut Vec<u8>) {
    out.extend(u32::try_from(points.len()).unwrap_or(u32::MAX).to_le_bytes());
    for number in points.as_flattened() {
        out.extend(number.to_le_bytes());
    }
}

fn line_string(points: &[[f64; 2]]) -> Vec<u8> {
    let mut out = vec![1, 2, 0, 0, 0];
    put_points(points, &mut out);
    out
}

fn polygon(ring: &[[f64; 2]]) -> Vec<u8> {
    let mut out = vec![1, 3, 0, 0, 0, 1, 0, 0, 0];
    put_points(ring, &mut out);
    out
}

/// PostGIS's text: EWKB in hexadecimal.
pub(super) fn ewkb(text: &str, geography: bool) -> Option<Value> {
    let mut wkb = Vec::new();
    let hex = format!("\\x{}", text.to_ascii_lowercase());
    if !cdc::text::bytea::read(hex.as_bytes(), &mut wkb) || wkb.len() < 9 {
        return None;
    }
    let word = |at: usize| -> Option<u32> {
        let bytes: [u8; 4] = wkb.get(at..at + 4)?.try_into().ok()?;
        Some(if wkb[0] == 0 { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    };
    let srid = if word(1)? & 0x2000_0000 != 0 { Some(word(5)?.cast_signed()) } else { None };
    let srid = srid.map_or(Value::Null, Value::Int32);
    Some(if geography {
        structure(&GEOGRAPHY, vec![Value::Bytes(wkb), srid])
    } else {
        structure(&GEOMETRY, vec![Value::Bytes(wkb), srid, Value::Null])
    })
}

fn fields(value: &Value) -> Option<&Struct> {
    match value {
        Value::Struct(fields) => Some(fields),
        _ => None,
    }
}

fn double(fields: &Struct, name: &str) -> Option<String> {
    match fields.get(name)? {
        // JSON has no other numbers, and Connect reads what stands for them as nought.
        Value::Float64(number) if number.is_finite() => Some(float::print(*number)),
        _ => None,
    }
}

/// The reverse of [`point`].
pub(super) fn point_text(value: &Value) -> Option<String> {
    let point = fields(value)?;
    Some(format!("({},{})", double(point, "x")?, double(point, "y")?))
}

/// The reverse of [`line`].
pub(super) fn line_text(value: &Value) -> Option<String> {
    let line = fields(value)?;
    Some(format!("{{{},{},{}}}", double(line, "a")?, double(line, "b")?, double(line, "c")?))
}

/// The reverse of [`circle`].
pub(super) fn circle_text(value: &Value) -> Option<String> {
    let circle = fields(value)?;
    Some(format!("<{},{}>", point_text(circle.get("center")?)?, double(circle, "radius")?))
}

/// The reverse of [`ewkb`].
pub(super) fn ewkb_text(value: &Value) -> Option<String> {
    match fields(value)?.get("wkb")? {
        Value::Bytes(wkb) => {
            let hex = super::encoded(cdc::BinaryMode::Hex, wkb);
            Some(hex.to_ascii_uppercase())
        }
        _ => None,
    }
}

/// The reverse of [`shape`]. What is closed and what is a box stands beside the points.
pub(super) fn shape_text(shape: Shape, value: &Value) -> Option<String> {
    let shape_of = fields(value)?;
    let Value::Bytes(wkb) = shape_of.get("wkb")? else { return None };
    let points = points_of(wkb)?;
    let listed = |points: &[[f64; 2]]| {
        let points =
            points.iter().map(|[x, y]| format!("({},{})", float::print(*x), float::print(*y)));
        points.collect::<Vec<_>>().join(",")
    };
    Some(match shape {
        // PostgreSQL has the corner that is farther up and to the right first.
        Shape::Box => {
            let [first, _, third, ..] = points.as_slice() else { return None };
            let corner =
                |pick: fn(f64, f64) -> f64| [pick(first[0], third[0]), pick(first[1], third[1])];
            listed(&[corner(f64::max), corner(f64::min)])
        }
        Shape::Lseg => format!("[{}]", listed(&points)),
        Shape::Path if is_closed(shape_of) => format!("({})", listed(&points)),
        Shape::Path => format!("[{}]", listed(&points)),
        Shape::Polygon => {
            let (_, ring) = points.split_last()?;
            format!("({})", listed(if ring.is_empty() { &points } else { ring }))
        }
    })
}

fn is_closed(shape: &Struct) -> bool {
    let Some(Value::Map(extensions)) = shape.get("extensions") else { return false };
    let is = |value: &Value, word: &str| matches!(value, Value::String(text) if text == word);
    extensions.iter().any(|(key, value)| is(key, "closed") && is(value, "true"))
}

/// The points of a line string, or of the one ring of a polygon.
fn points_of(wkb: &[u8]) -> Option<Vec<[f64; 2]>> {
    let ([1, 2, 0, 0, 0, rest @ ..] | [1, 3, 0, 0, 0, 1, 0, 0, 0, rest @ ..]) = wkb else {
        return None;
    };
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let numbers =
        rest.chunks_exact(8).map(|bytes| Some(f64::from_le_bytes(bytes.try_into().ok()?)));
    let numbers: Vec<f64> = numbers.collect::<Option<_>>()?;
    let points: Vec<[f64; 2]> = numbers.chunks_exact(2).map(|p| [p[0], p[1]]).collect();
    (points.len() == usize::try_from(u32::from_le_bytes(*count)).ok()?).then_some(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_come_back_as_they_were() {
        for (kind, text) in [
            (Shape::Box, "(2,3),(1,-1.5)"),
            (Shape::Lseg, "[(0,0),(1,1e+20)]"),
            (Shape::Path, "((0,0),(1,1),(2,0))"),
            (Shape::Path, "[(0,0),(1,1)]"),
            (Shape::Polygon, "((0,0),(1,1),(1,0))"),
        ] {
            let value = shape(kind, text).unwrap();
            assert_eq!(shape_text(kind, &value).as_deref(), Some(text));
        }
        assert_eq!(points_of(&[1, 2, 0, 0, 0, 9, 0, 0, 0]), None);
    }

    #[test]
    fn shapes_are_read_and_printed() {
        assert_eq!(point_text(&point("(1.5,-2)").unwrap()).as_deref(), Some("(1.5,-2)"));
        assert_eq!(line_text(&line("{1,2,3e+20}").unwrap()).as_deref(), Some("{1,2,3e+20}"));
        assert_eq!(circle_text(&circle("<(1,2),3>").unwrap()).as_deref(), Some("<(1,2),3>"));
        let text = "0101000020E6100000000000000000F03F0000000000000040";
        assert_eq!(ewkb_text(&ewkb(text, false).unwrap()).as_deref(), Some(text));
        assert!(shape(Shape::Polygon, "((0,0),(1,1),(1,0))").is_some());
        assert!(shape(Shape::Box, "(1,2)").is_none() && point("(a,b)").is_none());
    }
}
