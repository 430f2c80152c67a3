-- A publication of a schema.
-- debezium: publication.name=one_schema
CREATE SCHEMA s1; CREATE SCHEMA s2;
CREATE TABLE s1.t (id int PRIMARY KEY, v int); CREATE TABLE s1.u (id int PRIMARY KEY, n int); CREATE TABLE s2.t (id int PRIMARY KEY);
CREATE PUBLICATION one_schema FOR TABLES IN SCHEMA s1;
INSERT INTO s1.t VALUES (1, 1);
-- stream
INSERT INTO s1.u VALUES (3, 1); UPDATE s1.t SET v = 2; INSERT INTO s2.t VALUES (1);
