-- Transactions count records, which by a key of other columns are two where those change.
-- debezium: provide.transaction.metadata=true
-- debezium: message.key.columns=public.t:tenant
CREATE TABLE t (id int PRIMARY KEY, tenant int NOT NULL, v text); ALTER TABLE t REPLICA IDENTITY FULL;
CREATE TABLE u (id int PRIMARY KEY, v text);
-- stream
INSERT INTO t VALUES (1, 1, 'a'); INSERT INTO u VALUES (1, 'a');
BEGIN; UPDATE t SET tenant = 2; INSERT INTO u VALUES (2, 'b'); UPDATE t SET v = 'b'; COMMIT;
BEGIN; UPDATE t SET id = 9; INSERT INTO u VALUES (3, 'c'); UPDATE u SET id = 4 WHERE id = 3; COMMIT;
