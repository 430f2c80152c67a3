-- Where transactions begin and end, how many events they have, and which of them a record is.
-- in json and avro
-- debezium: provide.transaction.metadata=true
-- debezium: skipped.operations=none
CREATE TABLE a (id int PRIMARY KEY, v text);
CREATE TABLE b (id int PRIMARY KEY);
CREATE TABLE c (id int);
ALTER TABLE c REPLICA IDENTITY FULL;
CREATE SCHEMA other;
CREATE TABLE other.unseen (id int PRIMARY KEY);
INSERT INTO a VALUES (1, 'one');
-- stream
INSERT INTO a VALUES (2, 'two');
BEGIN;
INSERT INTO a VALUES (3, 'three'), (4, 'four');
INSERT INTO b VALUES (1);
INSERT INTO other.unseen VALUES (1);
SELECT pg_logical_emit_message(true, 'shop', 'counted');
SELECT pg_logical_emit_message(false, 'shop', 'not counted');
UPDATE a SET v = 'drei' WHERE id = 3;
UPDATE b SET id = 2;
DELETE FROM a WHERE id = 4;
INSERT INTO b VALUES (3);
INSERT INTO c VALUES (1);
COMMIT;
INSERT INTO other.unseen VALUES (2);
SELECT pg_logical_emit_message(true, 'shop', 'alone');
SELECT pg_logical_emit_message(false, 'shop', 'of none');
BEGIN;
SAVEPOINT one;
INSERT INTO a VALUES (5, 'five');
ROLLBACK TO one;
INSERT INTO a VALUES (6, 'six');
COMMIT;
TRUNCATE b, c;
