-- A table without a key: records without a key, and its rows whole under FULL.
-- in json and avro
CREATE TABLE logs (at int, line text);
ALTER TABLE logs REPLICA IDENTITY FULL;
CREATE TABLE uniq (a int NOT NULL, b text NOT NULL, v text);
CREATE UNIQUE INDEX uniq_ab ON uniq (b, a);
ALTER TABLE uniq REPLICA IDENTITY USING INDEX uniq_ab;
INSERT INTO logs VALUES (1, 'a'), (1, 'a');
INSERT INTO uniq VALUES (1, 'x', 'y');
-- stream
INSERT INTO logs VALUES (2, 'b'), (NULL, NULL);
UPDATE logs SET line = 'c' WHERE at = 2;
DELETE FROM logs WHERE at = 1;
INSERT INTO uniq VALUES (2, 'x', 'z');
UPDATE uniq SET v = 'w' WHERE a = 1;
DELETE FROM uniq WHERE a = 2;
