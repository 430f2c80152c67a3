-- Columns come and rows with them, in one batch and over restarts: the target gets the column, and rows from before
-- have what the source's rows have.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t VALUES (1, 'a'), (2, 'a');

--- stream
INSERT INTO t VALUES (3, 'before');
ALTER TABLE t ADD COLUMN b int;
INSERT INTO t VALUES (4, 'with b', 4);
UPDATE t SET b = 1 WHERE id = 1;
ALTER TABLE t ADD COLUMN c text;
UPDATE t SET c = 'c' WHERE id = 4;

--- stream
ALTER TABLE t ADD COLUMN d numeric;
--- stream
INSERT INTO t VALUES (5, 'd', NULL, NULL, 5.50);

--- expect equal
