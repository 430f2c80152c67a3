-- A key changes that rows of another table refer to: the reference of the target, checked at the commit, holds.

--- source
CREATE TABLE parents (id int PRIMARY KEY, name text);
CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES parents ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO parents SELECT i, 'p' || i FROM generate_series(1, 3) i;
INSERT INTO children SELECT i, i % 3 + 1 FROM generate_series(1, 30) i;
--- target
CREATE TABLE parents (id int PRIMARY KEY, name text);
CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES parents DEFERRABLE INITIALLY DEFERRED);

--- stream
UPDATE parents SET id = 10 WHERE id = 1;
UPDATE parents SET id = id + 100;

--- stream
BEGIN;
UPDATE parents SET id = 1 WHERE id = 102;
INSERT INTO children VALUES (31, 1);
DELETE FROM children WHERE parent = 103;
DELETE FROM parents WHERE id = 103;
COMMIT;
