-- A change of a key that carries the whole row needs no old row to be applied to. One that does not carry every
-- column does, and is not made up.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text, big text);
ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
INSERT INTO t SELECT i, 'a', repeat('x', 9000) FROM generate_series(1, 3) i;
CREATE TABLE keys (a int, b int, PRIMARY KEY (a, b));
INSERT INTO keys VALUES (1, 1), (2, 2);

--- start
--- target
DELETE FROM t WHERE id < 3;
DELETE FROM keys WHERE a = 1;
--- stream
UPDATE t SET id = 11, big = 'small' WHERE id = 1;
UPDATE keys SET a = a + 10;
--- expect equal public.keys
--- expect rows target
SELECT id, a, length(big) FROM t ORDER BY id;
-- 3 | a | 9000
-- 11 | a | 5

--- stream halts row_missing
UPDATE t SET id = 12 WHERE id = 2;
--- target
INSERT INTO t VALUES (2, 'a', repeat('x', 9000));
--- start
--- expect equal
