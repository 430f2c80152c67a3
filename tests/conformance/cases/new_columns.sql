-- Columns come, go, and change their names and types while both stream.
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t VALUES (1, 'x');
-- stream
INSERT INTO t VALUES (2, 'y');
ALTER TABLE t ADD COLUMN b int;
INSERT INTO t VALUES (3, 'z', 3);
UPDATE t SET b = 1 WHERE id = 1;
ALTER TABLE t ADD COLUMN c text NOT NULL DEFAULT 'new';
INSERT INTO t VALUES (4, 'w', 4, 'given');
UPDATE t SET a = 'q' WHERE id = 2;
DELETE FROM t WHERE id = 3;
BEGIN;
INSERT INTO t VALUES (5, 'v', 5, 'before');
ALTER TABLE t ADD COLUMN d boolean;
INSERT INTO t VALUES (6, 'u', 6, 'after', true);
COMMIT;
