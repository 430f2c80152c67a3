-- Rows that the target has are updated, whole, in part, and where their keys change; those that it has not are left
-- out. A row that is deleted and made again is one that it has not, in one batch or in two.

--- pipeline
-- source: { postgres: { snapshot: never } }
-- sink: { postgres: { mode: update } }
--- source
CREATE TABLE t (id int PRIMARY KEY, a text, big text);
ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
INSERT INTO t SELECT i, 'a', repeat('x', 9000) FROM generate_series(1, 9) i;
CREATE TABLE u (id int PRIMARY KEY, a text);
INSERT INTO u SELECT i, 'a' FROM generate_series(1, 200) i;
CREATE TABLE keys (id int PRIMARY KEY);
--- target
CREATE TABLE t (id int PRIMARY KEY, a text, big text);
INSERT INTO t SELECT i, 'a', repeat('x', 9000) FROM generate_series(1, 6) i;
CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text);
INSERT INTO u (a) SELECT 'a' FROM generate_series(1, 3) i;
CREATE TABLE keys (id int PRIMARY KEY);
--- start

--- stream
UPDATE t SET a = 'whole', big = 'b' WHERE id IN (1, 7);
UPDATE t SET a = 'partial' WHERE id IN (2, 8);
UPDATE t SET id = 13 WHERE id = 3;
UPDATE t SET id = 14, big = 'moved' WHERE id = 4;
UPDATE t SET id = 17, big = 'moved' WHERE id = 7;
UPDATE t SET id = 18 WHERE id = 8;
BEGIN;
DELETE FROM t WHERE id = 5;
INSERT INTO t VALUES (5, 'again', 'b');
UPDATE t SET a = 'and again' WHERE id = 5;
COMMIT;
INSERT INTO t VALUES (20, 'new', 'b');
UPDATE u SET a = 'changed';
INSERT INTO keys VALUES (1);

--- expect rows target
SELECT id, a, length(big) FROM t ORDER BY id;
-- 1 | whole | 1
-- 2 | partial | 9000
-- 6 | a | 9000
-- 13 | a | 9000
-- 14 | a | 5
--- expect rows target
SELECT * FROM u ORDER BY id;
-- 1 | changed
-- 2 | changed
-- 3 | changed
--- expect rows target
SELECT count(*) FROM keys;
-- 0
