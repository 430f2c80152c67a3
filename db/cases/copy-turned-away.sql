-- A row of a copy that the target turns away halts as one of the stream does, in whichever batch it comes.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t SELECT i, CASE i WHEN 30000 THEN 'too long for the target' ELSE 'short' END FROM generate_series(1, 60000) i;
--- target
CREATE TABLE t (id int PRIMARY KEY, a varchar(10));

--- start halts type_mismatch
--- target
ALTER TABLE t ALTER a TYPE text;
--- start
--- expect equal
