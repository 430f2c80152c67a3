//! What each message of the slot does to the batch that is being built.

use std::sync::Arc;

use bytes::Bytes;
use cdc::{
    CapturedTable, Cell, Change, Event, Finding, Identity, Lsn, Meter, Origin, Position, Schema,
    TableName, Transaction,
};
use pgoutput::{Begin, Commit, Message, OldTuple, Relation};

use super::said::Said;
use super::{Open, Step, Stream};
use crate::catalog;
use crate::config::Settings;
use crate::error::SourceError;

/// What is known of a relation number.
#[derive(Debug, Clone)]
pub(super) enum Known {
    Captured {
        relation: Relation,
        schema: Arc<Schema>,
    },
    Ignored,
    /// It would be captured, and was not there when the pipeline began. A partition is described beside its
    /// root, and no row of it follows: so it is the first row that halts, not the description.
    New(TableName),
}

impl Stream {
    pub(super) async fn message(
        &mut self,
        wal_start: Lsn,
        message: Message,
    ) -> Result<Step, SourceError> {
        match message {
            Message::Begin(begin) => self.begin(wal_start, begin)?,
            Message::Commit(commit) => self.commit(wal_start, commit)?,
            Message::Relation(relation) => return self.relation(relation).await,
            Message::Insert { oid, new } => {
                self.change(wal_start, oid, |_| Change::Insert { after: new })?
            }
            Message::Update { oid, old, mut new } => self.change(wal_start, oid, |schema| {
                fill_from_old(schema, old.as_ref(), &mut new);
                Change::Update { before: old.map(OldTuple::into_row), after: new }
            })?,
            Message::Delete { oid, old } => {
                self.change(wal_start, oid, |_| Change::Delete { before: old.into_row() })?
            }
            Message::Truncate(truncate) => {
                for oid in &truncate.oids {
                    let change = Change::Truncate {
                        cascade: truncate.cascade,
                        restart_identity: truncate.restart_identity,
                    };
                    self.push(wal_start, *oid, |_| change)?;
                }
                self.count();
            }
            Message::Logical { transactional, lsn, prefix, content } => {
                let said = Said { transactional, lsn, prefix, content };
                self.said(wal_start, said)?;
            }
            Message::Origin { commit_lsn, name } => self.origin(commit_lsn, &name)?,
            // A type says nothing the catalog does not.
            Message::Type(_) => {}
        }
        Ok(Step::Done)
    }

    fn begin(&mut self, wal_start: Lsn, begin: Begin) -> Result<(), SourceError> {
        if self.open.is_some() {
            return Err(self.wrong("a transaction begins inside another".to_owned()));
        }
        self.begun_micros = begin.commit_micros;
        let transaction = Transaction {
            xid: begin.xid,
            commit_lsn: begin.commit_lsn,
            commit_micros: begin.commit_micros,
            previous_commit_lsn: self.previous_commit,
            snapshot: None,
            origin: None,
            xmin: self.xmin(),
        };
        let mut open = Open { transaction: Arc::new(transaction), seq: 0, tally: None };
        self.begins(wal_start, &mut open);
        self.open = Some(open);
        Ok(())
    }

    /// The transaction came from elsewhere: it is applied like everything else, and says so.
    fn origin(&mut self, lsn: Lsn, name: &str) -> Result<(), SourceError> {
        let Some(open) = &mut self.open else {
            return Err(self.wrong("an origin outside of a transaction".to_owned()));
        };
        let origin = Origin { name: name.into(), lsn };
        Arc::make_mut(&mut open.transaction).origin = Some(origin);
        Ok(())
    }

    fn commit(&mut self, wal_start: Lsn, commit: Commit) -> Result<(), SourceError> {
        let open = self.open.take();
        let Some(open) = open.filter(|open| open.transaction.commit_lsn == commit.commit_lsn)
        else {
            return Err(self.wrong("a commit of a transaction that did not begin".to_owned()));
        };
        self.ends(wal_start, &open);
        self.taken.take_if(|taken| taken.is_of(open.transaction.xid));
        self.previous_commit = Some(commit.end_lsn);
        self.building.is_whole_at(commit.end_lsn, self.given.0);
        Meter::advance(&self.meter.received_lsn, commit.end_lsn);
        Ok(())
    }

