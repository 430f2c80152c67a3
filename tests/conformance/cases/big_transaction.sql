-- More rows than one batch or one poll has, in order, over three partitions.
-- debezium: topic.creation.default.partitions=3
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t SELECT n, 'before' FROM generate_series(1, 3000) n;
-- stream
BEGIN;
INSERT INTO t SELECT n, 'new' FROM generate_series(3001, 5000) n;
UPDATE t SET v = 'changed' WHERE id % 3 = 0;
DELETE FROM t WHERE id % 7 = 0;
COMMIT;
UPDATE t SET id = id + 100000 WHERE id < 200;
