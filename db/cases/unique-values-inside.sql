-- Unique values are swapped at the end of a transaction that is larger than a batch. Folded, the rows are turned away;
-- written again in the source's own order they go through, and what was written before them stays.

--- source
CREATE TABLE t (id int PRIMARY KEY, n int);
CREATE TABLE u (id int PRIMARY KEY, n int UNIQUE);
INSERT INTO u VALUES (1, 10), (2, 20);
--- target
CREATE TABLE t (id int PRIMARY KEY, n int);
CREATE TABLE u (id int PRIMARY KEY, n int UNIQUE);

--- stream
BEGIN;
INSERT INTO t SELECT i, i FROM generate_series(1, 30000) i;
UPDATE u SET n = 30 WHERE id = 1;
UPDATE u SET n = 10 WHERE id = 2;
UPDATE u SET n = 20 WHERE id = 1;
COMMIT;
--- expect equal
--- expect rows target
SELECT id, n FROM u ORDER BY id;
-- 1 | 20
-- 2 | 10
