-- The first start copies.
-- debezium: snapshot.mode=when_needed
CREATE TABLE a (id int PRIMARY KEY, v text);
INSERT INTO a VALUES (1, 'before'), (2, 'before');
-- stream
UPDATE a SET v = 'after' WHERE id = 1;
