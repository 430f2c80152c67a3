-- Types that Debezium has forms of their own for.
-- in json and avro
CREATE TABLE bits (id int PRIMARY KEY, b1 bit(1), b11 bit(11), b bit varying, v5 bit varying(5), v1 bit varying(1), nn bit(9) NOT NULL);
CREATE TABLE amounts (id int PRIMARY KEY, m money, nn money NOT NULL, o oid, on_ oid NOT NULL);
CREATE TABLE zoned (id int PRIMARY KEY, t timetz, t0 timetz(0), t3 timetz(3), nn timetz NOT NULL);
CREATE TABLE spans (id int PRIMARY KEY, i interval, i3 interval(3), y interval year to month, nn interval NOT NULL);
CREATE TABLE shapes (id int PRIMARY KEY, p point, l line, s lseg, b box, pa path, po polygon, c circle);
CREATE TABLE shapes_nn (id int PRIMARY KEY, p point NOT NULL, l line NOT NULL, s lseg NOT NULL, b box NOT NULL, pa path NOT NULL, po polygon NOT NULL, c circle NOT NULL);
CREATE TABLE words (id int PRIMARY KEY, x xml, ts tsvector, i inet, c cidr, m macaddr, m8 macaddr8, r4 int4range, r8 int8range, rn numrange, rt tsrange, rz tstzrange, rd daterange, ch "char");
CREATE TABLE words_nn (id int PRIMARY KEY, x xml NOT NULL, ts tsvector NOT NULL, i inet NOT NULL, r4 int4range NOT NULL);
INSERT INTO bits VALUES (1, '1', '10000000001', '10101010101', '101', '1', '000000001');
INSERT INTO amounts VALUES (1, 1234.5, -0.05, 4294967295, 1);
INSERT INTO spans VALUES (1, '1 year 2 mons 3 days 04:05:06.789', '00:00:01.5', '1 year', '1 day');
INSERT INTO shapes VALUES (1, '(1.5,-2)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)', '((0,0),(1,1),(2,0))', '((0,0),(1,1),(1,0))', '<(1,2),3>');
INSERT INTO words VALUES (1, '<a>b</a>', 'a fat cat', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '[1,5)', '[1,5)', '(1.5,2.5]', '[2024-01-01,2024-01-02)', '[2024-01-01 00:00+00,2024-01-02 00:00+00)', '[2024-01-01,2024-02-01)', 'x');
-- stream
INSERT INTO bits VALUES (2, '0', '00000000001', '0', '00000', '0', '111111111'), (3, NULL, NULL, NULL, NULL, NULL, '100000000'), (4, '1', '11111111111', B'0000000000000001', '11111', '1', '000000000');
INSERT INTO amounts VALUES (2, '$92,233,720,368,547,758.07', 0, 26, 0), (3, NULL, 12.34, NULL, 7);
INSERT INTO zoned VALUES (2, '04:05:06.78-08', '23:59:59+00', '12:00:00.123+05:30', '00:30:00+01'), (3, NULL, NULL, NULL, '24:00:00+00');
INSERT INTO spans VALUES (2, '-1 mons +2 days -00:00:00.000001', '00:00:00.001', '-5 mons', '100:00:00'), (3, NULL, NULL, NULL, '0'), (4, '1 day -00:00:01', '10 years 11 mons 12 days 13:14:15.16', '3 mons', '-00:00:01');
INSERT INTO shapes VALUES (2, '(1e20,0)', '{0,1,0}', '[(-1.5,2),(3,4)]', '(2,3),(-1,0)', '[(0,0),(1,1)]', '((0,0),(4,0),(4,4),(0,0))', '<(0,0),0>'), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO shapes_nn VALUES (1, '(1,2)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)', '((0,0),(1,1),(2,0))', '((0,0),(1,1),(1,0))', '<(1,2),3>');
INSERT INTO words VALUES (2, '<a/>', '''x'':1A', '::1', '::/0', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', 'empty', '(,5)', '[1,1]', '(,)', '(,)', 'empty', 'y'), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO words_nn VALUES (1, '<a/>', 'a', '10.0.0.1', '[1,2)');
DELETE FROM bits; DELETE FROM amounts; DELETE FROM zoned; DELETE FROM spans; DELETE FROM shapes; DELETE FROM shapes_nn; DELETE FROM words; DELETE FROM words_nn;
