-- A publication of all tables, of several schemas.
-- debezium: publication.name=everything
CREATE SCHEMA s1;
CREATE TABLE s1.t (id int PRIMARY KEY, v int); CREATE TABLE u (id int PRIMARY KEY, n int);
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish_via_partition_root = true);
INSERT INTO s1.t VALUES (1, 1);
-- stream
INSERT INTO u VALUES (3, 1); UPDATE s1.t SET v = 2;
