-- Keys that change in a chain, in a ring, or over a temporary value within one transaction end where they do in the
-- source, large values with them.

--- source
CREATE TABLE seats (id int PRIMARY KEY, guest text, photo text);
ALTER TABLE seats ALTER photo SET STORAGE EXTERNAL;
INSERT INTO seats SELECT i, 'guest ' || i, repeat(md5(i::text), 300) FROM generate_series(1, 6) i;

--- stream
BEGIN;
UPDATE seats SET id = 102 WHERE id = 1;
UPDATE seats SET id = 103 WHERE id = 102;
UPDATE seats SET id = 104 WHERE id = 103;
COMMIT;
BEGIN;
UPDATE seats SET id = -1 WHERE id = 2;
UPDATE seats SET id = 2 WHERE id = 3;
UPDATE seats SET id = 3 WHERE id = -1;
COMMIT;
BEGIN;
UPDATE seats SET id = 0 WHERE id = 4;
UPDATE seats SET id = 4 WHERE id = 5;
UPDATE seats SET id = 5 WHERE id = 6;
UPDATE seats SET id = 6 WHERE id = 0;
COMMIT;

--- stream
BEGIN;
DELETE FROM seats WHERE id = 2;
UPDATE seats SET id = 2 WHERE id = 3;
INSERT INTO seats VALUES (3, 'new', 'p');
UPDATE seats SET guest = 'seen' WHERE id = 2;
COMMIT;
