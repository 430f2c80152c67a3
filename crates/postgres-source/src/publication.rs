//! The publication: which tables it must have, what is made where it is missing, and what it must not do.

use cdc::{Captured, Finding, Identity, TableName, quote_ident};
use postgres_client::{Session, quote_literal};

use crate::catalog::{self, Table};
use crate::config::Settings;
use crate::error::{SourceError, identity, partition_identity};

/// A publication as the catalog has it.
#[derive(Debug)]
pub(crate) struct Publication {
    operations: [(&'static str, bool); 4],
    via_root: bool,
    /// Each published table, with its column list where there is one and its row filter.
    pub(crate) tables: Vec<Published>,
}

/// A table in a publication.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) table: TableName,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) filter: Option<String>,
}

/// The tables the file asks for, as they are in the database: roots instead of their partitions.
///
/// A table that was captured before and is not there now was renamed or dropped: the stream tells which, after
/// everything that came before.
pub(crate) async fn wanted(
    session: &Session,
    settings: &Settings,
    captured: &Captured,
) -> Result<Vec<Table>, SourceError> {
    let all = all(session, settings).await?;
    for pattern in &settings.tables {
        if let Some(table) = pattern.exact()
            && !all.iter().any(|known| known.name == *table)
            && !captured.values().any(|known| known.table == *table)
        {
            return Err(Finding::outside("table_missing", format!("source {}, table {table}", settings.server), "`source.postgres.tables` names a table that does not exist, or that the role cannot see")
                .remedy(nearest(table, &all)).into());
        }
    }
    check_logged(settings, &all)?;
    let tables = listed(settings, all);
    if tables.is_empty() && captured.is_empty() {
        return Err(Finding::outside(
            "table_missing",
            format!("source {}", settings.server),
            "no table matches `source.postgres.tables`",
        )
        .remedy("correct the patterns, or create the tables first")
        .into());
    }
    Ok(tables)
}

/// The same, whatever is missing of them.
pub(crate) async fn there(
    session: &Session,
    settings: &Settings,
) -> Result<Vec<Table>, SourceError> {
    Ok(listed(settings, all(session, settings).await?))
}

/// What the file's list is matched with.
async fn all(session: &Session, settings: &Settings) -> Result<Vec<Table>, SourceError> {
    let mut all = catalog::tables(session, None)
        .await
        .map_err(SourceError::server(&settings.server, "read the catalog"))?;
    if !settings.via_root {
        check_rootless(settings, &all)?;
        all.retain(|table| !table.partitioned);
        // Each is a table like others.
        all.iter_mut().for_each(|table| table.root = None);
    }
    Ok(all)
}

/// The tables of the file's list, each root with its leaves.
fn listed(settings: &Settings, all: Vec<Table>) -> Vec<Table> {
    let is_wanted =
        |table: &Table| settings.tables.iter().any(|pattern| pattern.matches(&table.name));
    let roots: Vec<u32> = all
        .iter()
        .filter(|table| table.root.is_none() && is_wanted(table))
        .map(|table| table.oid)
        .collect();
    let (leaves, all): (Vec<Table>, Vec<Table>) = all.into_iter().partition(|table| {
        !table.partitioned && table.root.is_some_and(|root| roots.contains(&root))
    });
    let mut tables: Vec<Table> = all
        .into_iter()
        .filter(|table| {
            is_wanted(table) && table.logged && table.root.is_none_or(|root| !roots.contains(&root))
        })
        .collect();
    for leaf in leaves {
        if let Some(root) = tables.iter_mut().find(|table| Some(table.oid) == leaf.root) {
            root.leaves.push(leaf);
        }
    }
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    tables
}

/// Refuses a table by its name that no stream can have.
fn check_logged(settings: &Settings, all: &[Table]) -> Result<(), Finding> {
    let named =
        |table: &&Table| settings.tables.iter().any(|pattern| pattern.exact() == Some(&table.name));
    let Some(table) = all.iter().filter(|table| !table.logged).find(named) else { return Ok(()) };
    let place = format!("source {}, table {}", settings.server, table.name);
    Err(Finding::outside(
        "table_unlogged",
        place,
        "it is UNLOGGED: its changes are in no WAL, so they cannot be captured",
    )
    .remedy("let the server log it, or take it out of `source.postgres.tables`")
    .run(format!("ALTER TABLE {} SET LOGGED;", table.name.sql())))
}

/// Refuses a root by its name where partitions are captured under their own: it has no rows.
fn check_rootless(settings: &Settings, all: &[Table]) -> Result<(), Finding> {
    let named =
        |table: &&Table| settings.tables.iter().any(|pattern| pattern.exact() == Some(&table.name));
    let Some(root) = all.iter().filter(|table| table.partitioned).find(named) else {
        return Ok(());
    };
    Err(Finding::outside(
        "publication_via_root",
        format!("source {}, table {}", settings.server, root.name),
        "it is partitioned, and `publish_via_partition_root: false` captures partitions under their own names",
    )
    .remedy("name its partitions instead, or leave `publish_via_partition_root` out"))
}

fn nearest(table: &TableName, all: &[Table]) -> String {
    let same_name = all.iter().find(|known| known.name.name.eq_ignore_ascii_case(&table.name));
    match same_name {
        Some(known) => format!(
            "did you mean {}? otherwise create the table first, or take it out of the list",
            known.name
        ),
        None => "create the table first, or take it out of the list".to_owned(),
    }
}

/// Refuses a table whose updates could not be told apart, before it is published. Where the file lets it pass, the server
/// refuses its updates and deletes, and all there is to send are inserts.
pub(crate) fn check_identity(table: &Table, settings: &Settings) -> Result<(), Finding> {
    if !settings.requires_identity {
        return check_leaves(table);
    }
    if let Some(reason) = unfit(table) {
        return Err(identity(&table.name, reason, &[&table.name]));
    }
    let Some((leaf, reason)) = table.leaves.iter().find_map(|leaf| Some((leaf, unfit(leaf)?)))
    else {
        return check_leaves(table);
    };
    let all = table.leaves.iter().filter(|leaf| unfit(leaf).is_some());
    let all: Vec<_> = all.map(|leaf| &leaf.name).collect();
    Err(identity(&leaf.name, &format!("{reason}; a partition has an identity of its own"), &all))
}

/// Why the table's updates could not be told apart.
fn unfit(table: &Table) -> Option<&'static str> {
    match table.identity {
        Identity::Nothing => Some(
            "its replica identity is NOTHING: updates and deletes would not say which row they mean",
        ),
        Identity::Default if table.primary_key.is_empty() => Some(
            "it has no primary key, or a deferrable one, and its replica identity is DEFAULT: updates and deletes would not say which row they mean",
        ),
        Identity::Index if table.identity_index.is_empty() => {
            Some("the index of its replica identity is gone")
        }
        _ => None,
    }
}

