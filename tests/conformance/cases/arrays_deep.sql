-- Arrays of arrays, and with bounds of their own.
-- in json and avro
CREATE TABLE deep (id int PRIMARY KEY, i int[], t text[]);
-- stream
INSERT INTO deep VALUES (1, '{{1,2},{3,4}}', '{{a},{b}}');
INSERT INTO deep VALUES (2, '[0:1]={1,2}', '[2:2]={a}');
