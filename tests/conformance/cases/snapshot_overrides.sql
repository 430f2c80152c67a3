-- Statements that are read instead of two of three tables.
-- debezium: snapshot.select.statement.overrides=public.a,public.b
-- debezium: snapshot.select.statement.overrides.public.a=SELECT * FROM public.a WHERE id > 1 ORDER BY id DESC
-- debezium: snapshot.select.statement.overrides.public.b=SELECT id, upper(v) AS v FROM public.b
CREATE TABLE a (id int PRIMARY KEY, v text);
CREATE TABLE b (id int PRIMARY KEY, v text);
CREATE TABLE c (id int PRIMARY KEY, v text);
INSERT INTO a VALUES (1, 'left out'), (2, 'two'), (3, 'three');
INSERT INTO b VALUES (1, 'one');
INSERT INTO c VALUES (1, 'one');
-- stream
UPDATE a SET v = 'now' WHERE id = 1;
INSERT INTO b VALUES (2, 'two');
