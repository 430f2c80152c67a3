//! Each verb: what it makes of a table and of a row, and what it refuses.

use crate::support::{
    after, cells, chain, customers, event, insert, name, refused, row, steps, table,
};
use cdc::{Change, Flow, Op, Transform, Value};
use transforms::Step;

const ADA: [&str; 5] = ["7", "Ada Lovelace", "ada@example.org", "+44 20 7946 0123", "long"];

fn mask(column: &str, with: &str) -> String {
    format!("- mask: {{ columns: [public.customers.{column}], {with} }}")
}

const KEYED: &str = "with: hmac, key: { env: CARGO_PKG_NAME }";

#[test]
fn mask_null_and_fixed() {
    assert_eq!(after(&mask("phone", "with: null"), &customers(), &ADA)[3], "∅");
    assert_eq!(after(&mask("phone", "with: fixed, value: 0"), &customers(), &ADA)[3], "0");
    assert_eq!(refused(&mask("email", "with: null"), &customers()), "transform_not_null");
    let births = table("public.customers", &["id bigint!", "birth date", "tags text[]"]);
    let fixed = mask("birth", "with: fixed, value: 1970-01-01");
    assert_eq!(after(&fixed, &births, &["1", "1815-12-10", "{}"])[1], "1970-01-01");
    assert_eq!(refused(&mask("birth", "with: fixed, value: x"), &births), "transform_value_unfit");
    assert_eq!(
        after(&mask("tags", "with: fixed, value: '{}'"), &births, &["1", "∅", "{a}"])[2],
        "{}"
    );
}

#[test]
fn mask_partial() {
    let part = mask("phone", "with: partial, keep_first: 3, keep_last: 2");
    assert_eq!(after(&part, &customers(), &ADA)[3], "+44***********23");
    let padded = table("public.customers", &["id bigint!", "code character(6)", "birth date"]);
    let part = mask("code", "with: partial, keep_first: 3");
    assert_eq!(after(&part, &padded, &["1", "abc   ", "∅"])[1], "***");
    assert_eq!(refused(&mask("birth", "with: partial"), &padded), "transform_type_unfit");
}

#[test]
fn mask_hmac_fits_the_column() {
    let schema = table(
        "public.customers",
        &[
            "id bigint!",
            "plain text",
            "short character varying(20)",
            "other uuid",
            "sys name",
            "padded character(30)",
        ],
    );
    let value = "123e4567-e89b-42d3-a456-426614174000";
    let whole: String = {
        let columns = ["plain", "short", "other", "sys", "padded"];
        let list: Vec<_> = columns.iter().map(|name| format!("public.customers.{name}")).collect();
        format!("- mask: {{ columns: [{}], {KEYED} }}", list.join(", "))
    };
    let masked = after(&whole, &schema, &["1", value, value, value, value, value]);
    let hash = &masked[1];
    assert_eq!(hash.len(), 64);
    assert_eq!((&masked[2], &masked[4]), (&hash[..20].to_owned(), &hash[..63].to_owned()));
    assert_eq!(masked[5], hash[..30]);
    assert_eq!((masked[3].len(), &masked[3][..8]), (36, &hash[..8]));
    let padded = |text: &str| after(&whole, &schema, &["1", "x", "x", "∅", "x", text]);
    assert_eq!(padded("x      ")[5], padded("x")[1][..30]);

    let template = |text: &str| mask("short", &format!("{KEYED}, template: '{text}'"));
    let emails = after(&template("{hash}@e.invalid"), &schema, &["1", "∅", "a", "∅", "∅", "∅"]);
    assert_eq!((emails[2].len(), emails[2].ends_with("@e.invalid")), (20, true));
    assert_eq!(refused(&template("{hash:12}@e.invalid"), &schema), "transform_value_unfit");
    assert_eq!(refused(&template("12345678901234567890{hash}"), &schema), "transform_value_unfit");
    let length = |column: &str| mask(column, &format!("{KEYED}, length: 8"));
    assert_eq!(after(&length("plain"), &schema, &["1", value, "∅", "∅", "∅", "∅"])[1], hash[..8]);
    assert_eq!(refused(&length("other"), &schema), "transform_type_unfit");
}

