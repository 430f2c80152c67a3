-- A unique constraint or index turns away what the source swaps within a transaction: the statement that is printed is
-- one that can run, and lets it pass.

--- source
CREATE TABLE t (id int PRIMARY KEY, n int CONSTRAINT u UNIQUE DEFERRABLE);
CREATE TABLE i (id int PRIMARY KEY, n int UNIQUE DEFERRABLE);
INSERT INTO t VALUES (1, 1), (2, 2);
INSERT INTO i VALUES (1, 1), (2, 2);
--- target
CREATE TABLE t (id int PRIMARY KEY, n int CONSTRAINT u UNIQUE);
CREATE TABLE i (id int PRIMARY KEY, n int);
CREATE UNIQUE INDEX i_n ON i (n);

--- stream halts unique_violation
UPDATE t SET n = 3 - n;
--- expect nowhere
-- ALTER CONSTRAINT
--- target
ALTER TABLE public.t DROP CONSTRAINT u, ADD CONSTRAINT u UNIQUE (n) DEFERRABLE;
--- start
--- expect equal

--- stream halts unique_violation
UPDATE i SET n = 3 - n;
--- expect nowhere
-- ALTER CONSTRAINT
--- target
DROP INDEX public.i_n; ALTER TABLE public.i ADD CONSTRAINT i_n UNIQUE (n) DEFERRABLE;
--- start
--- expect equal
