-- Replica identities: what stands in before.
CREATE TABLE whole (id int PRIMARY KEY, v text, n int NOT NULL, big text);
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TABLE other (id int PRIMARY KEY, code text NOT NULL, part int NOT NULL, v text);
CREATE UNIQUE INDEX other_code ON other (code, part);
ALTER TABLE other REPLICA IDENTITY USING INDEX other_code;
CREATE TABLE same (id int PRIMARY KEY, v text);
ALTER TABLE same REPLICA IDENTITY USING INDEX same_pkey;
INSERT INTO whole VALUES (1, 'x', 1, repeat('long', 3000)), (2, NULL, 2, NULL);
INSERT INTO other VALUES (1, 'c', 1, 'x'), (2, 'd', 2, 'y');
INSERT INTO same VALUES (1, 'x');
-- stream
UPDATE whole SET v = 'y' WHERE id = 1;
UPDATE whole SET v = NULL WHERE id = 2;
DELETE FROM whole;
UPDATE same SET v = 'y';
UPDATE same SET id = 2;
DELETE FROM same;
UPDATE other SET v = 'z' WHERE id = 1;
UPDATE other SET code = 'e' WHERE id = 1;
DELETE FROM other WHERE id = 2;
