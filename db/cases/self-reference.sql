-- A tree in one table, written in one batch: a new parent comes after the row that is to refer to it, and parents are
-- deleted after children whatever their keys are.

--- source
CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree, name text);
INSERT INTO tree VALUES (5, NULL, 'root');
--- target
CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree, name text);

--- stream
INSERT INTO tree VALUES (1, 5, 'child');
INSERT INTO tree VALUES (9, NULL, 'new parent');
UPDATE tree SET up = 9 WHERE id = 1;
INSERT INTO tree VALUES (2, 1, 'grandchild');
UPDATE tree SET up = 2 WHERE id = 5;
INSERT INTO tree SELECT i, i - 1, 'chain' FROM generate_series(10, 300) i;

--- stream
UPDATE tree SET up = NULL WHERE id = 5;
DELETE FROM tree WHERE id = 2;
DELETE FROM tree WHERE id = 1;
DELETE FROM tree WHERE id >= 9;
