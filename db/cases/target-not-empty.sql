-- Tables that hold rows nobody copied are not copied into; emptied, they are.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t VALUES (1, 'source');
--- target
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t VALUES (7, 'target');

--- start halts target_not_empty
--- expect rows target
SELECT * FROM t;
-- 7 | target
--- target
TRUNCATE t;
--- start
--- expect equal
