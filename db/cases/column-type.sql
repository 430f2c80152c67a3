-- A column gets a wider type in the source. The target's column has to get it, too: a value that does not fit halts
-- the pipeline, and it goes on once the column has been changed.

--- source
CREATE TABLE t (id int PRIMARY KEY, n int);
INSERT INTO t VALUES (1, 1);

--- stream
ALTER TABLE t ALTER n TYPE bigint;
INSERT INTO t VALUES (2, 2);
UPDATE t SET n = 10 WHERE id = 1;
--- expect equal

--- stream halts type_mismatch
INSERT INTO t VALUES (3, 3000000000);
--- expect rows target
SELECT * FROM t ORDER BY id;
-- 1 | 10
-- 2 | 2
--- target
ALTER TABLE t ALTER n TYPE bigint;
--- start
--- expect equal
