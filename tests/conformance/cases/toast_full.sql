CREATE TABLE t (id int PRIMARY KEY, n int, v varchar, ia int[]);
ALTER TABLE t REPLICA IDENTITY FULL, ALTER v SET STORAGE EXTERNAL, ALTER ia SET STORAGE EXTERNAL;
-- stream
INSERT INTO t SELECT 1, 1, repeat('x', 3000), array_agg(i) FROM generate_series(1, 2000) i;
UPDATE t SET n = 2; UPDATE t SET id = 3; DELETE FROM t;
