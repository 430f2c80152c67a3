-- A snapshot of one row.
CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t VALUES (1);
-- stream
INSERT INTO t VALUES (2);
