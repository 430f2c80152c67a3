-- A large value that an update leaves alone is not sent, and stays; one that is set to null, to another value, or
-- made large for the first time arrives.

--- source
CREATE TABLE docs (id int PRIMARY KEY, title text, body text, extra jsonb, raw bytea);
ALTER TABLE docs ALTER body SET STORAGE EXTERNAL, ALTER raw SET STORAGE EXTERNAL, ALTER extra SET STORAGE EXTERNAL;
INSERT INTO docs SELECT i, 't', repeat(md5(i::text), 300), jsonb_build_object('k', repeat('x', 9000)), decode(repeat('00ff', 6000), 'hex')
FROM generate_series(1, 5) i;

--- stream
UPDATE docs SET title = 'all unsent' WHERE id = 1;
UPDATE docs SET body = NULL WHERE id = 2;
UPDATE docs SET body = 'short', raw = '\x00' WHERE id = 3;
UPDATE docs SET extra = extra || '{"more": 1}' WHERE id = 4;
UPDATE docs SET title = title WHERE id = 5;

--- stream
UPDATE docs SET body = repeat('again', 5000) WHERE id = 2;
UPDATE docs SET title = 'after' WHERE id = 2;
UPDATE docs SET title = NULL WHERE id = 1;

--- expect equal
--- expect rows target
SELECT id, title, length(body), length(raw) FROM docs ORDER BY id;
-- 1 | NULL | 9600 | 12000
-- 2 | after | 25000 | 12000
-- 3 | t | 5 | 1
-- 4 | t | 9600 | 12000
-- 5 | t | 9600 | 12000
