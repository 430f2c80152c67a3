-- Rows written before a column comes are in the target before it does, though one backlog holds both: they have the
-- column's default as the source's have, and are found by it.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t VALUES (1, 'a');
CREATE TABLE nokey (a int);
ALTER TABLE nokey REPLICA IDENTITY FULL;
CREATE TABLE other (id int PRIMARY KEY);

--- stream
INSERT INTO t VALUES (2, 'before');
INSERT INTO nokey VALUES (1), (2);
INSERT INTO other SELECT generate_series(1, 50);
ALTER TABLE t ADD n int NOT NULL DEFAULT 5;
INSERT INTO t VALUES (3, 'after', 6);
INSERT INTO other VALUES (51);
ALTER TABLE nokey ADD b int NOT NULL DEFAULT 7;
UPDATE nokey SET b = 8 WHERE a = 1;
DELETE FROM nokey WHERE a = 2;

--- stream
BEGIN;
INSERT INTO t VALUES (4, 'inside', 1);
ALTER TABLE t ADD m text NOT NULL DEFAULT 'm';
INSERT INTO t VALUES (5, 'inside', 2, 'n');
COMMIT;

--- expect equal
