-- The type name, which Debezium reads in a snapshot and not in the stream.
CREATE TABLE names (id int PRIMARY KEY, n name);
INSERT INTO names VALUES (1, 'name');
-- stream
INSERT INTO names VALUES (2, 'x');
