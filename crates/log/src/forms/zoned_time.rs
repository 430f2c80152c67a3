//! `time with time zone` as a time in UTC. Which zone it was in is lost.

use cdc::text::{read_time, write_time};
use connect_data::Value;

const DAY_MICROS: i64 = 86_400_000_000;

/// `04:05:06.78-08` as `12:05:06.78Z`.
pub(super) fn value(text: &str) -> Option<Value> {
    let at = text.rfind(['+', '-'])?;
    let (time, zone) = text.split_at(at);
    let micros = read_time(time.as_bytes())?;
    let east = offset_seconds(zone)?;
    if micros == DAY_MICROS && east == 0 {
        return Some(Value::String("24:00:00Z".to_owned()));
    }
    let utc = (micros - east * 1_000_000).rem_euclid(DAY_MICROS);
    let mut out = Vec::new();
    write_time(utc, &mut out);
    out.push(b'Z');
    String::from_utf8(out).ok().map(Value::String)
}

pub(super) fn offset_seconds(zone: &str) -> Option<i64> {
    let mut parts = zone.get(1..)?.split(':').map(str::parse::<i64>);
    let mut seconds = 0;
    for unit in [3_600, 60, 1] {
        match parts.next() {
            Some(part) => seconds += part.ok()? * unit,
            None => break,
        }
    }
    Some(if zone.starts_with('-') { -seconds } else { seconds })
}

/// The reverse, in UTC.
pub(super) fn text(value: &Value) -> Option<String> {
    let Value::String(text) = value else { return None };
    let time = text.strip_suffix('Z')?;
    read_time(time.as_bytes())?;
    Some(format!("{time}+00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_moved_to_utc() {
        for (text, utc) in [
            ("04:05:06.78-08", "12:05:06.78Z"),
            ("00:30:00+05:30", "19:00:00Z"),
            ("24:00:00+00", "24:00:00Z"),
            ("10:00:00+00", "10:00:00Z"),
        ] {
            assert_eq!(value(text), Some(Value::String(utc.to_owned())), "{text}");
        }
        assert_eq!(value("noon"), None);
    }
}
