//! The databases of the demo, made once: db/source in the source, db/target twice in the target.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Demo;
use super::servers::{Servers, Side};

/// The target of pipelines/shop.yaml, and that of pipelines/shop-direct.yaml.
pub(crate) const TARGETS: [&str; 2] = ["shop_anonymised", "shop_direct"];

/// Makes what is missing, and sets the passwords to those pgrelay is started with.
pub(crate) fn prepare(demo: &Demo, servers: &Servers) -> Result<()> {
    make(servers, Side::Source, "shop", "postgres")?;
    load(servers, Side::Source, "shop", &demo.root.join("db/source"))?;
    password(demo, servers, Side::Source, "SHOP_SOURCE_PASSWORD")?;
    let role = "SELECT 1 FROM pg_roles WHERE rolname = 'pgrelay'";
    if servers.psql(Side::Target, "postgres", role)?.is_empty() {
        servers.psql(Side::Target, "postgres", "CREATE ROLE pgrelay LOGIN")?;
    }
    password(demo, servers, Side::Target, "SHOP_TARGET_PASSWORD")?;
    for database in TARGETS {
        make(servers, Side::Target, database, "pgrelay")?;
        load(servers, Side::Target, database, &demo.root.join("db/target"))?;
    }
    Ok(())
}

fn make(servers: &Servers, side: Side, database: &str, owner: &str) -> Result<()> {
    let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{database}'");
    if servers.psql(side, "postgres", &exists)?.is_empty() {
        servers.psql(side, "postgres", &format!("CREATE DATABASE {database} OWNER {owner}"))?;
    }
    Ok(())
}

/// Loads all files of a folder in one transaction, so that an interrupted start leaves nothing half done.
fn load(servers: &Servers, side: Side, database: &str, folder: &Path) -> Result<()> {
    if !servers
        .psql(side, database, "SELECT 1 FROM pg_class WHERE oid = to_regclass('order_items')")?
        .is_empty()
    {
        return Ok(());
    }
    println!(
        "loading {} into {database}",
        folder.file_name().unwrap_or_default().to_string_lossy()
    );
    let mut files: Vec<_> = fs::read_dir(folder)
        .with_context(|| format!("read {}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "sql"))
        .collect();
    files.sort();
    let mut script = "BEGIN;\n".to_owned();
    for file in &files {
        script += &fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    }
    servers.script(side, database, &(script + "COMMIT;\n"))
}

fn password(demo: &Demo, servers: &Servers, side: Side, variable: &str) -> Result<()> {
    let value =
        demo.variable(variable).with_context(|| format!("{variable} is not in .stack/env"))?;
    servers.script(
        side,
        "postgres",
        &format!("ALTER ROLE pgrelay PASSWORD '{}';\n", value.replace('\'', "''")),
    )
}