#[test]
fn mask_hmac_joins_within_a_domain() {
    let orders = table("public.orders", &["id bigint!", "contact text"]);
    let both = |more: &str| {
        let yaml = format!(
            "- mask: {{ columns: [public.customers.email], {KEYED} }}\n- mask: {{ columns: [public.orders.contact], {KEYED}{more} }}"
        );
        let email = after(&yaml, &customers(), &ADA)[2].clone();
        (email, after(&yaml, &orders, &["1", ADA[2]])[1].clone())
    };
    let (one, other) = both("");
    assert_eq!(one, other);
    let (one, other) = both(", domain: order");
    assert_ne!(one, other);
    assert_eq!(other, both(", domain: order").1);
}

#[test]
fn mask_refuses_types_a_hash_is_none_of() {
    for pg in ["bigint", "numeric", "date", "jsonb", "boolean", "text[]", "inet"] {
        let schema = table("public.customers", &["id text!", &format!("a {pg}")]);
        assert_eq!(refused(&mask("a", KEYED), &schema), "transform_type_unfit", "{pg}");
    }
}

#[test]
fn mask_of_a_key_keeps_keys_apart() {
    let schema = table("public.customers", &["mail text!", "x text"]);
    for with in
        ["with: null", "with: fixed, value: a", "with: partial", &format!("{KEYED}, length: 15")]
    {
        assert_eq!(refused(&mask("mail", with), &schema), "transform_key_column", "{with}");
    }
    let mut chain = chain(&mask("mail", KEYED));
    let bound = chain.bind(&schema).unwrap();
    assert!(bound.columns[0].masked && bound.is_masked());
    let (before, after) = (row(&["a@x", "∅"]), row(&["a@x", "1"]));
    let mut update = event(&schema, Change::Update { before: Some(before), after });
    chain.apply(&mut update).unwrap();
    assert!(!update.is_move());
    let mut delete = event(&schema, Change::Delete { before: row(&["a@x", "∅"]) });
    chain.apply(&mut delete).unwrap();
    assert!(bound.same_key(delete.change.before().unwrap(), update.change.after().unwrap()));
    assert_eq!(cells(delete.change.before().unwrap())[1], "∅");
}

#[test]
fn mask_covers_typed_values_or_leaves_nothing() {
    let schema = customers();
    let mut chain = chain(&mask("email", KEYED));
    chain.bind(&schema).unwrap();
    let mut typed = row(&ADA);
    typed.set_value(2, Value::String(ADA[2].into()));
    let mut masked = [row(&ADA), typed].map(|after| {
        let mut event = event(&schema, Change::Insert { after });
        chain.apply(&mut event).unwrap();
        cells(event.change.after().unwrap())
    });
    assert_eq!(masked[0], masked[1]);
    assert!(!masked[0].iter_mut().any(|cell| cell.contains("ada@")));

    let mut odd = row(&ADA);
    odd.set_value(2, Value::Array(vec![Some(Value::String(ADA[2].into()))]));
    let mut event = event(&schema, Change::Insert { after: odd });
    let error = chain.apply(&mut event).unwrap_err();
    assert_eq!(error.0.code, "transform_cell_unfit");
    assert!(
        error
            .0
            .place
            .starts_with("transforms[0] mask, table public.customers, column email, at 0/")
    );
    assert!(!error.to_string().contains("ada@"));
    assert!(cells(event.change.after().unwrap()).iter().all(|cell| cell == "∅"));
}

#[test]
fn rename_columns_and_table() {
    let yaml = "- rename: { table: public.customers, columns: { full_name: name, phone: note, note: phone }, to: crm.people }
- mask: { columns: [crm.people.name], with: fixed, value: x }";
    let mut chain = chain(yaml);
    let bound = chain.bind(&customers()).unwrap();
    assert_eq!(
        (bound.table.to_string(), bound.origin.to_string()),
        ("crm.people".into(), "public.customers".into())
    );
    let names: Vec<_> = bound.columns.iter().map(|column| &*column.name).collect();
    assert_eq!(names, ["id", "name", "email", "note", "phone"]);
    assert!(bound.columns[1].masked && !bound.columns[2].masked);
    assert_eq!(after(yaml, &customers(), &ADA)[1], "x");
    let collides = "- rename: { table: public.customers, columns: { full_name: email } }";
    assert_eq!(refused(collides, &customers()), "transform_column_collision");
}

