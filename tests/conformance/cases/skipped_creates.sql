-- Creates are left out, also the one that ends the run.
-- debezium: skipped.operations=c
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t VALUES (1,'v');
-- stream
INSERT INTO t VALUES (2,'v'); UPDATE t SET v = 'x'; UPDATE t SET id = 5 WHERE id = 1; DELETE FROM t WHERE id = 2; TRUNCATE t;
