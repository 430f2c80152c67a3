-- A snapshot of tables that refer to one another, the child's name before the parent's.
CREATE TABLE z_parents (id int PRIMARY KEY, v text);
CREATE TABLE a_children (id int PRIMARY KEY, parent int REFERENCES z_parents);
INSERT INTO z_parents VALUES (1, 'x'), (2, 'y');
INSERT INTO a_children VALUES (1, 1), (2, 2);
-- stream
INSERT INTO z_parents VALUES (3, 'z');
INSERT INTO a_children VALUES (3, 3);
