-- Updates of columns that are left out change nothing.
-- debezium: skip.messages.without.change=true
-- debezium: column.exclude.list=public.t.secret,public.d.secret
CREATE TABLE t (id int PRIMARY KEY, secret text, v text); ALTER TABLE t REPLICA IDENTITY FULL;
CREATE TABLE d (id int PRIMARY KEY, secret text, v text);
INSERT INTO t VALUES (1, 's', 'v');
-- stream
INSERT INTO t VALUES (2, 's', 'v'); UPDATE t SET secret = 'other'; UPDATE t SET secret = 'new', v = 'w' WHERE id = 2; UPDATE t SET v = 'w';
INSERT INTO d VALUES (1, 's', 'v'); UPDATE d SET secret = 'other'; UPDATE d SET v = 'w';
