-- Text that looks like the placeholder of a value that was not sent is text, beside values that really were not sent.

--- source
CREATE TABLE docs (id int PRIMARY KEY, title text, body text, list text[]);
ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;
INSERT INTO docs VALUES
  (1, '__debezium_unavailable_value', repeat('x', 9000), '{__debezium_unavailable_value}'),
  (2, 'two', '__debezium_unavailable_value', NULL);

--- stream
UPDATE docs SET title = 'one' WHERE id = 1;
UPDATE docs SET title = '__debezium_unavailable_value' WHERE id = 1;
UPDATE docs SET list = '{__debezium_unavailable_value,b}' WHERE id = 2;
INSERT INTO docs VALUES (3, '__debezium_unavailable_value', '__debezium_unavailable_value', NULL);
INSERT INTO docs VALUES (4, 'long', repeat('y', 9000), NULL);

--- stream
UPDATE docs SET body = '__debezium_unavailable_value' WHERE id = 4;
UPDATE docs SET title = '__debezium_unavailable_value' WHERE id = 1;
UPDATE docs SET id = 30 WHERE id = 3;

--- expect equal
--- expect rows target
SELECT id, title, length(body) FROM docs ORDER BY id;
-- 1 | __debezium_unavailable_value | 9000
-- 2 | two | 28
-- 4 | long | 28
-- 30 | __debezium_unavailable_value | 28
