-- Transactions whose changes lie between each other's in the WAL arrive in the order of their commits: the one begun
-- first and committed last is not lost, wherever the pipeline stopped in between.

--- source
CREATE TABLE t (id int PRIMARY KEY, who text);
INSERT INTO t VALUES (1, 'start');

--- stream
BEGIN;
INSERT INTO t VALUES (10, 'one');
--- session two
BEGIN;
INSERT INTO t VALUES (20, 'two');
UPDATE t SET who = 'two' WHERE id = 1;
--- session
INSERT INTO t VALUES (11, 'one');
--- session two
COMMIT;
INSERT INTO t VALUES (21, 'two');
--- session
UPDATE t SET who = who || ' one' WHERE id = 1;
COMMIT;

--- live
BEGIN;
INSERT INTO t VALUES (30, 'one');
--- session two
INSERT INTO t VALUES (40, 'two');
UPDATE t SET who = 'two again' WHERE id = 1;
--- session
UPDATE t SET who = 'one again' WHERE id = 1;
COMMIT;

--- expect equal
--- expect rows target
SELECT who FROM t WHERE id = 1;
-- one again
