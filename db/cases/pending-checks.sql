-- What waits for the commit to be checked does not keep a table from being truncated or altered behind it: checks of the
-- target that the source makes at once.

--- source
CREATE TABLE parent (id int PRIMARY KEY, u int UNIQUE);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent, u int);
CREATE TABLE self (id int PRIMARY KEY, above int REFERENCES self);
INSERT INTO parent VALUES (1, 1), (2, 2); INSERT INTO child VALUES (1, 1, 1);
--- target
CREATE TABLE parent (id int PRIMARY KEY, u int UNIQUE DEFERRABLE);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent DEFERRABLE, u int UNIQUE DEFERRABLE);
CREATE TABLE self (id int PRIMARY KEY, above int REFERENCES self DEFERRABLE INITIALLY DEFERRED);

--- stream
INSERT INTO child VALUES (2, 2, 2);
TRUNCATE child;
INSERT INTO child VALUES (3, 2, 3);
TRUNCATE child;
INSERT INTO child VALUES (4, 1, 3), (5, 2, 5);
BEGIN; INSERT INTO self VALUES (2, NULL), (1, 2); TRUNCATE self; INSERT INTO self VALUES (3, 3); COMMIT;
UPDATE parent SET u = 3 WHERE id = 1; UPDATE parent SET u = 1 WHERE id = 2;
DELETE FROM child; DELETE FROM parent WHERE id = 2;
TRUNCATE parent, child;
INSERT INTO parent VALUES (7, 7); INSERT INTO child VALUES (7, 7, 7);
--- expect equal

--- stream
BEGIN;
INSERT INTO child VALUES (8, 7, 8);
ALTER TABLE child ADD COLUMN x int;
INSERT INTO child VALUES (9, 7, 9, 9);
INSERT INTO parent VALUES (8, 8);
ALTER TABLE parent ADD COLUMN y int DEFAULT 5;
UPDATE parent SET y = 6 WHERE id = 8;
INSERT INTO child VALUES (10, 8, 10, 10);
COMMIT;
--- expect equal
