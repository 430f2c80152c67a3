//! What a pipeline file may say, and how it is told where it is wrong.

use transforms::Step;

/// The message that refuses a file, and its line.
fn refused(yaml: &str) -> (u64, String) {
    let error = serde_saphyr::from_str::<Vec<Step>>(yaml).expect_err(yaml);
    let line = error.location().expect("a location").line();
    (line as u64, error.to_string())
}

#[test]
fn every_step_reads() {
    let steps = crate::support::steps(
        r##"
- mask:
    columns: [public.customers.email, public.orders.contact_email]
    with: hmac
    key: { env: CARGO_PKG_NAME }
    template: "{hash}@example.invalid"
- mask: { columns: [public.customers.phone], with: partial, keep_first: 3, keep_last: 2, char: "*" }
- mask: { columns: [public.customers.birth_date], with: fixed, value: "1970-01-01" }
- mask: { columns: [public.customers.address], with: fixed, value: "{}" }
- mask: { columns: [public.customers.active], with: fixed, value: false }
- mask: { columns: [public.customers.score], with: fixed, value: 1.5 }
- mask: { columns: [public.customers.day], with: fixed, value: 1970-01-01 }
- mask: { columns: [public.customers.none], with: fixed, value: "" }
- mask: { columns: [public.customers.none], with: fixed, value: "null" }
- mask: { columns: [public.customers.a], with: null }
- mask: { columns: [public.customers.a], with: "null" }
- mask: { columns: [public.customers.a], with: ~ }
- drop: { columns: [public.customers.note] }
- rename: { table: public.customers, columns: { full_name: name }, to: crm.people }
- route: { tables: [public.orders, "inventory.*"], to: orders.v1 }
- filter: { drop: { tables: [public.audit], ops: [truncate] } }
- filter: { keep: { ops: [create, update, delete, read] } }
"##,
    );
    assert_eq!(steps.len(), 17);
    let verbs: Vec<_> = steps.iter().map(Step::verb).collect();
    assert_eq!(verbs[12..], ["drop", "rename", "route", "filter", "filter"]);
}

#[test]
fn the_pipelines_that_are_shown_read() {
    #[derive(serde::Deserialize)]
    struct File {
        transforms: Vec<Step>,
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipelines");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let file: File = serde_saphyr::from_str(&text).unwrap();
        assert!(!file.transforms.is_empty());
        read += 1;
    }
    assert!(read > 0);
}

#[test]
fn what_is_wrong_is_found_on_its_line() {
    for (line, says, yaml) in [
        (
            2,
            "with: null` has no use for `value",
            "- drop: { columns: [s.t.a] }\n- mask: { columns: [s.t.a], with: null, value: 1 }",
        ),
        (
            2,
            "RegexRouter",
            "- drop: { columns: [s.t.a] }\n- org.apache.kafka.connect.transforms.RegexRouter: { regex: a, replacement: b }",
        ),
        (3, "hmca", "- mask:\n    columns: [s.t.a]\n    with: hmca"),
        (3, "colums", "- mask:\n    with: null\n    colums: [s.t.a]"),
        (2, "s.*.a", "- mask:\n    columns: [s.*.a]\n    with: null"),
        (2, "s.t`", "- mask:\n    columns: [s.t]\n    with: null"),
        (1, "no column", "- mask: { columns: [], with: null }"),
        (1, "twice", "- mask: { columns: [s.t.a, s.t.a], with: null }"),
        (1, "needs a `key`", "- mask: { columns: [s.t.a], with: hmac }"),
        (1, "needs a `value`", "- mask: { columns: [s.t.a], with: fixed }"),
        (1, "with", "- mask: { columns: [s.t.a] }"),
        (1, "template", "- mask: { columns: [s.t.a], with: hmac, key: { env: A }, template: x }"),
        (1, "vault", "- mask: { columns: [s.t.a], with: hmac, key: { vault: A } }"),
        (1, "", "- mask: { columns: [s.t.a], with: hmac, key: { env: A, file: B } }"),
        (1, "", "- mask: { columns: [s.t.a], with: hmac, key: clear }"),
        (1, "char", "- mask: { columns: [s.t.a], with: partial, char: ab }"),
        (1, "new names", "- rename: { table: s.t }"),
        (1, "no name", "- rename: { table: s.t, columns: { a: '' } }"),
        (1, "read topic", "- route: { tables: [s.t], to: 'a topic' }"),
        (1, "no table", "- route: { tables: [], to: a }"),
        (1, "a filter says", "- filter: { drop: {} }"),
        (1, "takes no `ops`", "- filter: { drop: { ops: [update], unchanged: true } }"),
        (1, "a filter says", "- filter: { drop: { unchanged: false } }"),
        (1, "unchanged", "- filter: { keep: { unchanged: true } }"),
        (1, "upsert", "- filter: { drop: { ops: [upsert] } }"),
        (1, "", "- filter: { drop: { ops: [read] }, keep: { ops: [read] } }"),
        (1, "", "- { drop: { columns: [s.t.a] }, rename: { table: s.t, to: s.u } }"),
    ] {
        let (at, message) = refused(yaml);
        assert!(message.contains(says), "{yaml}\n{message}");
        assert_eq!(at, line, "{yaml}\n{message}");
    }
}

#[test]
fn an_editor_is_told_the_keys() {
    let schema = serde_json::to_value(schemars::schema_for!(Vec<Step>)).unwrap();
    let text = schema.to_string();
    for key in ["mask", "hmac", "keep_first", "template", "rename", "route", "filter", "truncate"] {
        assert!(text.contains(&format!("\"{key}\"")), "{key} in {text}");
    }
    assert!(text.contains("\"additionalProperties\":false"));
}
