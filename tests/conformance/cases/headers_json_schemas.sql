-- The same with schemas, beside keys without.
-- debezium: key.converter.schemas.enable=false
-- debezium: header.converter=org.apache.kafka.connect.json.JsonConverter
-- debezium: header.converter.schemas.enable=true
CREATE TYPE mood AS ENUM ('sad', 'a"b', 'c,d');
CREATE TABLE one (id int PRIMARY KEY, v text);
CREATE TABLE two (a int, b text, v text, PRIMARY KEY (b, a));
CREATE TABLE named ("odd ""name\" int, "b,c:" text, PRIMARY KEY ("odd ""name\", "b,c:"));
CREATE TABLE keyed (id int, t text, da date, ti time, ts timestamp, tz timestamptz, u uuid, m numeric(30,12), n numeric,
  ok boolean, d double precision, f real, s smallint, l bigint, x bytea, ia int[], ta text[], e mood, jb jsonb, b bit(3),
  i interval, mo money, ip inet, c char(5),
  PRIMARY KEY (id, t, da, ti, ts, tz, u, m, n, ok, d, f, s, l, x, ia, ta, e, jb, b, i, mo, ip, c));
INSERT INTO one VALUES (1, 'x');
INSERT INTO two VALUES (1, 'k', 'x');
INSERT INTO named VALUES (1, 'x');
INSERT INTO keyed VALUES (1, 'a', '2024-01-02', '03:04:05.678', '2024-01-02 03:04:05.678901', '2024-01-02 03:04:05+02',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 12.3, 1.5, true, 1e20, 1.5, 7, -9223372036854775808, '\x00ff10', '{1,2}',
  '{a,"b c"}', 'sad', '{"a": 1}', '101', '1 day', '12.34', '10.0.0.1', 'c');
-- stream
UPDATE one SET id = 10;
UPDATE two SET b = E'tab\tline\nquote"back\\ä😀{[:,]}';
UPDATE two SET a = 2, b = '';
UPDATE named SET "b,c:" = 'y';
UPDATE keyed SET id = 2;
-- Days and moments before 1970, whole days, numbers that Java prints with an exponent.
UPDATE keyed SET da = '1969-12-31', ti = '00:00', ts = '1969-12-31 23:59:59.999', m = 0.000000000001, n = 0.00000001,
  d = 1e-5, f = 'Infinity', x = '', ia = '{}', ta = '{"q\"",NULL}', e = 'a"b';
UPDATE keyed SET da = '2024-02-29', ts = '2024-02-29', m = 0, n = 1e30, d = 'NaN', f = -0.25, x = '\x01020304',
  ok = false, e = 'c,d', jb = '"text \"q\""', mo = '-0.05';
UPDATE keyed SET da = '12024-01-01', ts = '1970-01-01', m = 123456789012345678.5, n = 0, tz = 'infinity';
