-- Truncates, asked for.
-- in json and avro
-- debezium: skipped.operations=none
CREATE TABLE a (id int PRIMARY KEY, v text);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
INSERT INTO a VALUES (1, 'x');
INSERT INTO b VALUES (1, 1);
-- stream
TRUNCATE b;
INSERT INTO b VALUES (2, 1);
TRUNCATE a, b;
INSERT INTO a VALUES (1, 'y');
TRUNCATE a RESTART IDENTITY CASCADE;
INSERT INTO a VALUES (2, 'z');
