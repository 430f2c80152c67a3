-- debezium: column.propagate.source.type=public.all_types\..*,public.one.b
-- debezium: datatype.propagate.source.type=public\.by_type\.(numeric|varchar|mood)
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN price AS numeric(8,3);
CREATE TABLE all_types (id int PRIMARY KEY, i2 int2, i8 int8, f4 float4, f8 float8, n numeric, n62 numeric(6,2), n6 numeric(6),
  b bool, t text, v varchar, v20 varchar(20), c char, c5 char(5), by bytea, u uuid, j json, jb jsonb, d date,
  tm time, tm3 time(3), tz timetz, tz0 timetz(0), ts timestamp, ts3 timestamp(3), tsz timestamptz, tsz6 timestamptz(6),
  iv interval, iv3 interval(3), bt bit, b5 bit(5), vb varbit, vb7 varbit(7), m money, o oid, x xml, ip inet, p point,
  e mood, dp positive, dm price, ia int[], va varchar(7)[], na numeric(6,2)[], ea mood[], r int4range, nm name, q "char");
CREATE TABLE one (a int PRIMARY KEY, b varchar(3), c varchar(3));
CREATE TABLE by_type (id int PRIMARY KEY, n numeric(5,1), v varchar(9), m mood, t text);
INSERT INTO all_types (id) VALUES (1);
-- stream
INSERT INTO all_types (id) VALUES (2);
INSERT INTO one VALUES (1, 'x', 'y');
INSERT INTO by_type VALUES (1, 1.5, 'v', 'ok', 't');
ALTER TABLE one ADD COLUMN d int;
INSERT INTO one VALUES (2, 'x', 'y', 4);
