-- Debezium leaves truncates out unless it is asked for them.
CREATE TABLE a (id int PRIMARY KEY, v text);
INSERT INTO a VALUES (1, 'x');
-- stream
TRUNCATE a;
INSERT INTO a VALUES (2, 'z');
