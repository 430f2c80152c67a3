-- Without a key, an update or a delete means one of the equal rows, not all of them; rows of nothing but nulls too.

--- source
CREATE TABLE t (a int, b text, c numeric);
ALTER TABLE t REPLICA IDENTITY FULL;
INSERT INTO t SELECT 1, 'same', 1.0 FROM generate_series(1, 4);
INSERT INTO t VALUES (NULL, NULL, NULL), (NULL, NULL, NULL), (2, 'x', 1.0), (2, 'x', 1.00);

--- stream
DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE b = 'same');
UPDATE t SET b = 'one of them' WHERE ctid = (SELECT max(ctid) FROM t WHERE b = 'same');
DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE a IS NULL);
DELETE FROM t WHERE c::text = '1.00';
INSERT INTO t VALUES (1, 'same', 1.0);

--- expect equal
--- expect rows target
SELECT a, b, c, count(*) FROM t GROUP BY 1, 2, 3, c::text ORDER BY 1, 2;
-- 1 | one of them | 1.0 | 1
-- 1 | same | 1.0 | 3
-- 2 | x | 1.0 | 1
-- NULL | NULL | NULL | 1

--- stream
UPDATE t SET a = 9;
DELETE FROM t WHERE b = 'same';
--- expect equal
