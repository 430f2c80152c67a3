-- Tables that refer to each other are truncated together, by name or by CASCADE; the target's references allow no
-- other way.

--- source
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b);
CREATE TABLE free (id int PRIMARY KEY);
INSERT INTO a VALUES (1), (2); INSERT INTO b VALUES (1, 1); INSERT INTO c VALUES (1, 1); INSERT INTO free VALUES (1);
--- target
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b);

--- stream
INSERT INTO c VALUES (2, 1);
TRUNCATE a, b, c, free;
INSERT INTO a VALUES (7); INSERT INTO b VALUES (7, 7); INSERT INTO c VALUES (7, 7);
--- expect equal

--- stream
TRUNCATE b CASCADE;
INSERT INTO b VALUES (8, 7);
--- expect equal
