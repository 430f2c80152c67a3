-- Nothing to do, an empty transaction, a run with nothing new, and many tiny transactions: each run ends, and nothing
-- comes twice.

--- source
CREATE TABLE t (id int, a text);
ALTER TABLE t REPLICA IDENTITY FULL;

--- start
--- start
--- stream
BEGIN; COMMIT;
--- stream
INSERT INTO t VALUES (1, 'once');
--- start
--- start
--- stream
INSERT INTO t VALUES (1, 'once');
INSERT INTO t VALUES (1, 'once');
INSERT INTO t VALUES (1, 'once');
--- live
INSERT INTO t SELECT 2, 'live' FROM generate_series(1, 10);
INSERT INTO t VALUES (3, 'live');
--- live
INSERT INTO t VALUES (3, 'live');

--- expect equal
--- expect rows target
SELECT id, count(*) FROM t GROUP BY 1 ORDER BY 1;
-- 1 | 4
-- 2 | 10
-- 3 | 2
