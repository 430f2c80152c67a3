-- Arrays of everything, with types that Debezium has no form for.
-- debezium: include.unknown.datatypes=true
CREATE TABLE a (id int PRIMARY KEY, a1 int2[], a2 int4[], a3 int8[], a4 float4[], a5 float8[], a6 numeric[], a7 numeric(6,2)[], a8 money[], a9 bytea[], a10 bit(3)[], a11 varbit[], a12 inet[], a13 cidr[], a14 macaddr[], a15 interval[], a16 point[], a17 box[], a18 oid[], a19 xid[], a20 name[], a21 "char"[], a22 regclass[], a23 pg_lsn[], a24 tsvector[], a25 int4range[], a26 int4multirange[], a27 jsonpath[], a28 macaddr8[], a29 timetz[], a30 time[], a31 date[], a32 polygon[], a33 tsquery[]);
INSERT INTO a VALUES (1, '{1,NULL}', '{-1}', '{9223372036854775807}', '{1.5,NULL,NaN}', '{Infinity}', '{1.50,NULL}', '{1.5}', '{$1.50}', '{"\\\\xdead",NULL}', '{101}', '{1,10}', '{10.0.0.1,10.0.0.0/8}', '{10.0.0.0/8}', '{08:00:2b:01:02:03}', '{"1 day",NULL}', '{"(1,2)"}', '{(1,2),(3,4)}', '{5}', '{7}', '{nm}', '{c}', '{pg_class}', '{0/1}', '{"a b"}', '{"[1,5)"}', '{"{[1,3)}"}', '{$.a}', '{08:00:2b:01:02:03:04:05}', '{01:02:03+05}', '{01:02:03}', '{2020-01-01}', '{"((1,2),(3,4))"}', '{a}');
-- stream
INSERT INTO a SELECT 2, a1,a2,a3,a4,a5,a6,a7,a8,a9,a10,a11,a12,a13,a14,a15,a16,a17,a18,a19,a20,a21,a22,a23,a24,a25,a26,a27,a28,a29,a30,a31,a32,a33 FROM a;
INSERT INTO a (id, a1, a6, a9, a20) VALUES (3, '{}', '{}', '{}', '{}');
