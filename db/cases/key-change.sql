-- A row whose key changes keeps the large value that the change does not carry: nobody but the target has it.

--- source
CREATE TABLE docs (id int PRIMARY KEY, title text, body text);
ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;
INSERT INTO docs SELECT i, 'doc ' || i, repeat(md5(i::text), 400) FROM generate_series(1, 4) i;

--- stream
UPDATE docs SET id = 11 WHERE id = 1;
UPDATE docs SET id = 12, title = 'moved' WHERE id = 2;
UPDATE docs SET id = 13, body = repeat('b', 20000) WHERE id = 3;
UPDATE docs SET id = 14, body = NULL WHERE id = 4;

--- stream
INSERT INTO docs VALUES (1, 'new at an old key', repeat('n', 9000));
UPDATE docs SET id = 2 WHERE id = 1;
UPDATE docs SET title = 'after the move' WHERE id = 2;

--- expect equal
--- expect rows target
SELECT id, title, length(body) FROM docs ORDER BY id;
-- 2 | after the move | 9000
-- 11 | doc 1 | 12800
-- 12 | moved | 12800
-- 13 | doc 3 | 20000
-- 14 | doc 4 | NULL
