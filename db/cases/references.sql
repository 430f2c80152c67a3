-- References of the target are checked: children written before their parents in a transaction, parents deleted with
-- their children, a row that refers to itself or to a row of its own table.

--- source
CREATE TABLE parents (id int PRIMARY KEY, name text);
CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE lines (id int PRIMARY KEY, parent int NOT NULL REFERENCES parents ON DELETE CASCADE);
CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree);
INSERT INTO parents SELECT i, 'p' FROM generate_series(1, 5) i;
INSERT INTO lines SELECT i, i % 5 + 1 FROM generate_series(1, 20) i;
INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 3), (4, 2);
--- target
CREATE TABLE parents (id int PRIMARY KEY, name text);
CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE lines (id int PRIMARY KEY, parent int NOT NULL REFERENCES parents ON DELETE CASCADE);
CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree);

--- stream
BEGIN;
INSERT INTO children VALUES (1, 10), (2, 11);
INSERT INTO parents VALUES (10, 'late'), (11, 'late');
COMMIT;
DELETE FROM parents WHERE id = 1;
BEGIN;
INSERT INTO parents VALUES (20, 'short');
INSERT INTO lines VALUES (100, 20);
DELETE FROM lines WHERE id = 100;
DELETE FROM parents WHERE id = 20;
COMMIT;
INSERT INTO tree VALUES (10, 4), (11, 10), (12, 12);
UPDATE tree SET up = 12 WHERE id = 10;
DELETE FROM tree WHERE id = 11;
DELETE FROM tree WHERE id = 3;
UPDATE lines SET parent = 2;
DELETE FROM parents WHERE id = 3;

--- live
DELETE FROM tree WHERE id = 4;
DELETE FROM children;
DELETE FROM parents WHERE id > 2;
