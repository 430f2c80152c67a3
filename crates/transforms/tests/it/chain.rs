//! The chain: names along it, new columns, and versions it never met.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::support::{chain, chain_with, customers, event, insert, name, table};
use cdc::{Captured, CapturedTable, Status, Transform};
use transforms::NewColumns;

const MASKED: &str = "- mask: { columns: [public.customers.phone], with: null }";

fn captured(columns: &[&str]) -> Captured {
    let columns = columns.iter().map(|&name| name.into()).collect();
    BTreeMap::from([(1, CapturedTable { table: name("public.customers"), columns })])
}

#[test]
fn a_table_that_is_not_captured_is_found_at_the_start() {
    let expect = |yaml: &str, tables: &[&str]| {
        let tables: Vec<_> = tables.iter().map(|table| (name(table), name(table))).collect();
        chain(yaml).expect_tables(&tables).map_err(|error| *error.0)
    };
    assert!(expect(MASKED, &["public.customers", "public.orders"]).is_ok());
    let finding = expect(MASKED, &["public.customer"]).unwrap_err();
    assert_eq!((finding.code, finding.status), ("transform_table_missing", Status::Usage));
    assert_eq!(finding.place, "transforms[0] mask, table public.customers");
    assert!(finding.reason.contains("nearest is public.customer"));
    let renamed = "- rename: { table: public.customers, to: crm.people }\n- drop: { columns: [public.customers.note] }";
    let finding = expect(renamed, &["public.customers"]).unwrap_err();
    assert!(finding.reason.contains("renamed it to crm.people"), "{finding}");
    let onto = "- rename: { table: public.customers, to: public.orders }";
    let finding = expect(onto, &["public.customers", "public.orders"]).unwrap_err();
    assert_eq!(finding.code, "transform_table_collision");
    assert!(expect("- route: { tables: ['none.*'], to: t }", &["public.orders"]).is_ok());
    assert!(expect("- route: { tables: [s.t], to: t }", &["public.orders"]).is_err());
}

#[test]
fn a_table_named_behind_the_chain_has_to_leave_it() {
    let tables = [(name("public.customers"), name("public.customers"))];
    let leaving = |wanted: &str| {
        let mut chain = chain("- rename: { table: public.customers, to: crm.people }");
        chain.name_leaving("sink.postgres.tables", [name(wanted)]);
        chain.expect_tables(&tables).map_err(|error| *error.0)
    };
    assert!(leaving("crm.people").is_ok());
    let finding = leaving("public.customers").unwrap_err();
    assert_eq!((finding.code, finding.status), ("transform_table_missing", Status::Usage));
    assert_eq!(finding.place, "sink.postgres.tables, table public.customers");
    assert!(finding.reason.contains("renamed it to crm.people"), "{finding}");
}

#[test]
fn two_tables_of_one_name_are_found_when_they_are_bound() {
    let mut chain = chain("- rename: { table: public.customers, to: public.people }");
    chain.bind(&customers()).unwrap();
    chain.bind(&customers()).unwrap();
    let people = table("public.people", &["id bigint!"]);
    assert_eq!(chain.bind(&people).unwrap_err().0.code, "transform_table_collision");
}

#[test]
fn a_column_that_is_gone_halts() {
    let mut chain = chain(MASKED);
    let renamed = table("public.customers", &["id bigint!", "phone_no text"]);
    let finding = *chain.bind(&renamed).unwrap_err().0;
    assert_eq!((finding.code, finding.status), ("transform_column_missing", Status::Usage));
    assert!(finding.reason.contains("`phone_no`"), "{finding}");
    chain.streaming();
    assert_eq!(chain.bind(&renamed).unwrap_err().0.status, Status::Failed);
}

#[test]
fn a_version_the_chain_never_met_does_not_pass() {
    let mut chain = chain(MASKED);
    let schema = customers();
    let given = || insert(&["1", "a", "b", "c", "d"]);
    assert_eq!(chain.apply(&mut event(&schema, given())).unwrap_err().0.code, "transform_unbound");
    chain.bind(&schema).unwrap();
    // The same version from another place is the same.
    chain.apply(&mut event(&customers(), given())).unwrap();
    let other = table("public.customers", &["id bigint!", "phone text"]);
    assert_eq!(
        chain.apply(&mut event(&other, insert(&["1", "c"]))).unwrap_err().0.code,
        "transform_unbound"
    );
    let mut short = event(&schema, insert(&["1", "a"]));
    assert_eq!(chain.apply(&mut short).unwrap_err().0.code, "transform_row_shape");
}

