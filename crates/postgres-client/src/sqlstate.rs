//! What a SQLSTATE means for us.
//!
//! <https://www.postgresql.org/docs/current/errcodes-appendix.html>

use cdc::Remedy;

/// What to do about an error of this SQLSTATE: what a server's state, load or restart caused may heal, what
/// a right, a name or a value caused will not.
pub fn remedy_of(code: &str) -> Remedy {
    match code {
        // Too many connections, no memory; the administrator shut down, the server starts or stops; a lock, a
        // deadlock, a serialization failure; an idle time-out; an object in use.
        "53300" | "53200" | "57P01" | "57P02" | "57P03" | "57P05" | "57014" | "55P03" | "40001"
        | "40P01" | "25P03" | "25P04" | "55006" => Remedy::Retry,
        // 42501 and the like never heal by waiting; neither does a full disk, which is for a person to see.
        code if code.starts_with("08") || code.starts_with("58") => Remedy::Retry,
        _ => Remedy::Halt,
    }
}

/// The manual's name of a SQLSTATE, for the ones whose message would show a value.
pub fn state_name(code: &str) -> &'static str {
    match code {
        "22001" => "string data right truncation: a value is too long for the column",
        "22003" => "numeric value out of range",
        "22007" => "invalid datetime format",
        "22008" => "datetime field overflow",
        "22021" => "character not in repertoire",
        "22P02" => "invalid text representation: a value is not of the column's type",
        "22P03" => "invalid binary representation",
        "22P04" => "bad COPY file format",
        "22P05" => "untranslatable character",
        "23502" => "not-null violation",
        "23503" => "foreign key violation",
        "23505" => "unique violation",
        "23514" => "check violation",
        "23P01" => "exclusion violation",
        "53100" => "disk full",
        "P0001" => "raised by a function or a trigger",
        code if code.starts_with("22") => "data exception",
        code if code.starts_with("23") => "integrity constraint violation",
        _ => "",
    }
}

/// Whether the SQLSTATE's class is one of PostgreSQL's own. Any other was chosen by whoever wrote a function.
pub(crate) fn is_own_class(code: &str) -> bool {
    const CLASSES: &str = "00 01 02 03 08 09 0A 0B 0F 0L 0P 0Z 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F \
        40 42 44 53 54 55 57 58 72 F0 HV P0 XX";
    code.get(..2).is_some_and(|class| CLASSES.split(' ').any(|own| own == class))
}

/// Whether the SQLSTATE says that a row was turned away: by its values, a constraint or a trigger.
pub fn is_about_rows(code: &str) -> bool {
    ["22", "23", "P0"].iter().any(|class| code.starts_with(class)) || !is_own_class(code)
}
