-- Scales beyond the digits, on either side.
CREATE TABLE n (id int PRIMARY KEY, a numeric(10,-2), b numeric(3,5), c numeric(1000,0), d numeric(38,10), e numeric[]);
INSERT INTO n VALUES (1, 12345, 0.00123, 12345678901234567890123456789012345678901234567890, 1.5, '{1.10,NULL,0}');
-- stream
INSERT INTO n VALUES (2, 49, -0.00123, -1, -0.0000000001, '{-5.00}'), (3, NULL, NULL, NULL, 9999999999999999999999999999.9999999999, '{}');
UPDATE n SET a = 999 WHERE id = 2;
