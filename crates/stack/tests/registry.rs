//! A registry that really runs: schemas survive a stop.

use stack::Registry;

#[test]
fn schemas_survive_a_stop() {
    let registry = Registry::start().unwrap();
    assert!(registry.subjects().unwrap().is_empty());
    let body = r#"{"schema":"\"string\""}"#;
    let path = "/apis/ccompat/v7/subjects/words/versions";
    let answer = stack::http::exchange(registry.address(), "POST", path, body).unwrap();
    assert!(answer.contains(r#"{"id":1}"#), "{answer}");
    let url = registry.url();
    registry.stop().unwrap();
    assert!(registry.subjects().is_err());
    registry.start_again().unwrap();
    assert_eq!(registry.url(), url);
    assert_eq!(registry.subjects().unwrap(), ["words"]);
    assert_eq!(registry.latest("words").unwrap(), "string");
}
