-- The slot's horizon in what is streamed: in changes, and in messages.
-- in json and avro
-- debezium: xmin.fetch.interval.ms=20
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t VALUES (1, 'copied');
-- stream
INSERT INTO t VALUES (2, 'streamed');
UPDATE t SET id = 3 WHERE id = 2;
BEGIN;
SELECT pg_logical_emit_message(true, 'shop', 'in a transaction');
DELETE FROM t WHERE id = 1;
COMMIT;
SELECT pg_logical_emit_message(false, 'shop', 'on its own');
TRUNCATE t;
INSERT INTO t VALUES (4, 'after all');
