-- One key many times in one batch: what counts is its last state.

--- source
CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL);

--- stream
INSERT INTO counters VALUES (1, 0), (2, 0), (3, 0);
DO $$ BEGIN FOR i IN 1..300 LOOP UPDATE counters SET n = n + 1 WHERE id = 1 + i % 2; END LOOP; END $$;
UPDATE counters SET n = -1 WHERE id = 3;
DELETE FROM counters WHERE id = 3;
INSERT INTO counters VALUES (3, 3);
DELETE FROM counters WHERE id = 2;
INSERT INTO counters VALUES (4, 4);
DELETE FROM counters WHERE id = 4;

--- expect equal
--- expect rows target
SELECT * FROM counters ORDER BY id;
-- 1 | 150
-- 3 | 3
