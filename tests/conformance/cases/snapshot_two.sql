-- The markers of a snapshot of several tables, an empty one first, one between and one last.
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY);
CREATE TABLE d (id int PRIMARY KEY);
CREATE TABLE e (id int PRIMARY KEY);
CREATE TABLE f (id int PRIMARY KEY);
INSERT INTO b VALUES (1), (2), (3);
INSERT INTO d VALUES (1);
INSERT INTO e VALUES (1), (2);
-- stream
INSERT INTO f VALUES (1);
