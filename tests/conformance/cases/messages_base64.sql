-- The content of logical decoding messages follows binary.handling.mode: base64.
-- in json and avro
-- debezium: binary.handling.mode=base64
CREATE TABLE a (id int PRIMARY KEY, v bytea);
INSERT INTO a VALUES (1, '\x00fbfeff');
-- stream
SELECT pg_logical_emit_message(true, 'shop', 'on its own');
SELECT pg_logical_emit_message(false, 'shop', 'at once');
SELECT pg_logical_emit_message(true, 'empty', '');
SELECT pg_logical_emit_message(false, 'bytes', '\x0001fbfeff'::bytea);
INSERT INTO a VALUES (2, '\x0001fbfeff');
