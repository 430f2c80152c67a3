-- No copy: only what changes.
-- debezium: snapshot.mode=no_data
-- debezium: snapshot.locking.mode=none
CREATE TABLE a (id int PRIMARY KEY, v text);
INSERT INTO a VALUES (1, 'before'), (2, 'before');
-- stream
UPDATE a SET v = 'after' WHERE id = 1;
INSERT INTO a VALUES (3, 'after');
