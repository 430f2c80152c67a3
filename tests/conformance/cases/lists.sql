-- Regular expressions in lists of tables.
-- debezium: table.include.list=public\.ord.*,public\.(a|b)
CREATE TABLE orders (id int PRIMARY KEY, v text); CREATE TABLE ord2 (id int PRIMARY KEY, v text); CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY);
INSERT INTO orders VALUES (1,'a'); INSERT INTO a VALUES (1); INSERT INTO c VALUES (1);
-- stream
INSERT INTO orders VALUES (2,'a'); INSERT INTO ord2 VALUES (2,'a'); INSERT INTO a VALUES (2); INSERT INTO b VALUES (2); INSERT INTO c VALUES (2);
