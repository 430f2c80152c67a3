-- Arrays of them.
-- in json and avro
CREATE EXTENSION ltree; CREATE EXTENSION citext; CREATE EXTENSION hstore;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE a (id int PRIMARY KEY, i inet[], c cidr[], m macaddr[], r int4range[], o oid[], e mood[], l ltree[], ct citext[], bt bit(3)[], ch char(3)[], vc varchar(5)[]);
-- stream
INSERT INTO a VALUES (1, '{10.0.0.1,NULL}', '{10.0.0.0/8}', '{08:00:2b:01:02:03}', '{"[1,5)"}', '{1,2}', '{ok,sad}', '{a.b}', '{X,y}', '{101}', '{a,bb}', '{abc}');
INSERT INTO a VALUES (2, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}');
