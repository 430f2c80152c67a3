-- One transaction of many more changes than a batch holds, over several tables, is applied whole: with moves, deletes
-- and updates of rows it made itself.

--- source
CREATE TABLE t (id int PRIMARY KEY, n int, pad text);
CREATE TABLE u (id int PRIMARY KEY, t int REFERENCES t);
--- target
CREATE TABLE t (id int PRIMARY KEY, n int, pad text);
CREATE TABLE u (id int PRIMARY KEY, t int REFERENCES t);

--- stream
BEGIN;
INSERT INTO t SELECT i, i, repeat('p', 100) FROM generate_series(1, 20000) i;
UPDATE t SET n = -n WHERE id % 2 = 0;
INSERT INTO u SELECT i, i FROM generate_series(1, 5000) i;
DELETE FROM u WHERE id > 4000;
DELETE FROM t WHERE id > 15000;
UPDATE t SET id = id + 100000 WHERE id BETWEEN 10001 AND 10050;
COMMIT;
INSERT INTO t VALUES (1000000, 1, 'after');

--- live
BEGIN;
UPDATE t SET n = n + 1;
DELETE FROM u;
COMMIT;
