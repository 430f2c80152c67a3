-- debezium: skipped.operations=u,t
-- Updates and truncates are left out.
CREATE TABLE a (id int PRIMARY KEY, v text);
INSERT INTO a VALUES (1, 'x');
-- stream
INSERT INTO a VALUES (2, 'y');
UPDATE a SET v = 'z';
DELETE FROM a WHERE id = 1;
TRUNCATE a;
INSERT INTO a VALUES (3, 'y');
