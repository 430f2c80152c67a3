-- What has a table's name in the target and is none, halts and is named for what it is.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t VALUES (1, 'a');
--- target
CREATE VIEW t AS SELECT 1 AS id, 'a'::text AS a;
--- start halts target_not_a_table
--- target
DROP VIEW t;
CREATE TYPE t AS (id int, a text);
--- start halts target_not_a_table
--- target
DROP TYPE t;
--- start
--- expect equal
