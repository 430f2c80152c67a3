-- A domain is what it is made of.
-- in json and avro
CREATE DOMAIN whole AS int CHECK (VALUE > 0);
CREATE DOMAIN price AS numeric(8,3);
CREATE DOMAIN label AS varchar(10);
CREATE DOMAIN twice AS label;
CREATE DOMAIN moment AS timestamp(3);
CREATE TABLE d (id whole PRIMARY KEY, p price, l label, tw twice, m moment);
INSERT INTO d VALUES (1, 1.5, 'x', 'y', '2024-01-02 03:04:05.678');
-- stream
INSERT INTO d VALUES (2, 2.25, 'z', '', '2024-01-02 03:04:05.6');
UPDATE d SET p = NULL WHERE id = 1;
DELETE FROM d WHERE id = 2;
