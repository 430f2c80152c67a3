-- Logical decoding messages, of a transaction and of none, among changes, with nothing in them and with any bytes.
-- in json and avro
CREATE TABLE a (id int PRIMARY KEY, v text);
INSERT INTO a VALUES (1, 'one');
-- stream
SELECT pg_logical_emit_message(true, 'shop', 'on its own');
SELECT pg_logical_emit_message(false, 'shop', 'at once');
BEGIN;
INSERT INTO a VALUES (2, 'two');
SELECT pg_logical_emit_message(true, 'shop', 'after the insert');
SELECT pg_logical_emit_message(false, 'Other "prefix"', 'at once, within');
UPDATE a SET v = 'zwei' WHERE id = 2;
SELECT pg_logical_emit_message(true, '', 'before the end');
COMMIT;
SELECT pg_logical_emit_message(true, 'empty', '');
SELECT pg_logical_emit_message(false, 'bytes', '\x0001feff'::bytea);
BEGIN;
SELECT pg_logical_emit_message(true, 'shop', 'taken back');
SELECT pg_logical_emit_message(false, 'shop', 'not taken back');
ROLLBACK;
INSERT INTO a VALUES (3, 'three');
