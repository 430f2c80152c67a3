-- Decimal numbers as JSON numbers, with schemas beside them.
-- debezium: key.converter.decimal.format=NUMERIC
-- debezium: value.converter.decimal.format=numeric
CREATE TABLE d (id numeric(20,12), m numeric(10,2), n numeric, z numeric(5,0), w numeric(40,10) DEFAULT 1.5,
  r numeric(10,3) NOT NULL DEFAULT -0.500, mo money, a numeric(6,2)[], big numeric(1000,20), x bytea, PRIMARY KEY (id));
ALTER TABLE d ALTER a SET STORAGE EXTERNAL;
INSERT INTO d VALUES (1, 12.30, 1.5, 5, 0, 1, '12.34', '{1.50,NULL}', 123456789012345678901234567890.5, '\x01');
INSERT INTO d (id) VALUES (0.000000000001);
-- stream
INSERT INTO d VALUES (0, 0, 0, 0, 0.0000000001, -1, '-0.05', '{}', -0.00000000000000000001, '\x');
INSERT INTO d VALUES (-0.000000000002, -0.01, -1e30, 99999, 123456789012345678901234567890.0123456789, 999999.999, NULL,
  '{-0.05,100}', 1e900, NULL);
UPDATE d SET id = 10.5, m = 0.00 WHERE id = 1;
UPDATE d SET m = NULL WHERE id = 10.5;
UPDATE d SET a = (SELECT array_agg(n + 0.5) FROM generate_series(1, 1000) n) WHERE id = 0;
UPDATE d SET z = 7 WHERE id = 0;
DELETE FROM d WHERE id = 0.000000000001;
