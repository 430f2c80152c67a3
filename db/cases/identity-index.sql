-- The replica identity is another unique index than the primary key: rows are told apart by its columns.

--- source
CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL, region int NOT NULL, a text);
CREATE UNIQUE INDEX t_code ON t (region, code);
ALTER TABLE t REPLICA IDENTITY USING INDEX t_code;
INSERT INTO t SELECT i, 'c' || i, i % 2, 'a' FROM generate_series(1, 8) i;

--- stream
UPDATE t SET a = 'changed' WHERE id = 1;
UPDATE t SET id = 20 WHERE id = 2;
UPDATE t SET code = 'moved' WHERE id = 3;
UPDATE t SET id = 40, code = 'both' WHERE id = 4;
DELETE FROM t WHERE id = 5;
INSERT INTO t VALUES (5, 'c5', 1, 'again');
