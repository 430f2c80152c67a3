-- The markers of a snapshot whose first table has rows.
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY);
INSERT INTO a VALUES (1), (2), (3);
INSERT INTO b VALUES (1), (2);
-- stream
INSERT INTO a VALUES (4);
