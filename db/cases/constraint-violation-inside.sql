-- The last row of a transaction that is larger than a batch is turned away: the batches before it, which were written
-- already, leave nothing in the target.

--- source
CREATE TABLE t (id int PRIMARY KEY, n int);
INSERT INTO t VALUES (0, 1);
--- target
CREATE TABLE t (id int PRIMARY KEY, n int CONSTRAINT positive CHECK (n > 0));

--- stream halts constraint_violation
BEGIN;
INSERT INTO t SELECT i, i FROM generate_series(1, 30000) i;
INSERT INTO t VALUES (30001, -1);
COMMIT;
--- expect rows target
SELECT count(*) FROM t;
-- 1
--- target
ALTER TABLE t DROP CONSTRAINT positive;
--- start
--- expect equal
