//! How Debezium writes a TOAST value that the source did not send, for each form of column.

use crate::forms::{Form, Odd, Text};

/// Debezium's `unavailable.value.placeholder`.
pub(crate) const TEXT: &str = r#""__debezium_unavailable_value""#;
const BASE64: &str = r#""X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==""#;
const TEXT_ARRAY: &str = r#"["__debezium_unavailable_value"]"#;
const BASE64_ARRAY: &str = r#"["X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="]"#;
const NUMBER_ARRAY: &str = "[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,108,117,101]";
/// Java's `UUID.nameUUIDFromBytes` of the placeholder.
const UUID_ARRAY: &str = r#"["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]"#;
const PAIR: &str = r#"{"__debezium_unavailable_value":"__debezium_unavailable_value"}"#;
const PAIR_AS_TEXT: &str =
    r#""{\"__debezium_unavailable_value\":\"__debezium_unavailable_value\"}""#;

/// The JSON that stands for an unsent value, where the form has a value for it.
pub(crate) fn of(form: &Form) -> Option<&'static str> {
    Some(match form {
        Form::Text(_) | Form::Encoded(_) | Form::Digits { .. } => TEXT,
        Form::Odd(Odd::Unknown(cdc::BinaryMode::Bytes)) | Form::Bytes => BASE64,
        Form::Odd(Odd::Unknown(_)) => TEXT,
        Form::Odd(Odd::HstoreJson) => PAIR_AS_TEXT,
        Form::Odd(Odd::HstoreMap) => PAIR,
        Form::Array(element) => match **element {
            Form::Text(Text::Uuid) => UUID_ARRAY,
            Form::Text(_) => TEXT_ARRAY,
            Form::Bytes => BASE64_ARRAY,
            Form::Int(_) | Form::Days { connect: false } => NUMBER_ARRAY,
            _ => return None,
        },
        _ => return None,
    })
}
