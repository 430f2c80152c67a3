-- What an update of a partitioned table sends is said by the partition, not by its root. Partitions without an identity
-- are refused before the root is published; so are those whose identity lacks the root's key, by which a delete would
-- find nothing.

--- source
CREATE TABLE whole (id int, day int, a text) PARTITION BY RANGE (day);
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TABLE whole_1 PARTITION OF whole FOR VALUES FROM (0) TO (10);
CREATE TABLE whole_2 PARTITION OF whole FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
CREATE TABLE whole_2_x PARTITION OF whole_2 DEFAULT;
CREATE TABLE keyed (id int, day int, code int NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE keyed_1 PARTITION OF keyed FOR VALUES FROM (0) TO (10);
CREATE UNIQUE INDEX by_code ON keyed_1 (code);
ALTER TABLE keyed_1 REPLICA IDENTITY USING INDEX by_code;
INSERT INTO whole VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 13, 'c');
INSERT INTO keyed VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3);

--- start halts replica_identity
--- source
ALTER TABLE keyed_1 REPLICA IDENTITY DEFAULT;
--- start halts replica_identity
--- source
UPDATE whole SET a = 'still works' WHERE id = 1;
--- expect rows source
SELECT count(*) FROM pg_publication;
-- 0
--- source
ALTER TABLE whole_1 REPLICA IDENTITY FULL;
ALTER TABLE whole_2_x REPLICA IDENTITY FULL;

--- stream
UPDATE whole SET a = 'changed' WHERE id IN (1, 3);
UPDATE whole SET day = 14 WHERE id = 2;
DELETE FROM whole WHERE id = 3;
UPDATE keyed SET code = 20 WHERE id = 2;
DELETE FROM keyed WHERE id = 1;
--- expect equal

--- source
ALTER TABLE keyed_1 REPLICA IDENTITY USING INDEX by_code;
--- start halts replica_identity
--- source
ALTER TABLE keyed_1 REPLICA IDENTITY DEFAULT;
--- stream
UPDATE keyed SET id = 33 WHERE id = 3;
--- expect equal

--- source
ALTER TABLE keyed_1 REPLICA IDENTITY USING INDEX by_code;
DELETE FROM keyed WHERE id = 33;
ALTER TABLE keyed_1 REPLICA IDENTITY DEFAULT;
--- start halts old_key_missing
