//! Days, times and moments without a zone as ISO 8601 has them, with the zone Debezium puts behind: UTC.

use cdc::text::{Date, MaybeInfinite, Timestamp, read_time};

/// `2017-09-15Z`; none for a day without end.
pub(crate) fn date(text: &[u8]) -> Option<String> {
    let Some(MaybeInfinite::Finite(_)) = Date::read(text) else { return None };
    Some(format!("{}Z", java_date(std::str::from_utf8(text).ok()?)?))
}

/// `04:05:06.78Z`
pub(crate) fn time(text: &[u8]) -> Option<String> {
    read_time(text)?;
    Some(format!("{}Z", std::str::from_utf8(text).ok()?))
}

/// `2017-09-15T04:05:06.78Z`
pub(crate) fn moment(text: &[u8]) -> Option<String> {
    let Some(MaybeInfinite::Finite(_)) = Timestamp::read(text) else { return None };
    let text = std::str::from_utf8(text).ok()?;
    let (day, time) = text.split_once(' ')?;
    let (time, era) = time.split_once(' ').map_or((time, ""), |(time, era)| (time, era));
    let day = if era.is_empty() { day.to_owned() } else { format!("{day} {era}") };
    Some(format!("{}T{time}Z", java_date(&day)?))
}

/// The year as Java has it: 0 is 1 BC, and beyond four digits it has a sign.
fn java_date(text: &str) -> Option<String> {
    let (day, bc) = text.strip_suffix(" BC").map_or((text, false), |day| (day, true));
    let (year, rest) = day.split_once('-')?;
    let year: i64 = year.parse().ok()?;
    let year = if bc { 1 - year } else { year };
    Some(match year {
        10_000.. => format!("+{year}-{rest}"),
        0..10_000 => format!("{year:04}-{rest}"),
        _ => format!("-{:04}-{rest}", -year),
    })
}

/// The text PostgreSQL prints for any of the three; `None` where it is none.
pub(crate) fn text(iso: &str) -> Option<String> {
    let local = iso.strip_suffix('Z')?;
    if read_time(local.as_bytes()).is_some() {
        return Some(local.to_owned());
    }
    let (day, time) = match local.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (local, None),
    };
    let unsigned = day.trim_start_matches(['+', '-']);
    let (year, rest) = unsigned.split_once('-')?;
    let year: i64 = year.parse().ok()?;
    let year = if day.starts_with('-') { -year } else { year };
    let (shown, era) = if year <= 0 { (1 - year, " BC") } else { (year, "") };
    let time = time.map(|time| format!(" {time}")).unwrap_or_default();
    Some(format!("{shown:04}-{rest}{time}{era}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_written_is_read() {
        for (read, text, iso) in [
            (super::date as fn(&[u8]) -> Option<String>, "2017-09-15", "2017-09-15Z"),
            (super::date, "0044-03-15 BC", "-0043-03-15Z"),
            (super::date, "0001-01-01 BC", "0000-01-01Z"),
            (super::date, "12345-01-01", "+12345-01-01Z"),
            (super::time, "04:05:06.78", "04:05:06.78Z"),
            (super::moment, "2017-09-15 04:05:06.78", "2017-09-15T04:05:06.78Z"),
            (super::moment, "0044-03-15 04:05:06 BC", "-0043-03-15T04:05:06Z"),
        ] {
            assert_eq!(read(text.as_bytes()).as_deref(), Some(iso));
            assert_eq!(super::text(iso).as_deref(), Some(text));
        }
        assert_eq!(super::date(b"infinity"), None);
    }
}
