-- A table whose updates could not be told apart is refused before it is published: publishing it would make the
-- application's own updates fail.

--- source
CREATE TABLE t (id int, a text);
INSERT INTO t VALUES (1, 'a');

--- start halts replica_identity
--- source
UPDATE t SET a = 'still works';
--- expect rows source
SELECT count(*) FROM pg_publication;
-- 0
--- source
ALTER TABLE t REPLICA IDENTITY FULL;
--- start
--- expect equal
