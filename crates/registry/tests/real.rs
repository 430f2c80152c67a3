//! A real registry: what it takes, refuses and gives back.

#![allow(clippy::unwrap_used)]

use cdc::{Fault, Remedy};
use schema_registry::{Registry, RegistryError, Settings};
use serde_json::json;

const ONE: &str = r#"{"type":"record","name":"T","fields":[{"name":"a","type":"int"}]}"#;
const TWO: &str = r#"{"type":"record","name":"T","fields":[{"name":"a","type":"int"},{"name":"breaks","type":"int"}]}"#;

fn client(url: String) -> Registry {
    Registry::new(&Settings { url, ..Settings::default() }).unwrap()
}

#[test]
fn schemas_have_ids_and_a_breaking_one_is_refused() {
    let server = stack::Registry::shared().unwrap();
    let registry = client(format!("{}/", server.url()));
    registry.try_it().unwrap();
    let subject = format!("odd/name {}-value", std::process::id());
    let missing = registry.id(&subject, ONE, false).unwrap_err();
    assert!(matches!(missing, RegistryError::NotRegistered { .. }), "{missing}");
    let id = registry.id(&subject, ONE, true).unwrap();
    assert_eq!(registry.id(&subject, ONE, true).unwrap(), id);
    assert_eq!(registry.id(&subject, ONE, false).unwrap(), id);
    assert_eq!(registry.schema(id).unwrap(), ONE);
    let escaped = subject.replace('/', "%2F").replace(' ', "%20");
    server.set_compatibility(&escaped, "BACKWARD").unwrap();
    let refused = registry.id(&subject, TWO, true).unwrap_err();
    let finding = refused.finding();
    assert_eq!((finding.code, refused.remedy()), ("registry_incompatible", Remedy::Halt));
    assert!(finding.place.contains(&subject), "{finding}");
    assert!(finding.reason.contains("breaks"), "{finding}");
    let unknown = registry.schema(u32::MAX >> 1).unwrap_err();
    assert_eq!(unknown.finding().code, "registry_id_unknown");
    let wrong = registry.id(&subject, r#"{"type":"rec"}"#, true).unwrap_err();
    assert_eq!(wrong.finding().code, "registry_refused");
}

#[test]
fn what_a_schema_names_stands_before_it() {
    let server = stack::Registry::shared().unwrap();
    let subject = |name: &str| format!("{name}-{}", std::process::id());
    let register = |name: &str, schema: &str, references: &[(&str, &str)]| {
        let references: Vec<_> = references
            .iter()
            .map(|(of, name)| json!({ "name": name, "subject": subject(of), "version": 1 }))
            .collect();
        let body = json!({ "schema": schema, "schemaType": "AVRO", "references": references });
        server.register(&subject(name), &body).unwrap()
    };
    let money =
        r#"{"type":"record","name":"Money","namespace":"s","fields":[{"name":"n","type":"long"}]}"#;
    let item = r#"{"type":"record","name":"Item","namespace":"s","fields":[{"name":"price","type":"s.Money"}]}"#;
    let order = r#"{"type":"record","name":"Order","namespace":"s","fields":[{"name":"items","type":{"type":"array","items":"s.Item"}},{"name":"sum","type":["null","s.Money"]}]}"#;
    register("money", money, &[]);
    register("item", item, &[("money", "s.Money")]);
    let id = register("order", order, &[("item", "s.Item"), ("money", "s.Money")]);
    let registry = client(server.url());
    let texts = registry.schema_and_references(u32::try_from(id).unwrap()).unwrap();
    assert_eq!(texts, [money, item, order]);
}

#[test]
fn another_path_is_no_registry() {
    let server = stack::Registry::shared().unwrap();
    let registry = client(format!("http://{}/nowhere", server.address()));
    let error = registry.schema(1).unwrap_err();
    assert_eq!(error.finding().code, "registry_refused", "{error}");
    assert_eq!(registry.try_it().unwrap_err().remedy(), Remedy::Halt);
}
