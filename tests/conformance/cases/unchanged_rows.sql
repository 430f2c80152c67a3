-- Updates that change nothing, which are left out where the whole row before is known.
-- debezium: skip.messages.without.change=true
CREATE TABLE whole (id int PRIMARY KEY, n int, v text, w numeric, j jsonb, big varchar, ia int[]);
ALTER TABLE whole REPLICA IDENTITY FULL, ALTER big SET STORAGE EXTERNAL, ALTER ia SET STORAGE EXTERNAL;
CREATE TABLE keyless (n int, v text); ALTER TABLE keyless REPLICA IDENTITY FULL;
CREATE TABLE plain (id int PRIMARY KEY, v text);
CREATE TABLE by_index (id int PRIMARY KEY, u int NOT NULL UNIQUE, v text); ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_u_key;
INSERT INTO whole VALUES (1, 1, 'a', 1.0, '{"a": 1}', 'x', NULL); INSERT INTO plain VALUES (1, 'a');
-- stream
UPDATE whole SET n = n; UPDATE whole SET v = 'a', w = 1.0; UPDATE whole SET w = 1.5; UPDATE whole SET w = 1.5; UPDATE whole SET n = NULL; UPDATE whole SET n = NULL;
INSERT INTO whole SELECT 2, 2, 'b', 1, NULL, repeat('x', 3000), array_agg(i) FROM generate_series(1, 2000) i;
UPDATE whole SET v = v WHERE id = 2; UPDATE whole SET v = 'c' WHERE id = 2; UPDATE whole SET big = big || '' WHERE id = 2; UPDATE whole SET ia = ia || 1 WHERE id = 2;
UPDATE whole SET id = 3 WHERE id = 2; UPDATE whole SET id = 3 WHERE id = 3;
INSERT INTO keyless VALUES (1, 'a'), (1, 'a'); UPDATE keyless SET v = 'a'; UPDATE keyless SET v = 'b';
INSERT INTO plain VALUES (2, 'b'); UPDATE plain SET v = v; UPDATE plain SET id = id;
INSERT INTO by_index VALUES (1, 1, 'a'); UPDATE by_index SET v = v; UPDATE by_index SET u = 1; UPDATE by_index SET u = 2;
DELETE FROM whole; DELETE FROM keyless;
