-- A column that is dropped in the source is no longer written; the target keeps it, and what it held.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text, b text);
INSERT INTO t VALUES (1, 'a', 'b'), (2, 'a', 'b');

--- stream
UPDATE t SET b = 'last' WHERE id = 1;
ALTER TABLE t DROP COLUMN b;
UPDATE t SET a = 'after' WHERE id = 2;
INSERT INTO t VALUES (3, 'new');

--- stream
INSERT INTO t VALUES (4, 'newer');

--- expect rows target
SELECT id, a, b FROM t ORDER BY id;
-- 1 | a | last
-- 2 | after | b
-- 3 | new | NULL
-- 4 | newer | NULL
