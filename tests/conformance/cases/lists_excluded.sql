-- What is left out: tables, and columns of the others.
-- debezium: table.exclude.list=public\.audit.*,public\.Tmp
-- debezium: column.exclude.list=public.t.secret,public.u.(a|b)
CREATE TABLE audit_1 (id int PRIMARY KEY); CREATE TABLE tmp (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, secret text, v text); CREATE TABLE u (a int, b int, id int PRIMARY KEY, c int);
INSERT INTO audit_1 VALUES (1); INSERT INTO t VALUES (1, 's', 'v'); INSERT INTO u VALUES (1, 2, 3, 4);
-- stream
INSERT INTO audit_1 VALUES (2); INSERT INTO tmp VALUES (2);
INSERT INTO t VALUES (2, 's', 'v'); UPDATE t SET secret = 'x'; UPDATE t SET v = 'y'; DELETE FROM u; DELETE FROM t;
