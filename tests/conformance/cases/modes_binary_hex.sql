-- Bytes as hex.
-- in json and avro
-- debezium: binary.handling.mode=hex
CREATE TABLE b (id int PRIMARY KEY, x bytea, nn bytea NOT NULL, xs bytea[]);
INSERT INTO b VALUES (1, '\x010203', '\xfffe', '{"\\x01"}');
-- stream
INSERT INTO b VALUES (2, '', '\xfbff', NULL), (3, NULL, '\x00', '{}');
DELETE FROM b;
