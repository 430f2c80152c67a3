-- Within one batch a key is inserted, updated without its large value, deleted and inserted again: each value that
-- was not sent is the one of the event before, never null.

--- source
CREATE TABLE docs (id int PRIMARY KEY, title text, body text);
ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;
INSERT INTO docs VALUES (1, 'old', repeat('o', 9000)), (2, 'old', repeat('o', 9000));

--- stream
INSERT INTO docs VALUES (3, 'insert', repeat('i', 9000));
UPDATE docs SET title = 'partial' WHERE id = 3;
INSERT INTO docs VALUES (4, 'insert', repeat('j', 9000));
UPDATE docs SET title = 'partial' WHERE id = 4;
DELETE FROM docs WHERE id = 4;
INSERT INTO docs VALUES (4, 'again', 'short');
UPDATE docs SET title = 'one' WHERE id = 1;
UPDATE docs SET body = repeat('p', 9000) WHERE id = 1;
UPDATE docs SET title = 'two' WHERE id = 1;
BEGIN;
DELETE FROM docs WHERE id = 2;
INSERT INTO docs VALUES (2, 'again', repeat('q', 9000));
UPDATE docs SET title = 'partial' WHERE id = 2;
COMMIT;

--- expect equal
--- expect rows target
SELECT id, title, left(body, 1), length(body) FROM docs ORDER BY id;
-- 1 | two | p | 9000
-- 2 | partial | q | 9000
-- 3 | partial | i | 9000
-- 4 | again | s | 5
--- expect topic public.docs
-- r r c u c u d tombstone c u u u d tombstone c u
