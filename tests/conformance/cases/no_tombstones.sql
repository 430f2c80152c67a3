-- Deletes and moves without tombstones, and no snapshot.
-- debezium: tombstones.on.delete=false
-- debezium: snapshot.mode=no_data
CREATE TABLE a (id int PRIMARY KEY, v text);
INSERT INTO a VALUES (1, 'one'), (2, 'two');
-- stream
DELETE FROM a WHERE id = 1;
UPDATE a SET id = 3 WHERE id = 2;
INSERT INTO a VALUES (1, 'one');
