-- A table gets another name.
CREATE TABLE t (id int PRIMARY KEY, a int);
INSERT INTO t VALUES (1, 1);
-- stream
UPDATE t SET a = 2; ALTER TABLE t RENAME TO t2; UPDATE t2 SET a = 3; INSERT INTO t2 VALUES (2, 2); DELETE FROM t2 WHERE id = 1;
