-- Rows of one COPY share their place in the WAL, and are all there, once.

--- source
CREATE TABLE t (id int PRIMARY KEY, a text, b text);
CREATE TABLE keyless (n int, a text);
ALTER TABLE keyless REPLICA IDENTITY FULL;

--- stream
COPY t FROM STDIN;
1	tab\there	back\\slash
2	\N	
3	line\nbreak	"quoted"
\.
CREATE TEMP TABLE lines AS SELECT i, 'line ' || i AS a, md5(i::text) AS b FROM generate_series(1, 3000) i;
\copy (SELECT i + 10, a, b FROM lines) TO PROGRAM 'cat > /tmp/e2e_copy_$PPID.tsv'
\copy t FROM PROGRAM 'cat /tmp/e2e_copy_$PPID.tsv; rm /tmp/e2e_copy_$PPID.tsv'
INSERT INTO keyless SELECT i % 7, 'same' FROM generate_series(1, 1000) i;

--- expect equal
--- expect rows target
SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM keyless);
-- 3003 | 1000
