-- A column is renamed in the source, between rows of one batch: rows before have the old name, rows after the new.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t VALUES (1, 'one');

--- stream
UPDATE t SET a = 'before' WHERE id = 1;
INSERT INTO t VALUES (2, 'before');
ALTER TABLE t RENAME COLUMN a TO b;
INSERT INTO t VALUES (3, 'after');
UPDATE t SET b = 'after' WHERE id = 2;

--- stream
INSERT INTO t VALUES (4, 'later');

--- expect rows target
SELECT id, a, b FROM t ORDER BY id;
-- 1 | before | NULL
-- 2 | before | after
-- 3 | NULL | after
-- 4 | NULL | later
