CREATE DOMAIN posint AS int CHECK (VALUE > 0);
-- in json and avro
CREATE DOMAIN posint2 AS posint;
CREATE TABLE a (id int PRIMARY KEY, b bool[], i2 int2[], i8 int8[], f4 float4[], f8 float8[], n numeric(10,2)[], nv numeric[], u uuid[], j json[], jb jsonb[], x bytea[], d date[], t time[], t3 time(3)[], ts timestamp[], ts3 timestamp(3)[], tz timestamptz[], ttz timetz[], nm name[], iv interval[], mo money[], vb bit varying[], xm xml[], pt point[], ch "char"[], bx box[]);
CREATE TABLE dom (id int PRIMARY KEY, a posint, b posint2, c posint NOT NULL, d posint DEFAULT 5, e posint[]);
-- stream
INSERT INTO a (id, b, i2, i8, f4, f8, n, u, j, jb, x) VALUES (1, '{t,f,NULL}', '{1}', '{1}', '{1.5}', '{1e20}', '{1.50,-2.00}', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '{"{\"a\":1}"}', '{"{\"a\": 1}"}', '{"\\x01"}');
INSERT INTO a (id, d, ts, tz, ttz) VALUES (2, '{2024-01-01}', '{"2024-01-01 00:00:00"}', '{"2024-01-01 00:00:00+00"}', '{04:05:06-08}');
INSERT INTO a (id, nv) VALUES (3, '{1.5,2}');
INSERT INTO a (id, nm, iv, mo, vb, xm, pt, ch, bx) VALUES (4, '{a}', '{1 day}', '{1}', '{101}', '{<a/>}', '{"(1,2)"}', '{a}', '{(1,1),(0,0)}');
INSERT INTO a (id) VALUES (5);
INSERT INTO dom VALUES (1, 1, 2, 3, 4, '{5}'), (2, NULL, NULL, 3, NULL, NULL);
DELETE FROM dom;