/// Refuses partitions that send other columns than their root's key: the root's row would not be found, and a
/// delete that finds no row looks like one that was applied before.
pub(crate) fn check_leaves(table: &Table) -> Result<(), Finding> {
    let untold: Vec<_> =
        table.leaves.iter().filter(|leaf| !table.is_told_by(leaf)).map(|leaf| &leaf.name).collect();
    let Some(first) = untold.first() else { return Ok(()) };
    let reason = format!(
        "its replica identity does not send the key of {}: updates and deletes would not say which row of it they mean",
        table.name
    );
    Err(partition_identity(first, &reason, &untold))
}

const PUBLICATION: &str = "
    SELECT pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot FROM pg_catalog.pg_publication WHERE pubname = $1";

/// Reads the publication; `None` where there is none.
pub(crate) async fn read(
    session: &Session,
    settings: &Settings,
) -> Result<Option<Publication>, SourceError> {
    let failed = || {
        SourceError::server(&settings.server, format!("read publication {}", settings.publication))
    };
    let name = &*settings.publication;
    let Some(row) =
        session.query_opt(PUBLICATION, &[&name]).await.map_err(|e| failed()(e.into()))?
    else {
        return Ok(None);
    };
    // Column lists and row filters came with PostgreSQL 15.
    let version: i32 = session
        .query_one("SELECT pg_catalog.current_setting('server_version_num')::int4", &[])
        .await
        .map_err(|e| failed()(e.into()))?
        .get(0);
    let details =
        if version >= 150_000 { "attnames::text[], rowfilter" } else { "NULL::text[], NULL::text" };
    let sql = format!(
        "SELECT schemaname::text, tablename::text, {details} FROM pg_catalog.pg_publication_tables WHERE pubname = {}",
        quote_literal(name)
    );
    let rows = session.query(&sql, &[]).await.map_err(|e| failed()(e.into()))?;
    let tables = rows.iter().map(|row| Published {
        table: TableName::new(row.get(0), row.get(1)),
        columns: row.get(2),
        filter: row.get(3),
    });
    Ok(Some(Publication {
        operations: [
            ("insert", row.get(0)),
            ("update", row.get(1)),
            ("delete", row.get(2)),
            ("truncate", row.get(3)),
        ],
        via_root: row.get(4),
        tables: tables.collect(),
    }))
}

/// The statement that makes the publication for `tables`: for each alone, as tables that inherit from it are others, and
/// one without an identity could not be updated any more.
pub(crate) fn create_statement<'a>(
    settings: &Settings,
    tables: impl IntoIterator<Item = &'a TableName>,
) -> String {
    let tables: Vec<_> = tables.into_iter().map(|table| format!("ONLY {}", table.sql())).collect();
    format!(
        "CREATE PUBLICATION {} FOR TABLE {} WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = {});",
        quote_ident(&settings.publication),
        tables.join(", "),
        settings.via_root
    )
}