#[test]
fn a_new_column_halts_where_the_table_has_a_mask() {
    let known = captured(&["id", "full_name", "email", "phone"]);
    let bind = |yaml: &str, policy| {
        let mut chain = chain_with(yaml, policy);
        chain.remember(&known);
        chain.bind(&customers()).map_err(|error| *error.0)
    };
    let finding = bind(MASKED, None).unwrap_err();
    assert_eq!(
        (finding.code, &*finding.place),
        ("new_column", "table public.customers, column note")
    );
    assert_eq!(finding.statement, "- drop: { columns: [public.customers.note] }");
    assert!(
        finding.remedy.contains("new_columns: keep")
            && finding.remedy.contains("new_columns: drop")
    );
    // The column that is dropped by name may be another one than the one that was.
    let dropping = "- drop: { columns: [public.customers.email] }";
    assert_eq!(bind(dropping, None).unwrap_err().code, "new_column");
    assert_eq!(bind("[]", None).unwrap(), customers());
    assert_eq!(bind("[]", Some(NewColumns::Halt)).unwrap_err().code, "new_column");
    assert_eq!(bind(MASKED, Some(NewColumns::Keep)).unwrap().columns.len(), 5);
    for named in [
        "- mask: { columns: [public.customers.note], with: null }",
        "- drop: { columns: [public.customers.note] }",
    ] {
        assert!(bind(&format!("{MASKED}\n{named}"), None).is_ok());
    }
}

#[test]
fn a_dropped_new_column_stays_new() {
    let mut chain = chain_with(MASKED, Some(NewColumns::Drop));
    let schema = customers();
    let known: Vec<Arc<str>> = ["id", "full_name", "email", "phone"].map(Into::into).into();
    let bound = chain.bind_known(&schema, Some(&known)).unwrap();
    assert_eq!((bound.schema.columns.len(), &bound.accepted), (4, &known));
    assert_eq!(bound.dropped, ["note".into()]);
    let mut dropped = event(&schema, insert(&["1", "a", "b", "c", "canary"]));
    chain.apply(&mut dropped).unwrap();
    assert_eq!(crate::support::cells(dropped.change.after().unwrap()), ["1", "a", "b", "∅"]);
    // Bound again, it is dropped again; and what goes with the checkpoint does not know it.
    assert_eq!(chain.bind(&schema).unwrap().columns.len(), 4);
    let mut seen = Arc::new(captured(&["id", "full_name", "email", "phone", "note"]));
    chain.forget_dropped(&mut seen);
    assert_eq!(seen[&1].columns, known);
    let key = table("public.customers", &["fresh text!", "phone text"]);
    assert_eq!(chain.bind(&key).unwrap_err().0.code, "new_column");
}

#[test]
fn a_version_that_is_refused_loses_the_plan_it_had() {
    let mut chain = chain(MASKED);
    let schema = customers();
    chain.bind(&schema).unwrap();
    chain.remember(&captured(&["id", "phone"]));
    assert_eq!(chain.bind(&schema).unwrap_err().0.code, "new_column");
    let mut refused = event(&schema, insert(&["1", "a", "b", "c", "d"]));
    assert_eq!(chain.apply(&mut refused).unwrap_err().0.code, "transform_unbound");
}

#[test]
fn a_column_added_after_the_first_meeting_is_new() {
    let mut chain = chain(MASKED);
    chain.bind(&table("public.customers", &["id bigint!", "phone text"])).unwrap();
    let added = table("public.customers", &["id bigint!", "phone text", "secret text"]);
    assert_eq!(chain.bind(&added).unwrap_err().0.code, "new_column");
    // A halt accepts nothing: the next try halts, too.
    assert_eq!(chain.bind(&added).unwrap_err().0.code, "new_column");
}

#[test]
fn a_key_that_is_not_there_is_found_when_the_chain_is_made() {
    let yaml = "- drop: { columns: [s.t.a] }\n- mask: { columns: [s.t.b], with: hmac, key: { env: PGRELAY_NO_SUCH_KEY } }";
    let error =
        transforms::Chain::new("sink.transforms", crate::support::steps(yaml), None).unwrap_err();
    assert_eq!((error.0.code, error.0.status), ("secret_missing", Status::Usage));
    assert_eq!(error.0.place, "sink.transforms[1] mask: environment variable PGRELAY_NO_SUCH_KEY");
}
