-- A domain that is never null; labels that come while both stream.
CREATE TYPE mood AS ENUM ('sad', 'o''k', '');
CREATE DOMAIN moods AS mood[]; CREATE DOMAIN positive AS int NOT NULL DEFAULT 8;
CREATE TABLE d (id int PRIMARY KEY, a moods, m mood, p positive);
INSERT INTO d (id, a) VALUES (1, '{sad,NULL,""}');
-- stream
INSERT INTO d VALUES (2, '{}', 'sad', 4);
ALTER TYPE mood ADD VALUE 'new' AFTER 'sad';
UPDATE d SET m = 'new' WHERE id = 2;
DELETE FROM d;
