CREATE TABLE c (id int PRIMARY KEY, a text, b numeric(5,2) DEFAULT 1);
-- in json and avro
COMMENT ON COLUMN c.a IS 'the "a"'; COMMENT ON TABLE c IS 'table';
INSERT INTO c VALUES (1, 'x');
-- stream
INSERT INTO c VALUES (2, 'y', NULL);
