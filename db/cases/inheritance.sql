-- A parent and a child table that inherits from it are two tables; no row is copied twice.

--- source
CREATE TABLE cities (id int PRIMARY KEY, name text);
CREATE TABLE capitals (country text, PRIMARY KEY (id)) INHERITS (cities);
INSERT INTO cities VALUES (1, 'Brno'), (2, 'Graz');
INSERT INTO capitals VALUES (3, 'Wien', 'AT');

--- stream
INSERT INTO cities VALUES (4, 'Linz');
INSERT INTO capitals VALUES (5, 'Praha', 'CZ');
UPDATE cities SET name = upper(name);
DELETE FROM cities WHERE id IN (1, 3);
