//! What pgrelay alone writes: the headers of position and of what only looks like the placeholder.

use pgrelay_log::{STAMP_HEADER, Stamp, VERBATIM_HEADER};

use crate::compare::OWN_HEADERS;
use crate::json::Json;
use crate::records::{Record, Topics};

/// What is wrong with them: each record has a position, and in a partition they only rise.
pub(crate) fn check(topics: &Topics) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((topic, partition), records) in topics {
        let mut before = None;
        for record in records {
            let at = format!("{topic}/{partition} offset {}", record.offset);
            let stamp = header(record, STAMP_HEADER).and_then(Json::text);
            let Some(stamp) = stamp.and_then(|stamp| Stamp::read(stamp.as_bytes())) else {
                wrong.push(format!("{at}: no header {STAMP_HEADER} that is a position"));
                continue;
            };
            let place = (stamp.position, stamp.sub);
            if before.is_some_and(|before| before >= place) {
                wrong.push(format!("{at}: its position is not behind the one before it"));
            }
            before = Some(place);
            for (name, value) in &record.headers {
                let texts = matches!(value, Json::Object(texts) if !texts.is_empty());
                let known = name == STAMP_HEADER || (name == VERBATIM_HEADER && texts);
                if name.starts_with(OWN_HEADERS) && !known {
                    wrong.push(format!("{at}: the header {name} is not one of ours: {value}"));
                }
            }
        }
    }
    wrong
}

fn header<'a>(record: &'a Record, name: &str) -> Option<&'a Json> {
    record.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value)
}
