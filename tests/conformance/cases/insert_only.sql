-- Tables without an identity: what is inserted, under the primary key where there is one.
CREATE TABLE n (id int PRIMARY KEY, v text); ALTER TABLE n REPLICA IDENTITY NOTHING;
CREATE TABLE ins (v text, w int);
INSERT INTO n VALUES (1, 'a'); INSERT INTO ins VALUES ('z', 1);
-- stream
INSERT INTO n VALUES (2, 'b'); INSERT INTO ins VALUES (NULL, NULL), ('y', 2);
