-- Only some tables are copied, by a list that begins with the last of them.
-- debezium: snapshot.include.collection.list=public\.c,PUBLIC\.[ab]
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY);
CREATE TABLE d (id int PRIMARY KEY);
INSERT INTO a VALUES (1), (2), (3);
INSERT INTO b VALUES (1), (2);
INSERT INTO c VALUES (1), (2);
INSERT INTO d VALUES (1), (2);
-- stream
INSERT INTO d VALUES (3);
UPDATE d SET id = 4 WHERE id = 1;
