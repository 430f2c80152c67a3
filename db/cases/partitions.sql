-- Partitions arrive under their root, wherever a row lies, and a row that moves between two of them is still one row.

--- source
CREATE TABLE m (id int, day int, a text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m_2 (day int NOT NULL, gone int, a text, id int NOT NULL);
ALTER TABLE m_2 DROP COLUMN gone;
ALTER TABLE m ATTACH PARTITION m_2 FOR VALUES FROM (10) TO (20);
CREATE TABLE m_3 PARTITION OF m FOR VALUES FROM (20) TO (30) PARTITION BY LIST (id);
CREATE TABLE m_3_x PARTITION OF m_3 DEFAULT;
INSERT INTO m SELECT i, i, 'a' FROM generate_series(0, 29) i;

--- stream
INSERT INTO m VALUES (100, 5, 'one'), (101, 15, 'two'), (102, 25, 'three');
UPDATE m SET a = 'changed' WHERE id IN (1, 11, 21);
UPDATE m SET day = 15 WHERE id = 2;
UPDATE m SET day = 5 WHERE id = 22;
UPDATE m SET day = 5, id = 204 WHERE id = 14;
DELETE FROM m WHERE id IN (3, 13, 23);
CREATE TABLE m_4 PARTITION OF m FOR VALUES FROM (30) TO (40);
INSERT INTO m VALUES (103, 35, 'in a new partition');

--- expect equal
--- expect rows target
SELECT count(*), count(*) FILTER (WHERE relkind = 'r') FROM pg_class WHERE relname LIKE 'm%' AND relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p');
-- 1 | 1

--- stream
TRUNCATE m_1;
TRUNCATE m;
INSERT INTO m VALUES (1, 1, 'new');
--- expect equal
