-- A target that is to keep what the source deletes keeps what it truncates, too.

--- pipeline
-- sink: { postgres: { delete: false } }
--- source
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE TABLE nokey (a int);
ALTER TABLE nokey REPLICA IDENTITY FULL;
INSERT INTO t VALUES (1, 'a'), (2, 'a');
INSERT INTO nokey VALUES (1);

--- stream
TRUNCATE t, nokey;
INSERT INTO t VALUES (2, 'again'), (3, 'new');

--- expect rows target
SELECT * FROM t ORDER BY id;
-- 1 | a
-- 2 | again
-- 3 | new
--- expect rows target
SELECT * FROM nokey;
-- 1
