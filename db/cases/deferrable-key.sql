-- A deferrable primary key is no replica identity to the server: publishing the table would make the application's own
-- updates fail, so it is refused. With whole rows its keys may be swapped within a transaction.

--- source
CREATE TABLE t (id int PRIMARY KEY DEFERRABLE, a text);
INSERT INTO t VALUES (1, 'a'), (2, 'b');

--- start halts replica_identity
--- source
UPDATE t SET a = 'still works' WHERE id = 1;
ALTER TABLE t REPLICA IDENTITY FULL;

--- stream
UPDATE t SET id = 3 - id;
DELETE FROM t WHERE id = 1;
INSERT INTO t VALUES (3, 'c');
--- expect equal
