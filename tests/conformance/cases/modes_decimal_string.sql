-- Decimals as string.
-- in json and avro
-- debezium: decimal.handling.mode=string
CREATE TABLE d (id int PRIMARY KEY, p numeric(10,2), n numeric, m money, big numeric(38,10), nn numeric(6,2) NOT NULL, nm money NOT NULL, dd numeric(6,2) NOT NULL DEFAULT 1.5);
INSERT INTO d VALUES (1, 1.50, 1.500, 12.3, 12345678901234567890.0123456789, 1, 1, 2);
-- stream
INSERT INTO d VALUES (2, -0.01, 1e30, -1, NULL, 2.25, 2, 3), (3, NULL, NULL, NULL, NULL, 0, 0, 0);
INSERT INTO d VALUES (4, 'NaN', 'NaN', NULL, NULL, 0, 0, 0);
UPDATE d SET n = 0.1 WHERE id = 1;
DELETE FROM d;
