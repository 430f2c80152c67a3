-- A publication of the case: a column list and a row filter.
-- debezium: publication.name=mine
-- debezium: publication.autocreate.mode=disabled
CREATE TABLE t (id int PRIMARY KEY, secret text, v int); CREATE TABLE u (id int PRIMARY KEY, n int); CREATE TABLE w (id int PRIMARY KEY);
INSERT INTO t VALUES (1, 's', 1), (2, 't', -1); INSERT INTO u VALUES (1, 5), (2, 50);
CREATE PUBLICATION mine FOR TABLE t (id, v), u WHERE (n > 10);
-- stream
INSERT INTO t VALUES (3, 's', 1); UPDATE t SET v = 9; INSERT INTO u VALUES (3, 1), (4, 100); DELETE FROM t; INSERT INTO w VALUES (1);
