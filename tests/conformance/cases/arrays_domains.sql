-- Types of isn, of which Debezium knows isbn alone, and arrays of domains, whose elements it does not see through.
-- in json and avro
-- debezium: include.unknown.datatypes=true
CREATE EXTENSION isn;
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE DOMAIN label AS varchar(10);
CREATE DOMAIN price AS numeric(8,3);
CREATE TABLE i (id int PRIMARY KEY, b isbn, e ean13, b13 isbn13, m ismn, m13 ismn13, s issn, s13 issn13, u upc, ba isbn[], ea ean13[], ua upc[]);
CREATE TABLE d (id int PRIMARY KEY, p posint[], l label[], pr price[]);
INSERT INTO i VALUES (1, '978-0-393-04002-9', '0220356483481', '0901690546', '979047213542?', '979047213542?', '1436-4522', '1436-4522', '220356483481', '{978-0-393-04002-9}', '{0220356483481}', '{220356483481}');
INSERT INTO d VALUES (1, '{1,20}', '{a,"b c"}', '{1.5}');
-- stream
INSERT INTO i SELECT 2, b, e, b13, m, m13, s, s13, u, ba, ea, ua FROM i;
INSERT INTO i (id) VALUES (3);
INSERT INTO d SELECT 2, p, l, pr FROM d;
INSERT INTO d VALUES (3, '{}', NULL, NULL);
DELETE FROM d WHERE id = 2;
