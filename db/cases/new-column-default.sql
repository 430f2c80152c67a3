-- A column with a constant default comes: rows from before it have the constant, in the source and so in the target,
-- though no change of them is sent. A table without a key finds its rows by it.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t SELECT i, 'a' FROM generate_series(1, 3) i;
CREATE TABLE nokey (a int);
ALTER TABLE nokey REPLICA IDENTITY FULL;
INSERT INTO nokey VALUES (1), (1), (2);
CREATE TABLE parts (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
INSERT INTO parts VALUES (1, 1);

--- stream
ALTER TABLE t ADD COLUMN n int NOT NULL DEFAULT 5, ADD COLUMN q text DEFAULT 'it''s "quoted", \ and {braced}',
    ADD COLUMN tags text[] NOT NULL DEFAULT '{a,"b c",NULL}', ADD COLUMN at timestamptz DEFAULT '2020-02-03 04:05:06.7+00',
    ADD COLUMN doc jsonb DEFAULT '{"a": [1, "x"]}', ADD COLUMN raw bytea DEFAULT '\x00ff';
INSERT INTO t (id, a, n) VALUES (4, 'new', 6);
UPDATE t SET a = 'changed' WHERE id = 1;
ALTER TABLE nokey ADD COLUMN b int NOT NULL DEFAULT 7;
DELETE FROM nokey WHERE ctid = (SELECT min(ctid) FROM nokey);
UPDATE nokey SET b = 8 WHERE a = 2;
ALTER TABLE parts ADD COLUMN s text NOT NULL DEFAULT 's';
INSERT INTO parts VALUES (2, 1);

--- stream
INSERT INTO t (id, n, q) VALUES (5, 1, NULL);

--- expect equal