    /// A table is described: for the first time on this connection, or because it changed.
    async fn relation(&mut self, relation: Relation) -> Result<Step, SourceError> {
        if let Some(Known::Captured { relation: known, schema }) = self.known.get(&relation.oid)
            && *known == relation
        {
            let key = schema.key.clone();
            // Only under DEFAULT does the message say what the key is.
            if known.identity == Identity::Default {
                return Ok(Step::Done);
            }
            // The catalog is of now: a table that has no key any more had one when these rows were written.
            let now = self.describe(&relation).await?;
            if now.key.is_empty() || now.key == key {
                return Ok(Step::Done);
            }
        }
        let name = TableName::new(&relation.schema, &relation.name);
        let wanted = self.settings.tables.iter().any(|pattern| pattern.matches(&name));
        let captured = self.captured.get(&relation.oid);
        if captured.is_none() && !wanted {
            self.known.insert(relation.oid, Known::Ignored);
            return Ok(Step::Done);
        }
        if !self.building.events.is_empty() {
            return Ok(Step::CutFirst);
        }
        match captured {
            None => {
                self.known.insert(relation.oid, Known::New(name));
                return Ok(Step::Done);
            }
            Some(captured) if captured.table == name => {}
            Some(captured) if wanted && self.settings.follows_renames => {
                tracing::warn!(
                    table = %captured.table, renamed = %name, lsn = %self.lsn(),
                    "the table has another name and goes on under it, into the topic of that name; a pipeline that masks \
                     what it reads from the old one does not know the new one"
                );
            }
            Some(captured) => {
                return Err(renamed(&self.settings, &captured.table, &name, self.lsn()).into());
            }
        }
        let schema = self.describe(&relation).await?;
        self.building.relations.push(schema.clone());
        self.remember(relation.oid, &schema);
        self.known.insert(relation.oid, Known::Captured { relation, schema });
        Ok(Step::Done)
    }

    async fn describe(&self, relation: &Relation) -> Result<Arc<Schema>, SourceError> {
        let described = catalog::describe(&self.session, relation, &self.settings.shape).await;
        let name = TableName::new(&relation.schema, &relation.name);
        let place = format!("{}, table {name}", self.settings.server);
        described.map_err(SourceError::server(place, "read the catalog"))
    }

    /// Keeps the table's columns in the set that goes with the checkpoint.
    fn remember(&mut self, oid: u32, schema: &Schema) {
        let columns = schema.columns.iter().map(|column| column.name.clone()).collect();
        let table = CapturedTable { table: schema.origin.clone(), columns };
        if self.captured.get(&oid) != Some(&table) {
            Arc::make_mut(&mut self.captured).insert(oid, table);
        }
    }

    /// One change message.
    fn change(
        &mut self,
        wal_start: Lsn,
        oid: u32,
        change: impl FnOnce(&Schema) -> Change,
    ) -> Result<(), SourceError> {
        self.push(wal_start, oid, change)?;
        self.count();
        Ok(())
    }

    /// The message is counted, whatever became of it: positions are those of the transaction as it was sent.
    pub(super) fn count(&mut self) {
        if let Some(open) = &mut self.open {
            open.seq += 1;
        }
    }

