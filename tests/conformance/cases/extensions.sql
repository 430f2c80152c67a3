-- Types of extensions.
-- in json and avro
CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION citext; CREATE EXTENSION isn;
CREATE TABLE e (id int PRIMARY KEY, h hstore, hn hstore NOT NULL, l ltree, ln ltree NOT NULL, c citext, cn citext NOT NULL, i isbn);
INSERT INTO e VALUES (1, 'a=>1, b=>NULL, "long key"=>"q\"uote"', 'x=>1', 'a.b.c', 'a', 'Text', 'T', '978-0-393-04002-9');
-- stream
INSERT INTO e VALUES (2, '', 'k1=>1, k2=>2, k3=>3, k4=>4, k5=>5, k6=>6, k7=>7, k8=>8, k9=>9, k10=>10, k11=>11, k12=>12, k13=>13, k14=>14', '', 'x.y', '', 'U', '978-0-393-04002-9'), (3, NULL, 'y=>"\\"', NULL, 'z', NULL, 'V', NULL);
UPDATE e SET c = 'other' WHERE id = 1;
DELETE FROM e;
