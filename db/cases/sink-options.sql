-- Deletes that the sink is told not to apply leave their rows; a table it is told not to make halts it until it is
-- there.

--- pipeline
-- sink: { postgres: { delete: false, create: false } }
--- source
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t VALUES (1, 'a'), (2, 'a');

--- start halts target_table_missing
--- target
CREATE TABLE t (id int PRIMARY KEY, a text);
--- start
--- stream
DELETE FROM t WHERE id = 1;
UPDATE t SET a = 'changed' WHERE id = 2;

--- expect rows target
SELECT * FROM t ORDER BY id;
-- 1 | a
-- 2 | changed
