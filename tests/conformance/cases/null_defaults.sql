-- A null in a column with a default stays null.
-- in json and avro
CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 7, v text DEFAULT 'dflt');
INSERT INTO t VALUES (1, NULL, NULL), (2, 1, 'x');
-- stream
INSERT INTO t VALUES (3, NULL, NULL);
INSERT INTO t (id) VALUES (4);
UPDATE t SET n = NULL WHERE id = 2;
