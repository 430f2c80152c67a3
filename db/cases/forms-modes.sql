-- The same in the handling modes that lose most: what the record does not say is in its header.
--- pipeline
-- source: { postgres: { decimal_handling_mode: double, binary_handling_mode: base64-url-safe, time_precision_mode: connect, interval_handling_mode: string, include_unknown_datatypes: true, money_fraction_digits: 1 } }
-- kafka: { format: debezium_json_schemas }
--- source
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN share AS numeric(5,3);
CREATE TABLE t (id int PRIMARY KEY, b1 bit(1), b11 bit(11), vb bit varying, vb5 bit varying(5), m money, o oid, tz timetz, tz3 timetz(3), iv interval NOT NULL, x xml, p point, l line, s lseg, bo box, pa path, po polygon, c circle, ts tsvector, q tsquery, i inet, ci cidr, ma macaddr, r int4range, nr numrange, ch "char", pl pg_lsn, j jsonpath, mr int4multirange);
CREATE TABLE n (id int PRIMARY KEY, p numeric(10,2), v numeric, sh share, nn numeric NOT NULL, f real, d double precision, u uuid, by bytea, js json, jb jsonb, mo mood, ar int[], tx text[], ms mood[], deep int[]);
CREATE TABLE z (id int PRIMARY KEY, d date, t time, t0 time(0), t3 time(3), ts timestamp, ts0 timestamp(0), ts3 timestamp(3), tz timestamptz, tz3 timestamptz(3), nd date NOT NULL, nts timestamp NOT NULL, da date[], ta time[]);
CREATE TABLE big (id int PRIMARY KEY, k int, v text, n numeric, b bytea, a int[], s smallint[] NOT NULL);
ALTER TABLE big ALTER v SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL, ALTER a SET STORAGE EXTERNAL, ALTER s SET STORAGE EXTERNAL;
INSERT INTO t VALUES (1, '1', '10000000001', '0001', '00011', 1234.5, 4294967295, '04:05:06.78-08', '12:00:00.123+05:30', '1 year 2 mons -3 days 04:05:06.789', '<a>b</a>', '(1.5,-2)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)', '((0,0),(1,1),(2,0))', '((0,0),(1,1),(1,0))', '<(1,2),3>', 'a fat cat', 'a & b', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', '[1,5)', '(1.5,2.50]', 'x', '16/B374D848', '$.a', '{[1,3)}');
INSERT INTO n VALUES (1, 1.50, 1.500, 1.25, 0.00, 1.5, 1e20, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\x00ff', '{"a": 1}', '[1, 2]', 'ok', '{1,NULL}', '{a,"b c"}', '{ok,NULL}', '{{1,2},{3,4}}');
INSERT INTO z VALUES (1, '2024-02-29', '04:05:06.789123', '04:05:06', '04:05:06.789', '2024-02-29 04:05:06.789123', '2024-02-29 04:05:06', '2024-02-29 04:05:06.789', '2024-02-29 04:05:06.789123+00', '2024-02-29 04:05:06.789+00', '0044-03-15 BC', '0044-03-15 12:00:00.000001 BC', '{2024-01-01,infinity}', '{00:00:00.000001}');
--- stream
INSERT INTO t VALUES (2, '0', '00000000000', '', '0', '-$0.05', 0, '24:00:00+00', '00:00:00-15:59', '-1 mons +2 days -00:00:00.000001', '<a/>', '(NaN,Infinity)', '{0,1,0}', '[(1e20,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,1),(1,0))', '<(0,0),0>', '''x'':1A', '!a', '::1', '::/0', '08:00:2b:01:02:03', 'empty', '(,)', 'y', '0/0', '$', '{}');
INSERT INTO t (id, iv) VALUES (3, '1 day'), (4, '24:00:00'), (5, '00:00:00');
INSERT INTO n VALUES (2, 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'Infinity', NULL, '', 'null', 'null', NULL, '{}', '{}', '{}', '[0:1]={1,2}'), (3, -0.01, 'Infinity', 0, '-Infinity', 1e-45, 5e-324, NULL, NULL, NULL, NULL, 'sad', NULL, NULL, NULL, NULL), (4, 0, 123456789012345678901234567890.123456789, 0, 0.10, 16777217, 0.1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO z VALUES (2, 'infinity', '24:00:00', '24:00:00', '00:00:00.001', 'infinity', '-infinity', 'infinity', 'infinity', '-infinity', '-infinity', '-infinity', NULL, NULL), (3, '12345-01-01', '00:00:00.000001', NULL, NULL, '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59', '294276-12-31 23:59:59.999', '294276-12-31 23:59:59.999999+00', '4713-01-01 00:00:00+00 BC', '4713-01-01 BC', '4713-01-01 00:00:00 BC', NULL, NULL);
INSERT INTO big SELECT 1, 1, repeat('x', 3000), (repeat('12345', 8000) || '.5')::numeric, repeat('b', 3000)::bytea, array_agg(i), array_agg(i::int2) FROM generate_series(1, 3000) i;
UPDATE big SET k = 2;
INSERT INTO big VALUES (2, 1, '__debezium_unavailable_value', 1, '__debezium_unavailable_value', '{95,95}', '{}');
UPDATE big SET id = 3 WHERE id = 1;
UPDATE t SET iv = iv + '1 day'; UPDATE n SET nn = 1 WHERE id > 1; UPDATE z SET nd = '2024-01-01' WHERE id = 2;
DELETE FROM t WHERE id = 2; DELETE FROM n WHERE id = 3; DELETE FROM z WHERE id = 3;
--- expect equal
