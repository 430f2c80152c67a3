//! The extension's `hstore`: `"a"=>"1", "b"=>NULL`.

use connect_data::Value;

use crate::debezium_json::json_string;

type Pairs = Vec<(String, Option<String>)>;

/// The pairs in the order Java's HashMap gives them back, which is the order of Debezium's.
fn pairs(text: &str) -> Option<Pairs> {
    let mut rest = text.trim();
    let mut pairs = Pairs::new();
    while !rest.is_empty() {
        let key = quoted(&mut rest)?;
        rest = rest.trim_start().strip_prefix("=>")?.trim_start();
        let value = match rest.strip_prefix("NULL") {
            Some(after) => {
                rest = after;
                None
            }
            None => Some(quoted(&mut rest)?),
        };
        pairs.push((key, value));
        rest = rest.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    let mut buckets: u32 = 16;
    while pairs.len() > buckets as usize / 4 * 3 {
        buckets *= 2;
    }
    pairs.sort_by_key(|(key, _)| {
        let hash = java_hash(key);
        (hash ^ hash >> 16) & (buckets - 1)
    });
    Some(pairs)
}

/// <https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/lang/String.html#hashCode()>
fn java_hash(text: &str) -> u32 {
    text.encode_utf16().fold(0, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

fn quoted(rest: &mut &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = rest.strip_prefix('"')?.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                *rest = &rest[at + 2..];
                return Some(out);
            }
            '\\' => out.push(chars.next()?.1),
            c => out.push(c),
        }
    }
    None
}

/// A map.
pub(super) fn map(text: &str) -> Option<Value> {
    let pair = |(key, value): (String, Option<String>)| {
        (Value::String(key), value.map_or(Value::Null, Value::String))
    };
    Some(Value::Map(pairs(text)?.into_iter().map(pair).collect()))
}

/// The text of a JSON object.
pub(super) fn json(text: &str) -> Option<Value> {
    let mut out = b"{".to_vec();
    for (i, (key, value)) in pairs(text)?.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend(json_string(key));
        out.push(b':');
        match value {
            Some(value) => out.extend(json_string(value)),
            None => out.extend(b"null"),
        }
    }
    out.push(b'}');
    String::from_utf8(out).ok().map(Value::String)
}

/// Shorter keys first, as the extension prints them.
fn text(mut pairs: Pairs) -> String {
    pairs.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let pair = |(key, value): &(String, Option<String>)| {
        let value = value.as_deref().map_or("NULL".to_owned(), quoted);
        format!("{}=>{value}", quoted(key))
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join(", ")
}

/// The reverse of [`map`].
pub(super) fn map_text(value: &Value) -> Option<String> {
    let Value::Map(entries) = value else { return None };
    let pairs = entries.iter().map(|entry| match entry {
        (Value::String(key), Value::Null) => Some((key.clone(), None)),
        (Value::String(key), Value::String(value)) => Some((key.clone(), Some(value.clone()))),
        _ => None,
    });
    Some(text(pairs.collect::<Option<_>>()?))
}

/// The reverse of [`json`].
pub(super) fn json_text(value: &Value) -> Option<String> {
    let Value::String(json) = value else { return None };
    let map: std::collections::BTreeMap<String, Option<String>> =
        serde_json::from_str(json).ok()?;
    Some(text(map.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_become_json_and_come_back() {
        let printed = r#""b"=>"2", "key"=>NULL, "other"=>"say \"hi\" \\ ok""#;
        let value = json(printed).unwrap();
        assert_eq!(json_text(&value).as_deref(), Some(printed));
        assert_eq!(map_text(&map(printed).unwrap()).as_deref(), Some(printed));
        assert_eq!(json(""), Some(Value::String("{}".to_owned())));
        assert_eq!(json("a=>1"), None);
    }
}