    fn push(
        &mut self,
        wal_start: Lsn,
        oid: u32,
        change: impl FnOnce(&Schema) -> Change,
    ) -> Result<(), SourceError> {
        let Some(open) = &mut self.open else {
            return Err(self.wrong("a change outside of a transaction".to_owned()));
        };
        let position = Position { commit_lsn: open.transaction.commit_lsn, seq: open.seq };
        let schema = match self.known.get(&oid) {
            Some(Known::Captured { schema, .. }) => schema,
            Some(Known::Ignored) => return Ok(()),
            Some(Known::New(_)) if self.start.covers(position) => return Ok(()),
            Some(Known::New(name)) => {
                return Err(newly_matched(&self.settings, name, self.lsn()).into());
            }
            None => {
                return Err(
                    self.wrong(format!("a change of relation {oid}, which was not described"))
                );
            }
        };
        // Counted whether it is covered or not, so that a start inside the transaction counts the same.
        let xid = open.transaction.xid;
        let taken = self.taken.as_mut().is_some_and(|taken| taken.has(xid, wal_start));
        if self.start.covers(position) {
            return Ok(());
        }
        let mut event = Event {
            schema: schema.clone(),
            change: change(schema),
            position,
            lsn: wal_start,
            transaction: open.transaction.clone(),
            order: None,
        };
        if let Some(tally) = &mut open.tally {
            let records = if event.changes_record_key() { 2 } else { 1 };
            let name = || format!("{}.{}", schema.origin.schema, schema.origin.name);
            event.order = Some(tally.event(oid, name, records));
        }
        let fits = |row: Option<&cdc::Row>| row.is_none_or(|row| row.len() == schema.columns.len());
        if !fits(event.change.before()) || !fits(event.change.after()) {
            return Err(self.wrong(format!(
                "a row of {} with another number of columns than it was described with",
                schema.origin
            )));
        }
        if taken {
            return Ok(());
        }
        if lacks_old_key(schema, &event.change) {
            return Err(untold(&self.settings, &schema.origin, position).into());
        }
        self.building.event(event);
        Ok(())
    }
}

/// Whether the old row has no value in a column of the key: no row that is there has such a key.
fn lacks_old_key(schema: &Schema, change: &Change) -> bool {
    let is_null = |old: &cdc::Row| schema.key.iter().any(|&i| matches!(old.cell(i), Cell::Null));
    change.before().is_some_and(is_null)
}

fn untold(settings: &Settings, table: &TableName, position: Position) -> Finding {
    Finding::failed(
        "old_key_missing",
        format!("source {}, table {table}, row at LSN {position}", settings.server),
        "an update or delete came without the key of the row it means: a partition has another replica identity than its root, or the key is younger than the change",
    )
    .remedy(format!("let every partition send whole rows (ALTER TABLE … REPLICA IDENTITY FULL), then run `pgrelay drop` for pipeline {} and start it again with emptied target tables, which copies all tables", settings.pipeline))
}

/// Takes what the old row tells about cells that were not sent: all of them under FULL, those of the key otherwise.
fn fill_from_old(schema: &Schema, old: Option<&OldTuple>, new: &mut cdc::Row) {
    if !new.has_unchanged() {
        return;
    }
    match old {
        Some(OldTuple::Full(old)) => new.fill_unchanged(old),
        Some(OldTuple::Key(old)) => {
            for &i in &schema.key {
                if let (Cell::Unchanged, Cell::Text(text)) = (new.cell(i), old.cell(i)) {
                    new.set_text(i, Bytes::copy_from_slice(text));
                }
            }
        }
        None => {}
    }
}

fn newly_matched(settings: &Settings, name: &TableName, lsn: Lsn) -> Finding {
    Finding::outside(
        "table_new",
        format!("source {}, table {name}, LSN {lsn}", settings.server),
        "the publication sends a table that matches `source.postgres.tables` but was not there when the pipeline began: rows it had before are not known",
    )
    .remedy(format!("name the tables so that it does not match, and the stream goes on without it; or run `pgrelay drop` for pipeline {} and start it again, which copies all tables", settings.pipeline))
}

fn renamed(settings: &Settings, was: &TableName, is: &TableName, lsn: Lsn) -> Finding {
    Finding::outside(
        "table_renamed",
        format!("source {}, table {was}, LSN {lsn}", settings.server),
        format!("the table is called {is} from here on, and what masks {was} would not mask it"),
    )
    .remedy(format!("write the new name into the pipeline file everywhere, run `pgrelay drop` for pipeline {} and start it again, which copies all tables: rows under the new name are in the log of the source, and stay there if it gets its name back", settings.pipeline))
}
