-- An update that does not carry every column finds no row in the target: it is not made up, and not skipped.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text, big text);
ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
INSERT INTO t VALUES (1, 'a', repeat('x', 9000)), (2, 'a', repeat('y', 9000));

--- start
--- target
DELETE FROM t WHERE id = 1;
--- stream halts row_missing
UPDATE t SET a = 'partial' WHERE id = 1;
--- expect rows target
SELECT id, a FROM t;
-- 2 | a
--- target
INSERT INTO t VALUES (1, 'back', repeat('x', 9000));
--- start
--- expect equal
