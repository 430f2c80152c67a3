-- The copy alone.
-- debezium: snapshot.mode=initial_only
CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE e (id int PRIMARY KEY);
INSERT INTO t VALUES (1, 'a'), (2, 'b');
-- stream
INSERT INTO t VALUES (3, 'c');