#[test]
fn drop_moves_the_key_and_the_cells() {
    let schema = table("public.t", &["a text", "id bigint!", "b text"]);
    let mut keyed = (*schema).clone();
    keyed.key = vec![1];
    let schema = std::sync::Arc::new(keyed.sealed());
    let yaml = "- drop: { columns: [public.t.a] }\n- mask: { columns: [public.t.b], with: fixed, value: m }";
    assert_eq!(after(yaml, &schema, &["x", "1", "y"]), ["1", "m"]);
    assert_eq!(chain(yaml).bind(&schema).unwrap().key, [0]);
    assert_eq!(refused("- drop: { columns: [public.t.id] }", &schema), "transform_key_column");
    let twice = "- drop: { columns: [public.t.a] }\n- drop: { columns: [public.t.a] }";
    assert_eq!(refused(twice, &schema), "transform_column_missing");
}

#[test]
fn route_names_the_topic() {
    let mut chain = chain("- route: { tables: ['public.*'], to: all.v1 }");
    assert_eq!(chain.bind(&customers()).unwrap().topic.as_deref(), Some("all.v1"));
    let other = table("s.t", &["id bigint!"]);
    assert!(std::sync::Arc::ptr_eq(&chain.bind(&other).unwrap(), &other));
}

#[test]
fn filter_ends_what_it_means() {
    let flow = |yaml: &str, change: Change| {
        let mut chain = chain(yaml);
        chain.bind(&customers()).unwrap();
        chain.apply(&mut event(&customers(), change)).unwrap()
    };
    let truncate = || Change::Truncate { cascade: false, restart_identity: false };
    let dropping = "- filter: { drop: { tables: [public.customers], ops: [truncate] } }";
    assert_eq!(
        (flow(dropping, truncate()), flow(dropping, insert(&ADA))),
        (Flow::Drop, Flow::Keep)
    );
    let keeping = "- filter: { keep: { ops: [create] } }";
    assert_eq!((flow(keeping, truncate()), flow(keeping, insert(&ADA))), (Flow::Drop, Flow::Keep));
    let others = "- filter: { keep: { tables: [public.orders] } }";
    assert_eq!(flow(others, insert(&ADA)), Flow::Drop);
}

#[test]
fn an_update_that_leaves_what_is_left_of_a_row_ends() {
    let flow = |yaml: &str, before: &[&str], after: &[&str]| {
        let mut chain = chain(yaml);
        chain.bind(&customers()).unwrap();
        let change = Change::Update { before: Some(row(before)), after: row(after) };
        chain.apply(&mut event(&customers(), change)).unwrap()
    };
    let unchanged = "- filter: { drop: { unchanged: true } }";
    let one = ["1", "Ada", "a@b.c", "∅", "long"];
    let called = ["1", "Ada", "a@b.c", "123", "long"];
    for (after, end) in [
        (one, Flow::Drop),
        (["1", "Ada", "a@b.c", "∅", "~"], Flow::Drop),
        (called, Flow::Keep),
        (["1", "Ada", "a@b.c", "∅", "∅"], Flow::Keep),
        (["2", "Ada", "a@b.c", "∅", "long"], Flow::Keep),
    ] {
        assert_eq!(flow(unchanged, &one, &after), end, "{after:?}");
    }
    let without = format!("- drop: {{ columns: [public.customers.phone] }}\n{unchanged}");
    assert_eq!(flow(&without, &one, &called), Flow::Drop);
    let others = "- filter: { drop: { tables: [public.orders], unchanged: true } }";
    assert_eq!(flow(others, &one, &one), Flow::Keep);
    let mut chain = chain(unchanged);
    chain.bind(&customers()).unwrap();
    let moved = Change::Update { before: None, after: row(&one) };
    assert_eq!(chain.apply(&mut event(&customers(), moved)).unwrap(), Flow::Keep);
}

#[test]
fn a_chain_tells_which_events_come_to_its_end() {
    let pass = |yaml: &str, table: &str| Step::pass(&steps(yaml), &name(table), Op::Truncate);
    let some = "- filter: { drop: { tables: [public.customers], ops: [truncate] } }";
    assert!(!pass(some, "public.customers") && pass(some, "public.orders"));
    let others = "- filter: { keep: { ops: [create, truncate] } }";
    assert!(pass(others, "public.orders"));
    // By the name that the table has at the filter.
    let renamed = format!("- rename: {{ table: public.orders, to: public.customers }}\n{some}");
    assert!(!pass(&renamed, "public.orders") && !pass(&renamed, "public.customers"));
}
