-- A value that is a name of the database's own is written out in full, in the copy and in the stream alike, and read back
-- as the same: the search path of nobody's session counts.

--- source
CREATE SCHEMA app;
CREATE TABLE app.kept (id int);
CREATE TABLE r (id int PRIMARY KEY, c regclass, t regtype, p regproc);
CREATE TABLE loose (c regclass, n int);
ALTER TABLE loose REPLICA IDENTITY FULL;
INSERT INTO r VALUES (1, 'public.r', 'public.r', 'pg_catalog.now');
INSERT INTO loose VALUES ('public.r', 1);
--- target
CREATE SCHEMA app;
CREATE TABLE app.kept (id int);
CREATE TABLE r (id int PRIMARY KEY, c regclass, t regtype, p regproc);
CREATE TABLE loose (c regclass, n int);

--- stream
INSERT INTO r VALUES (2, 'public.r', 'public.r', 'pg_catalog.now'), (3, 'app.kept', 'app.kept', 'pg_catalog.pi');
UPDATE r SET c = 'public.loose' WHERE id = 1;
UPDATE loose SET n = 2;
INSERT INTO loose VALUES ('app.kept', 3);
DELETE FROM loose WHERE n = 3;
