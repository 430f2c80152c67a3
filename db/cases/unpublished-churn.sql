-- The server writes, but nothing that is captured: the slot moves on all the same, so that WAL is not kept for ever.

--- pipeline
-- source: { postgres: { tables: [public.t] } }
--- source
CREATE TABLE t (id int PRIMARY KEY);
CREATE TABLE churn (id int PRIMARY KEY, pad text);
CREATE TABLE mark (lsn pg_lsn);
INSERT INTO t VALUES (1);

--- stream
INSERT INTO churn SELECT i, repeat('x', 1000) FROM generate_series(1, 3000) i;
UPDATE churn SET pad = pad || 'y';
INSERT INTO mark SELECT pg_current_wal_lsn();
--- expect rows source
SELECT confirmed_flush_lsn >= (SELECT lsn FROM mark) FROM pg_replication_slots WHERE slot_name = :'slot';
-- t
--- expect equal