/// Makes the publication, and commits it: a slot older than its publication fails for ever.
pub(crate) async fn create(
    session: &Session,
    settings: &Settings,
    tables: &[Table],
) -> Result<(), SourceError> {
    let statement = create_statement(settings, tables.iter().map(|table| &table.name));
    let name = quote_ident(&settings.publication);
    // Both in one transaction: what is not marked is nobody's to drop.
    let marked =
        format!("{statement} COMMENT ON PUBLICATION {name} IS {};", quote_literal(&mark(settings)));
    match session.batch_execute(&marked).await {
        Ok(()) => {
            tracing::info!(publication = %settings.publication, tables = tables.len(), "created the publication");
            Ok(())
        }
        Err(error) if error.code().is_some_and(|code| code.code() == "42501") => {
            Err(Finding::outside(
                "publication_rights",
                format!("source {}, publication {}", settings.server, settings.publication),
                format!(
                    "the role {} may not create it: {}",
                    settings.server.user,
                    postgres_client::ServerError::from(error)
                ),
            )
            .remedy("let an owner of the tables create it")
            .run(statement)
            .into())
        }
        Err(error) => Err(SourceError::server(
            &settings.server,
            format!("create publication {}", settings.publication),
        )(error.into())),
    }
}

/// The comment of a publication that this pipeline made.
fn mark(settings: &Settings) -> String {
    format!("made by pgrelay for slot {}", settings.slot)
}

/// Drops the publication if this pipeline made it. One that it found there may have other readers: they would need a
/// copy anew, as a slot cannot send for a publication made after it. So it stays, which the finding says.
pub(crate) async fn drop_made(
    session: &Session,
    settings: &Settings,
) -> Result<Option<Finding>, SourceError> {
    const COMMENT: &str = "
        SELECT coalesce(pg_catalog.obj_description(oid, 'pg_publication'), '')
        FROM pg_catalog.pg_publication WHERE pubname = $1";
    let failed = |error: tokio_postgres::Error| {
        SourceError::server(&settings.server, "drop the publication")(error.into())
    };
    let row = session.query_opt(COMMENT, &[&&*settings.publication]).await.map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let statement = format!("DROP PUBLICATION {};", quote_ident(&settings.publication));
    if row.get::<_, &str>(0) == mark(settings) {
        session.batch_execute(&statement).await.map_err(failed)?;
        return Ok(None);
    }
    let finding = Finding::warning(
        "publication_left",
        place(settings),
        "it does not bear the mark of one that this pipeline made, so it stays: others may read it",
    );
    Ok(Some(finding.remedy("where nobody does, let its owner drop it").run(statement)))
}

fn place(settings: &Settings) -> String {
    format!("source {}, publication {}", settings.server, settings.publication)
}

/// The finding for a publication that is gone while its slot is there.
pub(crate) fn missing(settings: &Settings) -> Finding {
    Finding::outside("publication_missing", place(settings), format!("the publication does not exist, but slot {} does: a slot cannot send for a publication made after it", settings.slot))
        .remedy(format!("run `pgrelay drop` for pipeline {} and start it again: publication and slot are then made in the right order", settings.pipeline))
}

/// What a publication is asked about a table: its name, and whether it has partitions.
pub(crate) fn asked(tables: &[Table]) -> Vec<(&TableName, bool)> {
    tables.iter().map(|table| (&table.name, table.partitioned)).collect()
}

/// Refuses a publication that would not send what the file asks for.
pub(crate) fn check(
    publication: &Publication,
    settings: &Settings,
    tables: &[(&TableName, bool)],
) -> Result<(), Finding> {
    let place = place(settings);
    let name = quote_ident(&settings.publication);
    if let Some((operation, _)) = publication.operations.iter().find(|(_, published)| !published) {
        return Err(Finding::outside(
            "publication_operation",
            place,
            format!("it does not publish {operation}"),
        )
        .remedy("let it publish every operation; what happened in the meantime was not sent")
        .run(format!(
            "ALTER PUBLICATION {name} SET (publish = 'insert, update, delete, truncate');"
        )));
    }
    if let Some((table, _)) = tables.iter().find(|(_, partitioned)| *partitioned)
        && !publication.via_root
    {
        return Err(Finding::outside("publication_via_root", place, format!("it publishes the partitions of {table} under their own names"))
            .remedy("publish them under their root; the slot must be made anew after that (`pgrelay drop`), as it remembers the old setting for what is already written")
            .run(format!("ALTER PUBLICATION {name} SET (publish_via_partition_root = true);")));
    }
    let missing = tables
        .iter()
        .find(|(table, _)| !publication.tables.iter().any(|published| published.table == **table));
    if let Some((table, _)) = missing
        && publication.via_root
        && !settings.via_root
    {
        return Err(Finding::outside("publication_via_root", place, format!("it lacks table {table}, and publishes partitions under their root, which `publish_via_partition_root: false` is not"))
            .remedy("publish them under their own names, or add the table; the slot must be made anew after that (`pgrelay drop`)")
            .run(format!("ALTER PUBLICATION {name} SET (publish_via_partition_root = false);")));
    }
    if let Some((table, _)) = missing {
        return Err(Finding::outside(
            "publication_table",
            place,
            format!("it lacks table {table}, which `source.postgres.tables` lists"),
        )
        .remedy("add the table, or take it out of the file; what was written to it while it was not published is not sent, only a new copy has it")
        .run(format!("ALTER PUBLICATION {name} ADD TABLE ONLY {};", table.sql())));
    }
    Ok(())
}
