-- A change of key: delete, tombstone, create, each naming the other key.
-- in json and avro
CREATE TABLE one (id int PRIMARY KEY, v text, n int NOT NULL);
CREATE TABLE two (a int, b text, v text, PRIMARY KEY (b, a));
CREATE TABLE whole (id int PRIMARY KEY, v text);
ALTER TABLE whole REPLICA IDENTITY FULL;
INSERT INTO one VALUES (1, 'x', 1), (2, 'y', 2);
INSERT INTO two VALUES (1, 'k', 'x');
INSERT INTO whole VALUES (1, 'x');
-- stream
UPDATE one SET id = 10 WHERE id = 1;
UPDATE one SET id = id + 100, v = 'both';
UPDATE two SET b = 'l' WHERE a = 1;
UPDATE two SET a = 2, b = 'm';
UPDATE whole SET id = 2;
-- To itself.
UPDATE one SET id = id;
