-- A truncate stands where it stood: rows before it are gone, rows after it are there, in one batch and alone.

--- source
CREATE TABLE log (id int PRIMARY KEY, line text);
INSERT INTO log SELECT i, 'old' FROM generate_series(1, 10) i;

--- stream
INSERT INTO log VALUES (11, 'before');
TRUNCATE log;
INSERT INTO log VALUES (1, 'after');
BEGIN;
INSERT INTO log VALUES (2, 'before');
TRUNCATE log;
INSERT INTO log VALUES (3, 'after');
COMMIT;

--- expect equal
--- expect topic public.log
-- r r r r r r r r r r c t c c t c

--- stream
TRUNCATE log;
--- expect equal
