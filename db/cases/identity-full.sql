-- A table that sends whole old rows, with a key: updates, changes of key and deletes as with any other.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text, big text);
ALTER TABLE t REPLICA IDENTITY FULL;
ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
INSERT INTO t SELECT i, 'a' || i, repeat(md5(i::text), 300) FROM generate_series(1, 6) i;

--- stream
UPDATE t SET a = 'changed' WHERE id = 1;
UPDATE t SET id = 12 WHERE id = 2;
UPDATE t SET id = 13, big = NULL WHERE id = 3;
DELETE FROM t WHERE id = 4;
UPDATE t SET big = NULL WHERE id = 5;
INSERT INTO t VALUES (4, NULL, NULL);
UPDATE t SET a = 'x' WHERE id = 4;
